package dev.cofferdam.gateway.quota;

import dev.cofferdam.vocabulary.TenantProfile;

/** Is told, once in the whole mesh, when a tenant's spending passes a mark. Must not block. */
public interface BudgetAlerts {
  /**
   * Spending passed a mark.
   *
   * @param percent the mark, one of {@link Budget#ALERT_PERCENTS}
   */
  void passed(TenantProfile tenant, Budget.Use use, int percent);
}
