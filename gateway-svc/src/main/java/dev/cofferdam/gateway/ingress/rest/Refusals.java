package dev.cofferdam.gateway.ingress.rest;

import dev.cofferdam.gateway.quota.Decision;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.wire.Statuses;
import java.util.LinkedHashMap;
import java.util.Map;

/** Headers of refusals that the official SDKs of both APIs read. */
final class Refusals {
  private Refusals() {}

  /** When to try again, or that it does not help and what does. */
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
    String help = refusal.metadata().get(Statuses.HELP_URL);
    if (help != null) {
      headers.put("link", "<" + help + ">; rel=\"help\"");
    }
    return headers;
  }
}
