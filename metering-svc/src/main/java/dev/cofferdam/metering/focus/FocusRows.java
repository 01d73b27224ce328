package dev.cofferdam.metering.focus;

import dev.cofferdam.mesh.store.View;
import dev.cofferdam.metering.invoice.BilledUse;
import dev.cofferdam.metering.invoice.DailyCharges;
import dev.cofferdam.metering.invoice.DailyCharges.Grain;
import dev.cofferdam.metering.invoice.DailyCharges.Row;
import dev.cofferdam.metering.invoice.Days;
import dev.cofferdam.metering.invoice.Invoice;
import dev.cofferdam.metering.invoice.Invoices;
import dev.cofferdam.metering.pricing.Charge;
import dev.cofferdam.metering.pricing.Meter;
import dev.cofferdam.metering.pricing.Money;
import dev.cofferdam.vocabulary.TenantId;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Makes FOCUS rows: one for each charge of each day, one for each correction, and for an invoice
 * whose last day is among the days, where the sum of its days is not what it says, one for the
 * difference that rounding made. So the rows of an invoice that lies within the days add up to its
 * total.
 */
public final class FocusRows {
  /** Digits after the point. */
  public static final int SCALE = 12;

  private static final String SERVICE = "Language model serving";

  private final BilledUse uses;
  private final DailyCharges charges;
  private final Invoices invoices;
  private final String provider;

  /**
   * @param provider name of whoever provides the service and issues the invoices
   */
  public FocusRows(BilledUse uses, DailyCharges charges, Invoices invoices, String provider) {
    this.uses = uses;
    this.charges = charges;
    this.invoices = invoices;
    this.provider = provider;
  }

  /**
   * The rows of some days, tenant by tenant.
   *
   * @param sink takes each row
   */
  public void each(View view, Days range, Consumer<FocusRow> sink) {
    for (TenantId tenant : uses.tenants(view, range)) {
      View own = new View.Of(tenant);
      List<FocusRow> rows = new ArrayList<>();
      List<Row> daily = charges.of(own, range, Grain.EVENTS);
      daily.forEach(charge -> rows.add(row(charge)));
      whole(daily, range).forEach(number -> adjustment(own, number, rows));
      rows.forEach(sink);
    }
  }

  /** Numbers of the invoices that lie within the days. */
  private static List<Long> whole(List<Row> daily, Days range) {
    return daily.stream()
        .filter(row -> row.invoice() > 0)
        .filter(row -> !row.period().from().isBefore(range.from()))
        .filter(row -> !row.period().to().isAfter(range.to()))
        .map(Row::invoice)
        .distinct()
        .sorted()
        .toList();
  }

  private void adjustment(View view, long number, List<FocusRow> rows) {
    Invoice invoice = invoices.find(view, number).orElseThrow().invoice();
    String id = String.valueOf(number);
    BigDecimal sum =
        rows.stream()
            .filter(row -> row.text(FocusColumn.INVOICE_ID).equals(id))
            .map(row -> new BigDecimal(row.text(FocusColumn.BILLED_COST)))
            .reduce(BigDecimal.ZERO, BigDecimal::add);
    BigDecimal difference = invoice.total().subtract(sum).setScale(SCALE, RoundingMode.UNNECESSARY);
    if (difference.signum() != 0) {
      rows.add(
          common(
                  invoice.tenant().value(),
                  invoice.currency(),
                  invoice.days(),
                  invoice.days(),
                  difference)
              .set(FocusColumn.CHARGE_CATEGORY, "Adjustment")
              .set(FocusColumn.CHARGE_DESCRIPTION, "Rounding of the invoice's lines")
              .set(FocusColumn.CHARGE_FREQUENCY, "One-Time")
              .set(FocusColumn.INVOICE_ID, id));
    }
  }

