package dev.cofferdam.metering.budget;

import dev.cofferdam.vocabulary.Budgets;
import dev.cofferdam.vocabulary.TenantId;
import java.time.LocalDate;
import java.util.Map;

/** What tenants have spent, by the ledger. */
public interface Spending {
  /**
   * Spending of a day and its month.
   *
   * @param tenants who, and by which budgets: money is counted for those that have one of money
   * @return nothing for a tenant without any
   * @throws dev.cofferdam.mesh.store.StoreUnavailableException where the store is away
   */
  Map<TenantId, Spent> of(Map<TenantId, Budgets> tenants, LocalDate day);
}
