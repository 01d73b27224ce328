package dev.cofferdam.metering.console;

import dev.cofferdam.mesh.web.Page;
import dev.cofferdam.mesh.web.Page.Cell;
import dev.cofferdam.mesh.web.Page.Field;
import dev.cofferdam.mesh.web.Page.Tone;
import dev.cofferdam.metering.invoice.Invoice;
import dev.cofferdam.metering.invoice.Invoices.Stored;
import dev.cofferdam.metering.invoice.Invoicing.LineUse;
import dev.cofferdam.metering.pricing.Charge;
import dev.cofferdam.metering.pricing.Money;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Pages of invoices. */
final class InvoicePage {
  private InvoicePage() {}

  /** Those of a view, at most so many. */
  static Page list(List<Stored> invoices, int most, String tenant, boolean operator) {
    Page page = CostPage.navigated(new Page("Invoices"));
    if (operator) {
      page.filter(
          "/invoices", List.of(new Field("tenant", "Tenant (empty: all)", tenant, List.of())));
    }
    if (invoices.size() == most) {
      String of = tenant.isEmpty() ? "" : "&tenant=" + tenant;
      page.link("Later invoices", "/invoices?after=" + invoices.getLast().invoice().number() + of);
    }
    return page.table(
        "Issued invoices",
        List.of("Number", "Tenant", "First day", "Last day", "Issued", "Due", "Currency"),
        invoices.stream()
            .map(Stored::invoice)
            .map(
                invoice ->
                    List.of(
                        Cell.link(
                            String.valueOf(invoice.number()), "/invoices/" + invoice.number()),
                        Cell.of(invoice.tenant().value()),
                        Cell.of(invoice.days().from().toString()),
                        Cell.of(invoice.days().to().minusDays(1).toString()),
                        Cell.of(invoice.issued().toString()),
                        Cell.number(invoice.due().toPlainString()),
                        Cell.of(invoice.currency())))
            .toList());
  }

  /** One invoice with its lines, each of which leads to its events. */
  static Page of(Stored stored) {
    Invoice invoice = stored.invoice();
    String path = "/invoices/" + invoice.number();
    Map<String, String> head = new LinkedHashMap<>();
    head.put("Tenant", invoice.tenant().value());
    head.put("Days (UTC)", invoice.days().from() + " to " + invoice.days().to().minusDays(1));
    head.put("Issued", invoice.issued().toString());
    head.put("Rate card", invoice.rateCard() + ", revision " + invoice.rateCardRevision());
    head.put("Total", invoice.total().toPlainString() + " " + invoice.currency());
    head.put("Due", invoice.due().toPlainString() + " " + invoice.currency());
    head.put("SHA-256 of the JSON document", stored.sha256());
    return CostPage.navigated(new Page("Invoice " + invoice.number()))
        .facts(head)
        .link("As PDF", path + ".pdf")
        .link("As CSV", path + ".csv")
        .link("As JSON", path + ".json")
        .table(
            "Lines",
            List.of(
                "Line",
                "Model",
                "Adapter",
                "Class",
                "Use",
                "Above",
                "Quantity",
                "Unit",
                "Price",
                "Per",
                "Amount"),
            invoice.lines().stream().map(line -> row(path, line)).toList());
  }

  private static List<Cell> row(String path, Invoice.Line line) {
    Charge charge = line.charge();
    return List.of(
        Cell.link(String.valueOf(line.number()), path + "/lines/" + line.number()),
        Cell.of(charge.model()),
        Cell.of(charge.adapter()),
        Cell.of(charge.workloadClass()),
        Cell.of(
            charge.meter().label()
                + (line.corrects() == 0 ? "" : ", late for invoice " + line.corrects())),
        Cell.number(charge.meter().quantity(charge.above()).toPlainString()),
        Cell.number(charge.meter().quantity(line.units()).toPlainString()),
        Cell.of(charge.meter().quantityUnit()),
        Cell.number(Money.ofMicros(charge.priceMicros()).toPlainString()),
        Cell.of(charge.meter().priceUnit()),
        Cell.number(line.amount().toPlainString()));
  }

  /** What a line is made of. */
  static Page uses(Invoice invoice, Invoice.Line line, List<LineUse> uses, int most) {
    Page page =
        CostPage.navigated(new Page("Invoice " + invoice.number() + ", line " + line.number()));
    page.link("The invoice", "/invoices/" + invoice.number());
    if (uses.size() > most) {
      page.notice(
          Tone.WARNING,
          "These are the first " + most + "; ./cofferdam billing line lists all of them.");
    }
    return page.table(
        "Uses, in the order in which they were priced; they add up to " + line.units() + " units",
        List.of("Time (UTC)", "Event", "Units"),
        uses.stream()
            .limit(most)
            .map(
                use ->
                    List.of(
                        Cell.of(use.at().toString()),
                        Cell.of(use.id()),
                        Cell.number(String.valueOf(use.units()))))
            .toList());
  }
}
