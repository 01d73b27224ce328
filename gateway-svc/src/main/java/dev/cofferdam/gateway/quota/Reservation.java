package dev.cofferdam.gateway.quota;

import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantProfile;

/**
 * What a request may use at most.
 *
 * @param request the request
 * @param tenant whose limits
 * @param model model id
 * @param promptTokens input tokens
 * @param outputTokensMax bound of the output tokens
 */
public record Reservation(
    RequestId request,
    TenantProfile tenant,
    String model,
    long promptTokens,
    long outputTokensMax) {}
