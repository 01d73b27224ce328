package dev.cofferdam.metering.budget;

import dev.cofferdam.vocabulary.Budgets;
import dev.cofferdam.vocabulary.TenantId;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * A share of a budget that is spent.
 *
 * @param tenant whose
 * @param budget of which budget
 * @param period first day of the budget's day or month
 * @param percent the share, one of {@link #PERCENTS}
 * @param limit all of the budget
 * @param spent what was spent when it was passed
 */
public record Mark(
    TenantId tenant, Budget budget, LocalDate period, int percent, long limit, long spent) {
  /** Shares that are told. */
  public static final List<Integer> PERCENTS = List.of(80, 100);

  /** The marks that a tenant's spending has passed by a day. */
  public static List<Mark> passed(TenantId tenant, Budgets budgets, Spent spent, LocalDate day) {
    List<Mark> passed = new ArrayList<>();
    for (Budget budget : Budget.values()) {
      OptionalLong limit = budget.limit(budgets);
      for (int percent : PERCENTS) {
        if (limit.isPresent() && budget.spent(spent) >= share(limit.getAsLong(), percent)) {
          passed.add(
              new Mark(
                  tenant,
                  budget,
                  budget.period(day),
                  percent,
                  limit.getAsLong(),
                  budget.spent(spent)));
        }
      }
    }
    return passed;
  }

  /** Rounded up; nothing overflows. */
  private static long share(long limit, int percent) {
    return limit / 100 * percent + (limit % 100 * percent + 99) / 100;
  }
}
