package dev.cofferdam.metering.invoice.pdf;

import dev.cofferdam.mesh.pdf.PdfText;
import dev.cofferdam.metering.invoice.Invoice;
import dev.cofferdam.metering.invoice.Invoices.Stored;
import dev.cofferdam.metering.pricing.Charge;
import dev.cofferdam.metering.pricing.Meter;
import dev.cofferdam.metering.pricing.Money;
import java.time.Instant;
import java.util.List;
import java.util.Set;

/**
 * Invoices as PDF. Nothing but the invoice goes into the file, no time and no random id, so that it
 * is the same bytes each time.
 */
public final class InvoicePdf {
  private static final List<String> COLUMNS =
      List.of(
          "Line",
          "Model",
          "Adapter",
          "Class",
          "Use",
          "Price since",
          "Above",
          "Quantity",
          "Price",
          "Amount");

  /** The columns of numbers. */
  private static final Set<Integer> RIGHT = Set.of(0, 6, 7, 8, 9);

  private InvoicePdf() {}

  /** The file of an invoice. */
  public static byte[] of(Stored stored) {
    Invoice invoice = stored.invoice();
    String title = "Invoice " + invoice.number();
    return new PdfText()
        .title(title)
        .text("Tenant: " + invoice.tenant().value())
        .text(
            "Period (UTC): "
                + invoice.days().from()
                + " to "
                + invoice.days().to().minusDays(1)
                + "; issued "
                + invoice.issued())
        .text(
            "Rate card: "
                + invoice.rateCard()
                + ", revision "
                + invoice.rateCardRevision()
                + "; all amounts in "
                + invoice.currency())
        .gap()
        .table(COLUMNS, invoice.lines().stream().map(InvoicePdf::cells).toList(), RIGHT)
        .gap()
        .text("Total: " + invoice.total().toPlainString() + " " + invoice.currency())
        .strong("Due: " + invoice.due().toPlainString() + " " + invoice.currency())
        .gap()
        .text(
            "Each line is its quantity times its price, rounded once, half to even, to a millionth;"
                + " the total is their exact sum; what is due is the total, rounded once.")
        .text("SHA-256 of the invoice's JSON document: " + stored.sha256())
        .file(title);
  }

  private static List<String> cells(Invoice.Line line) {
    Charge charge = line.charge();
    Meter meter = charge.meter();
    return List.of(
        String.valueOf(line.number()),
        charge.model(),
        charge.adapter(),
        charge.workloadClass(),
        line.corrects() == 0 ? meter.label() : meter.label() + " (of " + line.corrects() + ")",
        charge.version().equals(Instant.EPOCH) ? "" : charge.version().toString().substring(0, 10),
        meter.quantity(charge.above()).toPlainString(),
        meter.quantity(line.units()).toPlainString(),
        Money.ofMicros(charge.priceMicros()).toPlainString() + "/" + meter.priceUnit(),
        line.amount().toPlainString());
  }
}
