package dev.cofferdam.gateway.quota;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What the windows say of a request, in numbers.
 *
 * @param verdict whether it fits, and what it hits
 * @param nowMs the deciding clock
 * @param state the windows after the decision
 * @param waitMs time after which it may fit; {@link #NEVER} where waiting does not help
 */
public record Decision(Verdict verdict, long nowMs, LimitState state, long waitMs) {
  /** A wait that does not help. */
  public static final long NEVER = -1;

  /** Metadata key of refusals: "false" where the same request can never succeed. */
  public static final String SHOULD_RETRY = "should_retry";

  /** What a request hits. The order is the wire's: admit.lua answers with the ordinal. */
  public enum Verdict {
    /** Nothing: granted. */
    GRANTED(ErrorCode.INTERNAL, ""),
    /** The tenant's requests. */
    REQUESTS(ErrorCode.RATE_LIMIT_REQUESTS, "requests"),
    /** The tenant's requests on this model. */
    MODEL_REQUESTS(ErrorCode.RATE_LIMIT_REQUESTS, "model_requests"),
    /** The tenant's tokens. */
    TOKENS(ErrorCode.RATE_LIMIT_TOKENS, "tokens"),
    /** The tenant's requests in flight. */
    IN_FLIGHT(ErrorCode.CONCURRENCY_LIMIT, "concurrent_requests");

    private final ErrorCode code;
    private final String limit;

    Verdict(ErrorCode code, String limit) {
      this.code = code;
      this.limit = limit;
    }
  }

  /**
   * The decision as an answer.
   *
   * @param token the limiter's handle of the lease, used where it is granted
   */
  public Admission admission(Reservation reservation, String token) {
    if (verdict == Verdict.GRANTED) {
      return new Admission.Granted(new Lease(reservation, token), state);
    }
    return new Admission.Refused(refusal(reservation), state);
  }

  private Refusal refusal(Reservation reservation) {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("limit", verdict.limit);
    metadata.put("limit_requests", Long.toString(state.limitRequests()));
    metadata.put("remaining_requests", Long.toString(state.remainingRequests()));
    metadata.put("reset_requests_ms", Long.toString(state.resetRequestsMs()));
    metadata.put("limit_tokens", Long.toString(state.limitTokens()));
    metadata.put("remaining_tokens", Long.toString(state.remainingTokens()));
    metadata.put("reset_tokens_ms", Long.toString(state.resetTokensMs()));
    if (waitMs == NEVER) {
      metadata.put(SHOULD_RETRY, "false");
    }
    return new Refusal(
        verdict.code,
        message(reservation),
        Optional.empty(),
        waitMs == NEVER ? Optional.empty() : Optional.of(Duration.ofMillis(waitMs)),
        metadata);
  }

  private String message(Reservation reservation) {
    long amount = reservation.tokens();
    return switch (verdict) {
      case TOKENS ->
          waitMs == NEVER
              ? "the request may use "
                  + amount
                  + " tokens (input and largest output), more than the limit of "
                  + state.limitTokens()
                  + " tokens per minute; lower the largest output or shorten the input"
              : "the request may use "
                  + amount
                  + " tokens, "
                  + state.remainingTokens()
                  + " of "
                  + state.limitTokens()
                  + " per minute are left";
      case REQUESTS -> "the limit of " + state.limitRequests() + " requests per minute is reached";
      case MODEL_REQUESTS ->
          "the limit of " + state.limitRequests() + " requests per minute on this model is reached";
      case IN_FLIGHT ->
          "the limit of "
              + reservation.tenant().limits().concurrentRequests()
              + " concurrent requests is reached";
      case GRANTED -> throw new IllegalStateException("a granted request is not refused");
    };
  }
}