  private FocusRow row(Row daily) {
    Charge charge = daily.charge();
    Meter meter = charge.meter();
    BigDecimal cost = Money.precisely(daily.units(), charge.priceMicros(), meter, SCALE);
    BigDecimal price = Money.ofMicros(charge.priceMicros()).setScale(SCALE);
    FocusRow row =
        common(daily.tenant().value(), daily.currency(), daily.period(), daily.days(), cost)
            .set(FocusColumn.CHARGE_CATEGORY, "Usage")
            .set(FocusColumn.CHARGE_CLASS, daily.corrects() == 0 ? "" : "Correction")
            .set(FocusColumn.CHARGE_DESCRIPTION, description(daily))
            .set(FocusColumn.CHARGE_FREQUENCY, "Usage-Based")
            .set(FocusColumn.CONSUMED_QUANTITY, scaled(meter.quantity(daily.units())))
            .set(FocusColumn.CONSUMED_UNIT, meter.quantityUnit())
            .set(FocusColumn.PRICING_CATEGORY, "Standard")
            .set(
                FocusColumn.PRICING_QUANTITY,
                BigDecimal.valueOf(daily.units())
                    .divide(
                        BigDecimal.valueOf(meter.unitsPerPrice()), SCALE, RoundingMode.HALF_EVEN))
            .set(FocusColumn.PRICING_UNIT, meter.priceUnit())
            .set(FocusColumn.LIST_UNIT_PRICE, price)
            .set(FocusColumn.CONTRACTED_UNIT_PRICE, price)
            .set(
                FocusColumn.INVOICE_ID,
                daily.invoice() == 0 ? "" : String.valueOf(daily.invoice()));
    return resource(row, charge);
  }

  private static FocusRow resource(FocusRow row, Charge charge) {
    String meter = charge.meter().label();
    String sku = meter + (charge.model().isEmpty() ? "" : ":" + charge.model());
    String resource =
        charge.adapter().isEmpty() ? charge.model() : charge.model() + "/" + charge.adapter();
    if (!resource.isEmpty()) {
      row.set(FocusColumn.RESOURCE_ID, resource)
          .set(FocusColumn.RESOURCE_NAME, resource)
          .set(FocusColumn.RESOURCE_TYPE, charge.adapter().isEmpty() ? "Model" : "Adapter");
    }
    if (!charge.workloadClass().isEmpty()) {
      row.set(
          FocusColumn.TAGS, "{\"cofferdam:workload_class\": \"" + charge.workloadClass() + "\"}");
    }
    return row.set(FocusColumn.SKU_ID, sku)
        .set(FocusColumn.SKU_METER, title(charge.meter()))
        .set(FocusColumn.SKU_PRICE_ID, sku + ":" + charge.above())
        .set(FocusColumn.X_ADAPTER, charge.adapter())
        .set(FocusColumn.X_MODEL, charge.model())
        .set(FocusColumn.X_PRICE_SINCE, charge.version());
  }

  private FocusRow common(
      String tenant, String currency, Days period, Days charged, BigDecimal cost) {
    return new FocusRow()
        .set(FocusColumn.BILLED_COST, cost)
        .set(FocusColumn.EFFECTIVE_COST, cost)
        .set(FocusColumn.LIST_COST, cost)
        .set(FocusColumn.CONTRACTED_COST, cost)
        .set(FocusColumn.BILLING_ACCOUNT_ID, tenant)
        .set(FocusColumn.BILLING_ACCOUNT_NAME, tenant)
        .set(FocusColumn.BILLING_CURRENCY, currency)
        .set(FocusColumn.BILLING_PERIOD_START, period.start())
        .set(FocusColumn.BILLING_PERIOD_END, period.end())
        .set(FocusColumn.CHARGE_PERIOD_START, charged.start())
        .set(FocusColumn.CHARGE_PERIOD_END, charged.end())
        .set(FocusColumn.INVOICE_ISSUER_NAME, provider)
        .set(FocusColumn.PROVIDER_NAME, provider)
        .set(FocusColumn.PUBLISHER_NAME, provider)
        .set(FocusColumn.SERVICE_CATEGORY, "AI and Machine Learning")
        .set(FocusColumn.SERVICE_NAME, SERVICE)
        .set(FocusColumn.SERVICE_SUBCATEGORY, "Generative AI");
  }

  private static String description(Row daily) {
    Charge charge = daily.charge();
    String of = charge.model().isEmpty() ? "" : " of " + charge.model();
    String with = charge.adapter().isEmpty() ? "" : " with " + charge.adapter();
    return title(charge.meter())
        + of
        + with
        + (daily.corrects() == 0 ? "" : ", late for invoice " + daily.corrects());
  }

  private static String title(Meter meter) {
    return Arrays.stream(meter.label().split("_"))
        .map(word -> word.equals("gpu") ? "GPU" : word.equals("gib") ? "GiB" : capital(word))
        .collect(Collectors.joining(" "));
  }

  private static String capital(String word) {
    return Character.toUpperCase(word.charAt(0)) + word.substring(1);
  }

  private static BigDecimal scaled(BigDecimal value) {
    return value.setScale(SCALE, RoundingMode.HALF_EVEN);
  }
}
