package dev.cofferdam.gateway.ingress.anthropic;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cofferdam.gateway.ingress.rest.Dialect;
import dev.cofferdam.gateway.quota.LimitState;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RequestId;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;

/** Refusals and limits in Anthropic's shape and headers. */
final class AnthropicDialect implements Dialect {
  private final InstantSource clock;

  AnthropicDialect(InstantSource clock) {
    this.clock = clock;
  }

  @Override
  public String requestIdHeader() {
    return "request-id";
  }

  /** {"type": "error", "error": {"type", "message"}, "request_id"}; with our code beside it. */
  @Override
  public JsonNode error(RequestId id, Refusal refusal) {
    ObjectNode body = JsonNodeFactory.instance.objectNode().put("type", "error");
    ObjectNode error =
        body.putObject("error").put("type", type(refusal.code())).put("message", refusal.message());
    error.put("code", refusal.code().wireName());
    refusal.parameter().ifPresent(parameter -> error.put("param", parameter));
    return body.put("request_id", id.value());
  }

  /** anthropic-ratelimit-{requests,tokens}-{limit,remaining,reset}, and x-budget-alert. */
  @Override
  public Map<String, String> limits(LimitState state) {
    Map<String, String> headers = new LinkedHashMap<>();
    add(
        headers,
        "requests",
        state.limitRequests(),
        state.remainingRequests(),
        state.resetRequestsMs());
    add(headers, "tokens", state.limitTokens(), state.remainingTokens(), state.resetTokensMs());
    state.budgetAlert().ifPresent(use -> headers.put("x-budget-alert", use.header()));
    return headers;
  }

  private void add(
      Map<String, String> headers, String what, long limit, long remaining, long resetMs) {
    String name = "anthropic-ratelimit-" + what;
    headers.put(name + "-limit", Long.toString(limit));
    headers.put(name + "-remaining", Long.toString(remaining));
    headers.put(
        name + "-reset",
        clock.instant().plusMillis(resetMs).truncatedTo(ChronoUnit.SECONDS).toString());
  }

  private static String type(ErrorCode code) {
    return switch (code) {
      case UNAUTHENTICATED -> "authentication_error";
      case BUDGET_EXHAUSTED -> "billing_error";
      case REQUEST_TOO_LARGE -> "request_too_large";
      case DEADLINE_EXCEEDED -> "timeout_error";
      default ->
          switch (code.httpStatus()) {
            case 403 -> "permission_error";
            case 404 -> "not_found_error";
            case 429 -> "rate_limit_error";
            case 503 -> "overloaded_error";
            case 500, 502 -> "api_error";
            default -> "invalid_request_error";
          };
    };
  }
}
