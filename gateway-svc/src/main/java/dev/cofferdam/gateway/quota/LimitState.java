package dev.cofferdam.gateway.quota;

import java.util.Optional;

/**
 * What a tenant's limits hold after a decision.
 *
 * @param limitRequests requests of a minute
 * @param remainingRequests what is left of them
 * @param resetRequestsMs milliseconds until they are whole again
 * @param limitTokens tokens of a minute
 * @param remainingTokens what is left of them
 * @param resetTokensMs milliseconds until they are whole again
 * @param budgetAlert the budget that is nearly or wholly spent
 */
public record LimitState(
    long limitRequests,
    long remainingRequests,
    long resetRequestsMs,
    long limitTokens,
    long remainingTokens,
    long resetTokensMs,
    Optional<Budget.Use> budgetAlert) {
  /** Without an alert. */
  public LimitState(
      long limitRequests,
      long remainingRequests,
      long resetRequestsMs,
      long limitTokens,
      long remainingTokens,
      long resetTokensMs) {
    this(
        limitRequests,
        remainingRequests,
        resetRequestsMs,
        limitTokens,
        remainingTokens,
        resetTokensMs,
        Optional.empty());
  }

  /** This with an alert, or without. */
  LimitState with(Optional<Budget.Use> alert) {
    return new LimitState(
        limitRequests,
        remainingRequests,
        resetRequestsMs,
        limitTokens,
        remainingTokens,
        resetTokensMs,
        alert);
  }
}
