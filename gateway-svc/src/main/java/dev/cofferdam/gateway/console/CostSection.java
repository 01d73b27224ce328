package dev.cofferdam.gateway.console;

import dev.cofferdam.mesh.web.Page;
import dev.cofferdam.mesh.web.Page.Cell;
import dev.cofferdam.mesh.web.Page.Tone;
import dev.cofferdam.proto.metering.v1.Bill;
import dev.cofferdam.proto.metering.v1.GetCostsResponse;
import dev.cofferdam.proto.metering.v1.TenantCost;
import dev.cofferdam.vocabulary.Budgets;
import dev.cofferdam.vocabulary.TenantProfile;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What is charged this month, and what it costs. */
final class CostSection {
  private CostSection() {}

  /** A tenant's charges beside its budgets of money; what it costs is for operators. */
  static void charges(Page page, GetCostsResponse costs, TenantProfile profile, boolean operator) {
    page.heading("Charges of this month");
    List<TenantCost> own =
        costs.getTenantsList().stream()
            .filter(t -> t.getTenant().equals(profile.id().value()))
            .toList();
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("Charged so far", own.isEmpty() ? "0" : bills(own.getFirst().getBillsList()));
    Budgets budgets = profile.limits().budgets();
    budgets.dailyMicros().ifPresent(b -> facts.put("Daily budget", TenantSection.money(b)));
    budgets.monthlyMicros().ifPresent(b -> facts.put("Monthly budget", TenantSection.money(b)));
    if (budgets.any()) {
      facts.put(
          "When a budget is spent", budgets.hardStop() ? "requests are refused" : "you are told");
    }
    if (operator && !own.isEmpty()) {
      facts.put("Cost", own.getFirst().getCost() + " " + costs.getCurrency());
      facts.put("Margin", own.getFirst().getMargin());
    }
    page.facts(facts);
  }

  /** All tenants and pools. */
  static void all(Page page, GetCostsResponse costs) {
    page.text("This month so far, in UTC; invoices and days are on the pages of metering.");
    List<String> dear = new ArrayList<>();
    for (TenantCost tenant : costs.getTenantsList()) {
      if (!tenant.getMargin().isEmpty() && new BigDecimal(tenant.getMargin()).signum() < 0) {
        dear.add(tenant.getTenant());
      }
    }
    if (!dear.isEmpty()) {
      page.notice(Tone.WARNING, "They cost more than they pay: " + String.join(", ", dear) + ".");
    }
    page.table(
        "Tenants, costs in " + costs.getCurrency(),
        List.of("Tenant", "Charged", "GPU cost", "Adapters", "Storage", "Cost", "Margin"),
        costs.getTenantsList().stream()
            .map(
                t ->
                    List.of(
                        Cell.link(t.getTenant(), "/tenants/" + t.getTenant()),
                        Cell.number(bills(t.getBillsList())),
                        Cell.number(t.getComputeCost()),
                        Cell.number(t.getAdapterCost()),
                        Cell.number(t.getStorageCost()),
                        Cell.number(t.getCost()),
                        Cell.number(t.getMargin())))
            .toList());
    page.table(
        "Pools, in " + costs.getCurrency(),
        List.of("Pool", "Node hours", "Paid", "Used by tenants", "Shadows", "Idle"),
        costs.getPoolsList().stream()
            .map(
                p ->
                    List.of(
                        Cell.of(p.getPool()),
                        Cell.number(Long.toString(p.getNodeHours())),
                        Cell.number(p.getPaid()),
                        Cell.number(p.getUsed()),
                        Cell.number(p.getShadows()),
                        Cell.number(p.getIdle())))
            .toList());
  }

  private static String bills(List<Bill> bills) {
    return bills.isEmpty()
        ? "0"
        : bills.stream()
            .map(b -> b.getAmount() + " " + b.getCurrency())
            .collect(Collectors.joining(", "));
  }
}
