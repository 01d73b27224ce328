package dev.cofferdam.metering.budget;

import dev.cofferdam.vocabulary.Budgets;
import java.time.LocalDate;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/** One of a tenant's budgets, as the gateway names it. */
public enum Budget {
  /** Tokens of a UTC day. */
  DAILY_TOKENS(false, Budgets::dailyTokens, Spent::dayTokens),
  /** Tokens of a UTC month. */
  MONTHLY_TOKENS(true, Budgets::monthlyTokens, Spent::monthTokens),
  /** Money of a UTC day. */
  DAILY_COST_MICROS(false, Budgets::dailyMicros, Spent::dayMicros),
  /** Money of a UTC month. */
  MONTHLY_COST_MICROS(true, Budgets::monthlyMicros, Spent::monthMicros);

  private final boolean monthly;
  private final Function<Budgets, OptionalLong> limit;
  private final ToLongFunction<Spent> spent;

  Budget(boolean monthly, Function<Budgets, OptionalLong> limit, ToLongFunction<Spent> spent) {
    this.monthly = monthly;
    this.limit = limit;
    this.spent = spent;
  }

  /** A tenant's limit. */
  public OptionalLong limit(Budgets budgets) {
    return limit.apply(budgets);
  }

  /** What is spent of it. */
  public long spent(Spent all) {
    return spent.applyAsLong(all);
  }

  /** The first day of its period. */
  public LocalDate period(LocalDate day) {
    return monthly ? day.withDayOfMonth(1) : day;
  }

  /** Lower-case name, as in facts and metrics. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
