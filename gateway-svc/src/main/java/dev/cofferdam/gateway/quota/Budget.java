package dev.cofferdam.gateway.quota;

import dev.cofferdam.vocabulary.Budgets;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/** One of a tenant's budgets. The order is the wire's: the scripts know them by ordinal. */
public enum Budget {
  /** Tokens of a UTC day. */
  DAILY_TOKENS(Budgets::dailyTokens, Spent::dayTokens, Spent::dayResetMs),
  /** Tokens of a UTC month. */
  MONTHLY_TOKENS(Budgets::monthlyTokens, Spent::monthTokens, Spent::monthResetMs),
  /** Money of a UTC day. */
  DAILY_COST_MICROS(Budgets::dailyMicros, Spent::dayMicros, Spent::dayResetMs),
  /** Money of a UTC month. */
  MONTHLY_COST_MICROS(Budgets::monthlyMicros, Spent::monthMicros, Spent::monthResetMs);

  /** Hundredths of a budget at which there are alerts, ascending. */
  public static final int[] ALERT_PERCENTS = {80, 100};

  private final Function<Budgets, OptionalLong> limit;
  private final ToLongFunction<Spent> spent;
  private final Reset reset;

  private interface Reset {
    long ms(Spent spent, long nowMs);
  }

  Budget(Function<Budgets, OptionalLong> limit, ToLongFunction<Spent> spent, Reset reset) {
    this.limit = limit;
    this.spent = spent;
    this.reset = reset;
  }

  /**
   * How much of a budget is used.
   *
   * @param budget which
   * @param limit all of it
   * @param spent what is spent of it; what requests in flight hold is not
   * @param resetMs milliseconds until it is whole again
   */
  public record Use(Budget budget, long limit, long spent, long resetMs) {
    /** Hundredths of it that are spent. */
    public long percent() {
      return limit == 0 ? 100 : (long) (spent * 100.0 / limit);
    }

    /** As answers tell it: "daily_tokens; spent=83%; reset=3600s". */
    public String header() {
      return budget.label() + "; spent=" + percent() + "%; reset=" + resetMs / 1_000 + "s";
    }
  }

  /** A tenant's limit. */
  public OptionalLong limit(Budgets budgets) {
    return limit.apply(budgets);
  }

  /** How much of it is used; empty where the tenant has no such budget. */
  public Optional<Use> use(Budgets budgets, Spent state, long nowMs) {
    OptionalLong all = limit(budgets);
    return all.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Use(this, all.getAsLong(), spent.applyAsLong(state), reset.ms(state, nowMs)));
  }

  /** The budget of which most is spent, where that is enough for an alert. */
  public static Optional<Use> alert(Budgets budgets, Spent state, long nowMs) {
    Optional<Use> most = Optional.empty();
    for (Budget budget : values()) {
      Optional<Use> use = budget.use(budgets, state, nowMs);
      if (use.isPresent()
          && use.get().percent() >= ALERT_PERCENTS[0]
          && (most.isEmpty() || use.get().percent() > most.get().percent())) {
        most = use;
      }
    }
    return most;
  }

  /** Lower-case name, as in answers, events and metrics. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
