package dev.cofferdam.metering.console;

import dev.cofferdam.vocabulary.TenantId;

/**
 * How far a budget is spent.
 *
 * @param tenant whose
 * @param budget its name
 * @param limit all of it: tokens, or millionths of money
 * @param spent what is spent of it
 * @param money whether it is of money
 */
public record BudgetLine(TenantId tenant, String budget, long limit, long spent, boolean money) {
  private static final long ALL = 100;

  /** Whole percent that are spent. */
  public long percent() {
    return limit == 0 ? ALL : (long) Math.min(Integer.MAX_VALUE, spent * (double) ALL / limit);
  }
}
