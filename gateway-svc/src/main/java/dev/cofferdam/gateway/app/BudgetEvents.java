package dev.cofferdam.gateway.app;

import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.facts.AuditFacts;
import dev.cofferdam.gateway.quota.Budget;
import dev.cofferdam.gateway.quota.BudgetAlerts;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.TenantProfile;
import java.util.Optional;

/**
 * Budgets that are nearly or wholly spent, as facts of the audit log, which tenant and operator can
 * read, and as a metric.
 */
final class BudgetEvents implements BudgetAlerts {
  private final AuditFacts facts;
  private final GatewayMetrics metrics;

  BudgetEvents(AuditFacts facts, GatewayMetrics metrics) {
    this.facts = facts;
    this.metrics = metrics;
  }

  @Override
  public void passed(TenantProfile tenant, Budget.Use use, int percent) {
    metrics.budgetAlert(tenant, use.budget(), percent);
    try {
      facts.record(
          new AuditFact(
              Optional.empty(),
              tenant.id().value(),
              tenant.tier().label(),
              "gateway",
              "",
              "budget_alert",
              AuditFact.Severity.WARNING,
              AuditFact.Outcome.COMPLETED,
              "",
              percent
                  + " % of the budget "
                  + use.budget().label()
                  + " are spent: "
                  + use.spent()
                  + " of "
                  + use.limit(),
              Optional.empty()));
    } catch (RefusedException e) {
      // The publisher counts what it could not keep; the metric and the header stand.
    }
  }
}
