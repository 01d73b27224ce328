package dev.cofferdam.metering.console;

import dev.cofferdam.mesh.web.Page;
import dev.cofferdam.mesh.web.Page.Cell;
import dev.cofferdam.mesh.web.Page.Field;
import dev.cofferdam.mesh.web.Page.Tone;
import dev.cofferdam.metering.cost.CostReport;
import dev.cofferdam.metering.cost.CostReport.PoolCost;
import dev.cofferdam.metering.cost.CostReport.TenantCost;
import dev.cofferdam.metering.cost.Reason;
import dev.cofferdam.metering.invoice.DailyCharges.Row;
import dev.cofferdam.metering.invoice.Days;
import dev.cofferdam.metering.pricing.Money;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The page of costs. */
final class CostPage {
  private static final long WARNING_PERCENT = 80;
  private static final long SPENT_PERCENT = 100;
  private static final int SHOWN_DIGITS = 4;
  private static final int CAUSES_SHOWN = 3;

  private final Days days;
  private final String tenant;
  private final boolean operator;
  private final Page page;

  CostPage(Days days, String tenant, boolean operator) {
    this.days = days;
    this.tenant = tenant;
    this.operator = operator;
    this.page = navigated(new Page("Costs"));
  }

  static Page navigated(Page page) {
    return page.navigate("Costs", "/").navigate("Invoices", "/invoices");
  }

  Page page() {
    return page;
  }

  void period() {
    List<Field> fields = new ArrayList<>();
    fields.add(new Field("from", "From (UTC day)", days.from().toString(), List.of()));
    fields.add(new Field("to", "To (the day after the last)", days.to().toString(), List.of()));
    if (operator) {
      fields.add(new Field("tenant", "Tenant (empty: all)", tenant, List.of()));
    }
    page.filter("/", fields)
        .text("Days from " + days.from() + " to " + days.to().minusDays(1) + ", UTC.");
  }

  void report(CostReport report) {
    page.heading("What tenants are charged, and what they cost");
    if (operator) {
      notices(report);
    }
    page.table(
        "Token bill beside measured cost, in " + report.currency(),
        List.of(
            "Tenant",
            "Charged",
            "GPU seconds",
            "GPU cost",
            "Adapters",
            "Storage",
            "Cost",
            "Margin",
            "Why it is dear"),
        report.tenants().stream().map(one -> row(one, report.currency())).toList());
    if (operator && tenant.isEmpty()) {
      page.heading("What pools cost")
          .table(
              "Nodes that are paid for, in " + report.currency(),
              List.of("Pool", "Node hours", "Busy hours", "Paid", "Tenants", "Shadows", "Idle"),
              report.pools().stream().map(CostPage::row).toList());
    }
  }

  private void notices(CostReport report) {
    List<String> dear =
        report.tenants().stream()
            .filter(one -> one.margin(report.currency()).orElse(BigDecimal.ZERO).signum() < 0)
            .map(one -> one.tenant().value())
            .toList();
    if (!dear.isEmpty()) {
      page.notice(Tone.WARNING, "They cost more than they pay: " + String.join(", ", dear) + ".");
    }
    if (report.tenants().stream().anyMatch(one -> one.uncostedUs() > 0)) {
      page.notice(
          Tone.WARNING,
          "Some work ran on pools, or in hours, whose cost is not known; it is not in these"
              + " costs.");
    }
  }

  private static List<Cell> row(TenantCost cost, String currency) {
    return List.of(
        Cell.of(cost.tenant().value()),
        Cell.number(
            cost.bills().stream()
                .map(bill -> shown(bill.amount()) + " " + bill.currency())
                .collect(Collectors.joining(", "))),
        Cell.number(
            BigDecimal.valueOf(cost.computeUs(), 6)
                .setScale(1, RoundingMode.HALF_EVEN)
                .toPlainString()),
        Cell.number(shown(cost.compute())),
        Cell.number(shown(cost.adapters())),
        Cell.number(shown(cost.storage())),
        Cell.number(shown(cost.cost())),
        Cell.number(cost.margin(currency).map(CostPage::shown).orElse("")),
        Cell.of(cost.reasons().stream().map(CostPage::words).collect(Collectors.joining("; "))));
  }

