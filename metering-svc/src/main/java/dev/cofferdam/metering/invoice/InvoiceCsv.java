package dev.cofferdam.metering.invoice;

import dev.cofferdam.metering.pricing.Charge;
import dev.cofferdam.metering.pricing.Meter;
import dev.cofferdam.metering.pricing.Money;
import java.time.Instant;
import java.util.List;

/** Invoices as comma-separated values (RFC 4180), one row for each line. */
public final class InvoiceCsv {
  private static final List<String> HEADER =
      List.of(
          "invoice",
          "tenant",
          "from_day",
          "to_day",
          "line",
          "kind",
          "corrects",
          "model",
          "adapter",
          "workload_class",
          "meter",
          "price_since",
          "step_above",
          "units",
          "quantity",
          "quantity_unit",
          "unit_price",
          "price_unit",
          "amount",
          "currency");

  private InvoiceCsv() {}

  /** The rows of an invoice, below their names. */
  public static String of(Invoice invoice) {
    StringBuilder text = new StringBuilder(Csv.row(HEADER));
    invoice.lines().forEach(line -> text.append(Csv.row(row(invoice, line))));
    return text.toString();
  }

  private static List<String> row(Invoice invoice, Invoice.Line line) {
    Charge charge = line.charge();
    Meter meter = charge.meter();
    return List.of(
        String.valueOf(invoice.number()),
        invoice.tenant().value(),
        invoice.days().from().toString(),
        invoice.days().to().toString(),
        String.valueOf(line.number()),
        line.corrects() == 0 ? "usage" : "correction",
        line.corrects() == 0 ? "" : String.valueOf(line.corrects()),
        charge.model(),
        charge.adapter(),
        charge.workloadClass(),
        meter.label(),
        charge.version().equals(Instant.EPOCH) ? "" : charge.version().toString(),
        String.valueOf(charge.above()),
        String.valueOf(line.units()),
        meter.quantity(line.units()).toPlainString(),
        meter.quantityUnit(),
        Money.ofMicros(charge.priceMicros()).toPlainString(),
        meter.priceUnit(),
        line.amount().toPlainString(),
        invoice.currency());
  }
}
