package dev.cofferdam.metering.invoice;

import dev.cofferdam.mesh.store.View;
import dev.cofferdam.metering.invoice.BilledUse.Cut;
import dev.cofferdam.metering.invoice.BilledUse.Recorded;
import dev.cofferdam.metering.invoice.Invoice.Line;
import dev.cofferdam.metering.pricing.Charge;
import dev.cofferdam.metering.pricing.RateBook;
import dev.cofferdam.metering.pricing.RateCard;
import dev.cofferdam.metering.pricing.Rating;
import dev.cofferdam.vocabulary.TenantId;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * What tenants are charged, day by day. Days that are on an invoice have what it says; other days
 * what an invoice of the rest of their month would say now.
 */
public final class DailyCharges {
  private final RateBook rates;
  private final BilledUse uses;
  private final Invoices invoices;

  public DailyCharges(RateBook rates, BilledUse uses, Invoices invoices) {
    this.rates = rates;
    this.uses = uses;
    this.invoices = invoices;
  }

  /** How use is read. */
  public enum Grain {
    /** Event by event: the days of an invoice add up to its lines. */
    EVENTS,
    /**
     * By sums of hours, which is far faster. Where a step of a price is crossed, adapters and
     * classes of the same hour may have other parts of it; models have the same.
     */
    HOURS
  }

  /**
   * A charge of a day.
   *
   * @param tenant whose
   * @param days the day; of a correction, the corrected invoice's days
   * @param period days of the invoice, or of what would be one
   * @param invoice its number; 0: not issued
   * @param corrects number of the invoice that is corrected; 0: none
   * @param currency ISO 4217
   * @param charge what was used, and its price
   * @param units how much
   */
  public record Row(
      TenantId tenant,
      Days days,
      Days period,
      long invoice,
      long corrects,
      String currency,
      Charge charge,
      long units) {}

  /**
   * The charges of some days. Tenants without a rate card have none. Corrections are with the last
   * day of the invoice that they are on.
   */
  public List<Row> of(View view, Days range, Grain grain) {
    List<Row> rows = new ArrayList<>();
    for (TenantId tenant : uses.tenants(view, range)) {
      List<Invoice> issued = invoices.of(tenant);
      for (Invoice invoice : issued) {
        if (invoice.days().overlaps(range)) {
          ofInvoice(invoice, issued, range, grain, rows);
        }
      }
      Optional<RateCard> card = rates.of(tenant);
      if (card.isPresent()) {
        for (Days open : open(issued, range)) {
          collect(
              new Batch(tenant, open, open, 0, card.get(), Cut.NOTHING, Cut.EVERYTHING),
              range,
              grain,
              rows);
        }
      }
    }
    return rows;
  }

  private record Batch(
      TenantId tenant, Days days, Days period, long invoice, RateCard card, Cut after, Cut upTo) {}

  private void ofInvoice(
      Invoice invoice, List<Invoice> all, Days range, Grain grain, List<Row> rows) {
    if (invoice.lines().stream().anyMatch(line -> line.corrects() == 0)) {
      collect(
          new Batch(
              invoice.tenant(),
              invoice.days(),
              invoice.days(),
              invoice.number(),
              Invoicing.cardOf(invoice, 0),
              Cut.NOTHING,
              invoice.cut()),
          range,
          grain,
          rows);
    }
    LocalDate last = invoice.days().to().minusDays(1);
    if (last.isBefore(range.from()) || !last.isBefore(range.to())) {
      return;
    }
    for (Line line : invoice.lines()) {
      all.stream()
          .filter(other -> other.number() == line.corrects())
          .forEach(
              corrected ->
                  rows.add(
                      new Row(
                          invoice.tenant(),
                          corrected.days(),
                          invoice.days(),
                          invoice.number(),
                          corrected.number(),
                          invoice.currency(),
                          line.charge(),
                          line.units())));
    }
  }

  /** Prices a whole period, as volumes count from its beginning, and keeps the days in range. */
  private void collect(Batch batch, Days range, Grain grain, List<Row> rows) {
    Rating rating = new Rating(batch.card());
    TreeMap<LocalDate, Map<Charge, Long>> byDay = new TreeMap<>();
    Predicate<Recorded> sink =
        recorded -> {
          LocalDate day = LocalDate.ofInstant(recorded.use().at(), ZoneOffset.UTC);
          for (Rating.Part part : rating.add(recorded.use())) {
            byDay
                .computeIfAbsent(day, d -> new TreeMap<>())
                .merge(part.charge(), part.units(), Math::addExact);
          }
          return true;
        };
    if (grain == Grain.EVENTS) {
      uses.read(batch.tenant(), batch.days(), batch.after(), batch.upTo(), sink);
    } else {
      uses.readHours(batch.tenant(), batch.days(), batch.after(), batch.upTo(), sink);
    }
    byDay
        .subMap(range.from(), range.to())
        .forEach(
            (day, charges) ->
                charges.forEach(
                    (charge, units) ->
                        rows.add(
                            new Row(
                                batch.tenant(),
                                new Days(day, day.plusDays(1)),
                                batch.period(),
                                batch.invoice(),
                                0,
                                batch.card().currency(),
                                charge,
                                units))));
  }

  /** Parts of the range's months that are on no invoice. */
  private static List<Days> open(List<Invoice> issued, Days range) {
    List<Days> open = new ArrayList<>();
    LocalDate month = range.from().withDayOfMonth(1);
    for (; month.isBefore(range.to()); month = month.plusMonths(1)) {
      LocalDate start = month;
      for (LocalDate day = month; day.isBefore(month.plusMonths(1)); day = day.plusDays(1)) {
        Days one = new Days(day, day.plusDays(1));
        if (issued.stream().anyMatch(invoice -> invoice.days().overlaps(one))) {
          add(open, start, day, range);
          start = day.plusDays(1);
        }
      }
      add(open, start, month.plusMonths(1), range);
    }
    return open;
  }

  private static void add(List<Days> open, LocalDate start, LocalDate end, Days range) {
    if (start.isBefore(end) && new Days(start, end).overlaps(range)) {
      open.add(new Days(start, end));
    }
  }
}
