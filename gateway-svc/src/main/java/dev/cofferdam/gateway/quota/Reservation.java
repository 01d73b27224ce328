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
    long outputTokensMax) {

  /**
   * @throws IllegalArgumentException where a count is negative
   */
  public Reservation {
    if (promptTokens < 0 || outputTokensMax < 0) {
      throw new IllegalArgumentException("token counts must not be negative");
    }
  }

  /** Input and largest output. */
  public long tokens() {
    return Math.addExact(promptTokens, outputTokensMax);
  }
}
