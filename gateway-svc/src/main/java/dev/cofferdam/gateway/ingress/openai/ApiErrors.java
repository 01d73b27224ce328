package dev.cofferdam.gateway.ingress.openai;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cofferdam.gateway.quota.Decision;
import dev.cofferdam.gateway.quota.LimitState;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Refusals in OpenAI's JSON shape and headers. The one place where they become HTTP. */
final class ApiErrors {
  private ApiErrors() {}

  /** {"error": {"message", "type", "param", "code"}}. */
  static ObjectNode body(Refusal refusal) {
    ObjectNode error = StrictJson.MAPPER.createObjectNode();
    error.put("message", refusal.message());
    error.put("type", type(refusal.code()));
    error.put("param", refusal.parameter().orElse(null));
    error.put("code", code(refusal.code()));
    ObjectNode body = StrictJson.MAPPER.createObjectNode();
    body.set("error", error);
    return body;
  }

  /** Headers of a refusal beside its request id. */
  static Map<String, String> headers(Refusal refusal, Optional<LimitState> limits) {
    Map<String, String> headers = new LinkedHashMap<>();
    limits.ifPresent(state -> headers.putAll(limits(state)));
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

  /** x-ratelimit-{limit,remaining,reset}-{requests,tokens}. */
  static Map<String, String> limits(LimitState state) {
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put("x-ratelimit-limit-requests", Long.toString(state.limitRequests()));
    headers.put("x-ratelimit-limit-tokens", Long.toString(state.limitTokens()));
    headers.put("x-ratelimit-remaining-requests", Long.toString(state.remainingRequests()));
    headers.put("x-ratelimit-remaining-tokens", Long.toString(state.remainingTokens()));
    headers.put("x-ratelimit-reset-requests", duration(state.resetRequestsMs()));
    headers.put("x-ratelimit-reset-tokens", duration(state.resetTokensMs()));
    return headers;
  }

  /** As OpenAI writes durations: "17ms", "6.5s", "1m30s". */
  static String duration(long ms) {
    Duration whole = Duration.ofMillis(Math.max(0, ms));
    if (whole.toMillis() < 1_000) {
      return whole.toMillis() + "ms";
    }
    long tenths = whole.toMillis() % 60_000 / 100;
    String seconds = tenths / 10 + (tenths % 10 == 0 ? "" : "." + tenths % 10) + "s";
    return whole.toMinutes() == 0 ? seconds : whole.toMinutes() + "m" + seconds;
  }

  private static String type(ErrorCode code) {
    return switch (code) {
      case RATE_LIMIT_REQUESTS, CONCURRENCY_LIMIT -> "requests";
      case RATE_LIMIT_TOKENS -> "tokens";
      case BUDGET_EXHAUSTED -> "insufficient_quota";
      case IDENTITY_MISMATCH, CALL_NOT_ALLOWED, NOT_ALLOWED, TENANT_SUSPENDED -> "permission_error";
      default ->
          switch (code.category()) {
            case CALLER, TENANT_LIMIT -> "invalid_request_error";
            case OVERLOAD, INTERNAL -> "server_error";
          };
    };
  }

  private static String code(ErrorCode code) {
    return switch (code) {
      case UNAUTHENTICATED -> "invalid_api_key";
      case RATE_LIMIT_REQUESTS, RATE_LIMIT_TOKENS, CONCURRENCY_LIMIT -> "rate_limit_exceeded";
      case BUDGET_EXHAUSTED -> "insufficient_quota";
      default -> code.wireName();
    };
  }
}
