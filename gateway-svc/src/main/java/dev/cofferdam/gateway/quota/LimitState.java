package dev.cofferdam.gateway.quota;

/**
 * What a tenant's limits hold after a decision.
 *
 * @param limitRequests requests of a minute
 * @param remainingRequests what is left of them
 * @param resetRequestsMs milliseconds until they are whole again
 * @param limitTokens tokens of a minute
 * @param remainingTokens what is left of them
 * @param resetTokensMs milliseconds until they are whole again
 */
public record LimitState(
    long limitRequests,
    long remainingRequests,
    long resetRequestsMs,
    long limitTokens,
    long remainingTokens,
    long resetTokensMs) {}
