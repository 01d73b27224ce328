package dev.cofferdam.gateway.ingress.rest;

import dev.cofferdam.gateway.quota.Decision;
import dev.cofferdam.vocabulary.Refusal;
import java.util.LinkedHashMap;
import java.util.Map;

/** Headers of refusals that the official SDKs of both APIs read. */
final class Refusals {
  private Refusals() {}

  /** When to try again, or that it does not help. */
  static Map<String, String> headers(Refusal refusal) {
    Map<String, String> headers = new LinkedHashMap<>();
    refusal
        .retryAfter()
        .ifPresent(
            wait -> {
              long ms = Math.max(1, wait.toMillis());
              headers.put("retry-after", Long.toString((ms + 999) / 1000));
              headers.put("retry-after-ms", Long.toString(ms));
            });
    int status = refusal.code().httpStatus();
    boolean triedAgainByClients = status == 429 || status == 408 || status == 409 || status >= 500;
    boolean helps =
        refusal.code().retryable()
            && !"false".equals(refusal.metadata().get(Decision.SHOULD_RETRY));
    if (triedAgainByClients && !helps) {
      headers.put("x-should-retry", "false");
    }
    return headers;
  }
}
