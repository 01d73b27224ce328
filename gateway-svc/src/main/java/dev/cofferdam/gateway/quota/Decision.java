package dev.cofferdam.gateway.quota;

import dev.cofferdam.vocabulary.Budgets;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.wire.Statuses;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the windows say of a request, in numbers.
 *
 * @param verdict whether it fits, and what it hits
 * @param nowMs the deciding clock
 * @param state the windows after the decision
 * @param waitMs time after which it may fit; {@link #NEVER} where waiting does not help
 * @param spent what the tenant has spent of its budgets
 */
public record Decision(Verdict verdict, long nowMs, LimitState state, long waitMs, Spent spent) {
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
    IN_FLIGHT(ErrorCode.CONCURRENCY_LIMIT, "concurrent_requests"),
    /** The bucket in front of the windows. */
    BURST(ErrorCode.RATE_LIMIT_REQUESTS, "burst_requests"),
    /** A budget. */
    DAILY_TOKENS(Budget.DAILY_TOKENS),
    /** A budget. */
    MONTHLY_TOKENS(Budget.MONTHLY_TOKENS),
    /** A budget. */
    DAILY_COST_MICROS(Budget.DAILY_COST_MICROS),
    /** A budget. */
    MONTHLY_COST_MICROS(Budget.MONTHLY_COST_MICROS);

    private final ErrorCode code;
    private final String limit;
    private final @Nullable Budget budget;

    Verdict(ErrorCode code, String limit) {
      this.code = code;
      this.limit = limit;
      this.budget = null;
    }

    Verdict(Budget budget) {
      this.code = ErrorCode.BUDGET_EXHAUSTED;
      this.limit = budget.label();
      this.budget = budget;
    }

    /** The budget that stops a tenant, where one of them is spent. */
    static Optional<Verdict> ofSpent(Budgets budgets, Spent spent, long nowMs) {
      return Arrays.stream(values())
          .filter(v -> budgets.hardStop())
          .filter(
              v ->
                  v.use(budgets, spent, nowMs)
                      .filter(use -> use.spent() >= use.limit())
                      .isPresent())
          .findFirst();
    }

    private Optional<Budget.Use> use(Budgets budgets, Spent spent, long nowMs) {
      return Optional.ofNullable(budget).flatMap(b -> b.use(budgets, spent, nowMs));
    }
  }

  /**
   * The decision as an answer.
   *
   * @param token the limiter's handle of the lease, used where it is granted
   * @param dashboard where the tenant sees its budgets
   */
  public Admission admission(Reservation reservation, String token, Optional<String> dashboard) {
    LimitState told =
        state.with(Budget.alert(reservation.tenant().limits().budgets(), spent, nowMs));
    if (verdict == Verdict.GRANTED) {
      return new Admission.Granted(new Lease(reservation, token), told);
    }
    return new Admission.Refused(refusal(reservation, dashboard), told);
  }

  private Refusal refusal(Reservation reservation, Optional<String> dashboard) {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("limit", verdict.limit);
    metadata.put("limit_requests", Long.toString(state.limitRequests()));
    metadata.put("remaining_requests", Long.toString(state.remainingRequests()));
    metadata.put("reset_requests_ms", Long.toString(state.resetRequestsMs()));
    metadata.put("limit_tokens", Long.toString(state.limitTokens()));
    metadata.put("remaining_tokens", Long.toString(state.remainingTokens()));
    metadata.put("reset_tokens_ms", Long.toString(state.resetTokensMs()));
    Optional<Budget.Use> budget =
        verdict.use(reservation.tenant().limits().budgets(), spent, nowMs);
    budget.ifPresent(
        use -> {
          metadata.put("budget_limit", Long.toString(use.limit()));
          metadata.put("budget_spent", Long.toString(use.spent()));
          metadata.put("budget_reset_ms", Long.toString(use.resetMs()));
          dashboard.ifPresent(url -> metadata.put(Statuses.HELP_URL, url));
        });
    if (waitMs == NEVER) {
      metadata.put(SHOULD_RETRY, "false");
    }
    boolean waits = waitMs != NEVER;
    return new Refusal(
        // What requests in flight hold of a budget may come back.
        waits && budget.isPresent() ? ErrorCode.RATE_LIMIT_TOKENS : verdict.code,
        budget.map(use -> spentMessage(use, waits)).orElseGet(() -> message(reservation)),
        Optional.empty(),
        waits ? Optional.of(Duration.ofMillis(waitMs)) : Optional.empty(),
        metadata);
  }

  private static String spentMessage(Budget.Use use, boolean waits) {
    String name = use.budget().label().replace('_', ' ');
    return waits
        ? "requests in flight hold what is left of the budget of " + use.limit() + " " + name
        : "the budget of "
            + use.limit()
            + " "
            + name
            + " has no room for the request; "
            + use.spent()
            + " are spent";
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
      case BURST -> "requests come too fast after one another; please spread them";
      case GRANTED, DAILY_TOKENS, MONTHLY_TOKENS, DAILY_COST_MICROS, MONTHLY_COST_MICROS ->
          throw new IllegalStateException(verdict + " has no message");
    };
  }
}
