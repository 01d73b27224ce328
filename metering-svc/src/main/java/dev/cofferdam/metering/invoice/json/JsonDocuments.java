package dev.cofferdam.metering.invoice.json;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import dev.cofferdam.metering.invoice.BilledUse.Cut;
import dev.cofferdam.metering.invoice.Days;
import dev.cofferdam.metering.invoice.Documents;
import dev.cofferdam.metering.invoice.Invoice;
import dev.cofferdam.metering.pricing.Charge;
import dev.cofferdam.metering.pricing.Meter;
import dev.cofferdam.metering.pricing.Money;
import dev.cofferdam.proto.metering.v1.InvoiceLine;
import dev.cofferdam.vocabulary.TenantId;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Instant;

/** Invoices as messages of the API, and those as JSON text. */
public final class JsonDocuments implements Documents {
  private static final String USAGE = "usage";
  private static final String CORRECTION = "correction";

  @Override
  public byte[] write(Invoice invoice) {
    try {
      return (JsonFormat.printer().preservingProtoFieldNames().print(message(invoice)) + "\n")
          .getBytes(StandardCharsets.UTF_8);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("an invoice cannot be written", e);
    }
  }

  @Override
  public Invoice read(byte[] document) {
    dev.cofferdam.proto.metering.v1.Invoice.Builder message =
        dev.cofferdam.proto.metering.v1.Invoice.newBuilder();
    try {
      JsonFormat.parser().merge(new String(document, StandardCharsets.UTF_8), message);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a stored invoice cannot be read", e);
    }
    return invoice(message.build());
  }

  /** The message of an invoice. */
  public static dev.cofferdam.proto.metering.v1.Invoice message(Invoice invoice) {
    dev.cofferdam.proto.metering.v1.Invoice.Builder message =
        dev.cofferdam.proto.metering.v1.Invoice.newBuilder()
            .setNumber(invoice.number())
            .setTenant(invoice.tenant().value())
            .setFromDay(invoice.days().from().toString())
            .setToDay(invoice.days().to().toString())
            .setIssuedAt(invoice.issued().toString())
            .setRateCard(invoice.rateCard())
            .setRateCardRevision(invoice.rateCardRevision())
            .setCurrency(invoice.currency())
            .setTotal(invoice.total().toPlainString())
            .setDue(invoice.due().toPlainString())
            .setLedgerRow(invoice.cut().ledgerRow())
            .setKeptRow(invoice.cut().keptRow());
    invoice.priceVersions().forEach(version -> message.addPriceVersions(version.toString()));
    invoice.lines().forEach(line -> message.addLines(message(line)));
    return message.build();
  }

  /** A line as a message. */
  public static InvoiceLine message(Invoice.Line line) {
    Charge charge = line.charge();
    Meter meter = charge.meter();
    return InvoiceLine.newBuilder()
        .setLine(line.number())
        .setKind(line.corrects() == 0 ? USAGE : CORRECTION)
        .setCorrects(line.corrects())
        .setModel(charge.model())
        .setAdapter(charge.adapter())
        .setWorkloadClass(charge.workloadClass())
        .setMeter(meter.label())
        .setPriceSince(charge.version().toString())
        .setStepAbove(charge.above())
        .setStepUpTo(charge.upTo() == Long.MAX_VALUE ? 0 : charge.upTo())
        .setUnits(line.units())
        .setQuantity(meter.quantity(line.units()).toPlainString())
        .setQuantityUnit(meter.quantityUnit())
        .setUnitPrice(Money.ofMicros(charge.priceMicros()).toPlainString())
        .setPriceUnit(meter.priceUnit())
        .setAmount(line.amount().toPlainString())
        .build();
  }

  private static Invoice invoice(dev.cofferdam.proto.metering.v1.Invoice message) {
    return new Invoice(
        message.getNumber(),
        new TenantId(message.getTenant()),
        Days.parse(message.getFromDay(), message.getToDay()).orElseThrow(),
        Instant.parse(message.getIssuedAt()),
        message.getRateCard(),
        message.getRateCardRevision(),
        message.getCurrency(),
        message.getPriceVersionsList().stream().map(Instant::parse).toList(),
        message.getLinesList().stream().map(JsonDocuments::line).toList(),
        new Cut(message.getLedgerRow(), message.getKeptRow()));
  }

  private static Invoice.Line line(InvoiceLine message) {
    return new Invoice.Line(
        message.getLine(),
        message.getCorrects(),
        new Charge(
            message.getModel(),
            message.getAdapter(),
            message.getWorkloadClass(),
            Meter.ofLabel(message.getMeter()).orElseThrow(),
            Instant.parse(message.getPriceSince()),
            message.getStepAbove(),
            message.getStepUpTo() == 0 ? Long.MAX_VALUE : message.getStepUpTo(),
            new BigDecimal(message.getUnitPrice()).unscaledValue().longValueExact()),
        message.getUnits());
  }
}
