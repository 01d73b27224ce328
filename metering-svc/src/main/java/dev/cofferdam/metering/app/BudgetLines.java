package dev.cofferdam.metering.app;

import dev.cofferdam.mesh.kafka.ConfigView;
import dev.cofferdam.mesh.store.View;
import dev.cofferdam.metering.budget.Budget;
import dev.cofferdam.metering.budget.Spending;
import dev.cofferdam.metering.budget.Spent;
import dev.cofferdam.metering.budget.kafka.ConfiguredBudgets;
import dev.cofferdam.metering.console.BudgetLine;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.vocabulary.Budgets;
import dev.cofferdam.vocabulary.TenantId;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/** How far budgets are spent today and in this month, for the pages. */
final class BudgetLines implements Function<View, List<BudgetLine>> {
  private final ConfigView<Tenant> tenants;
  private final Spending spending;
  private final InstantSource clock;

  /** The view of tenants stays the caller's. */
  BudgetLines(ConfigView<Tenant> tenants, Spending spending, InstantSource clock) {
    this.tenants = tenants;
    this.spending = spending;
    this.clock = clock;
  }

  @Override
  public List<BudgetLine> apply(View view) {
    Map<TenantId, Budgets> budgeted = new TreeMap<>(Comparator.comparing(TenantId::value));
    ConfiguredBudgets.of(tenants)
        .forEach(
            (tenant, budgets) -> {
              boolean seen = !(view instanceof View.Of of) || of.tenant().equals(tenant);
              if (seen && budgets.any()) {
                budgeted.put(tenant, budgets);
              }
            });
    LocalDate today = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
    Map<TenantId, Spent> spent = spending.of(budgeted, today);
    List<BudgetLine> lines = new ArrayList<>();
    budgeted.forEach(
        (tenant, budgets) -> {
          Spent all = spent.getOrDefault(tenant, Spent.NOTHING);
          for (Budget budget : Budget.values()) {
            budget
                .limit(budgets)
                .ifPresent(
                    limit ->
                        lines.add(
                            new BudgetLine(
                                tenant,
                                budget.label(),
                                limit,
                                budget.spent(all),
                                budget.label().endsWith("cost_micros"))));
          }
        });
    return lines;
  }
}
