package dev.cofferdam.gateway.ingress.openai;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cofferdam.gateway.ingress.rest.Dialect;
import dev.cofferdam.gateway.quota.LimitState;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RequestId;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** Refusals and limits in OpenAI's shape and headers. */
final class OpenAiDialect implements Dialect {
  @Override
  public String requestIdHeader() {
    return "x-request-id";
  }

  /** {"error": {"message", "type", "param", "code"}}. */
  @Override
  public ObjectNode error(RequestId id, Refusal refusal) {
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    body.putObject("error")
        .put("message", refusal.message())
        .put("type", type(refusal.code()))
        .put("param", refusal.parameter().orElse(null))
        .put("code", code(refusal.code()));
    return body;
  }

  /**
   * x-ratelimit-{limit,remaining,reset}-{requests,tokens}, and x-budget-alert where a budget is
   * nearly or wholly spent.
   */
  @Override
  public Map<String, String> limits(LimitState state) {
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put("x-ratelimit-limit-requests", Long.toString(state.limitRequests()));
    headers.put("x-ratelimit-limit-tokens", Long.toString(state.limitTokens()));
    headers.put("x-ratelimit-remaining-requests", Long.toString(state.remainingRequests()));
    headers.put("x-ratelimit-remaining-tokens", Long.toString(state.remainingTokens()));
    headers.put("x-ratelimit-reset-requests", duration(state.resetRequestsMs()));
    headers.put("x-ratelimit-reset-tokens", duration(state.resetTokensMs()));
    state.budgetAlert().ifPresent(use -> headers.put("x-budget-alert", use.header()));
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
      case RATE_LIMIT_REQUESTS, CONCURRENCY_LIMIT, CIRCUIT_OPEN -> "requests";
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

  /** The code that OpenAI has for it, or our own. */
  static String code(ErrorCode code) {
    return switch (code) {
      case UNAUTHENTICATED -> "invalid_api_key";
      case RATE_LIMIT_REQUESTS, RATE_LIMIT_TOKENS, CONCURRENCY_LIMIT, CIRCUIT_OPEN ->
          "rate_limit_exceeded";
      case BUDGET_EXHAUSTED -> "insufficient_quota";
      default -> code.wireName();
    };
  }
}