  private static String words(Reason reason) {
    String name = reason.kind().name().toLowerCase(Locale.ROOT).replace('_', ' ');
    String words =
        String.format(Locale.ROOT, "%s %.2f (all: %.2f)", name, reason.own(), reason.all());
    return reason.causes().isEmpty()
        ? words
        : words
            + reason.causes().stream()
                .limit(CAUSES_SHOWN)
                .map(cause -> cause.tenant() + " " + cause.times() + "×")
                .collect(Collectors.joining(", ", ", caused by ", ""));
  }

  private static List<Cell> row(PoolCost cost) {
    return List.of(
        Cell.of(cost.pool()),
        Cell.number(String.valueOf(cost.nodeHours())),
        Cell.number(
            BigDecimal.valueOf(cost.busyUs())
                .divide(BigDecimal.valueOf(3_600_000_000L), 2, RoundingMode.HALF_EVEN)
                .toPlainString()),
        Cell.number(shown(cost.paid())),
        Cell.number(shown(cost.used())),
        Cell.number(shown(cost.shadows())),
        Cell.number(shown(cost.idle())));
  }

  void byDay(List<Row> rows) {
    record Key(LocalDate day, String tenant, String currency) implements Comparable<Key> {
      @Override
      public int compareTo(Key other) {
        int byDay = day.compareTo(other.day);
        int byTenant = byDay != 0 ? byDay : tenant.compareTo(other.tenant);
        return byTenant != 0 ? byTenant : currency.compareTo(other.currency);
      }
    }
    Map<Key, BigDecimal> sums = new TreeMap<>();
    for (Row row : rows) {
      // What is late for an earlier invoice is charged with the last day of the one that it is on.
      LocalDate day = row.corrects() == 0 ? row.days().from() : row.period().to().minusDays(1);
      sums.merge(
          new Key(day, row.tenant().value(), row.currency()),
          Money.of(row.units(), row.charge().priceMicros(), row.charge().meter()),
          BigDecimal::add);
    }
    page.heading("What is charged day by day")
        .table(
            "Charges by day and tenant",
            List.of("Day", "Tenant", "Charged", "Currency"),
            sums.entrySet().stream()
                .map(
                    sum ->
                        List.of(
                            Cell.of(sum.getKey().day().toString()),
                            Cell.of(sum.getKey().tenant()),
                            Cell.number(shown(sum.getValue())),
                            Cell.of(sum.getKey().currency())))
                .toList());
  }

  void budgets(List<BudgetLine> lines) {
    page.heading("Budgets");
    for (BudgetLine line : lines) {
      if (line.percent() >= WARNING_PERCENT) {
        page.notice(
            line.percent() >= SPENT_PERCENT ? Tone.BAD : Tone.WARNING,
            line.tenant().value()
                + " has spent "
                + line.percent()
                + " % of "
                + line.budget()
                + ".");
      }
    }
    page.table(
        "How far budgets are spent",
        List.of("Tenant", "Budget", "Spent", "Of", "Percent"),
        lines.stream()
            .map(
                line ->
                    List.of(
                        Cell.of(line.tenant().value()),
                        Cell.of(line.budget()),
                        Cell.number(amount(line, line.spent())),
                        Cell.number(amount(line, line.limit())),
                        Cell.number(String.valueOf(line.percent()))))
            .toList());
  }

  private static String amount(BudgetLine line, long value) {
    return line.money() ? shown(Money.ofMicros(value)) : String.valueOf(value);
  }

  private static String shown(BigDecimal amount) {
    return amount.setScale(SHOWN_DIGITS, RoundingMode.HALF_EVEN).toPlainString();
  }
}
