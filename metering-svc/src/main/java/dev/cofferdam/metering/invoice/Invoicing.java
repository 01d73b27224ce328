package dev.cofferdam.metering.invoice;

import dev.cofferdam.metering.invoice.BilledUse.Cut;
import dev.cofferdam.metering.invoice.Invoice.Line;
import dev.cofferdam.metering.pricing.Charge;
import dev.cofferdam.metering.pricing.Meter;
import dev.cofferdam.metering.pricing.Prices;
import dev.cofferdam.metering.pricing.RateBook;
import dev.cofferdam.metering.pricing.RateCard;
import dev.cofferdam.metering.pricing.Rating;
import dev.cofferdam.metering.pricing.Step;
import dev.cofferdam.vocabulary.TenantId;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Makes invoices. An invoice holds the use of its period that is recorded when it is made, and, as
 * lines of their own, the use of earlier invoices' periods that has been recorded since the last
 * invoice. The price of late use is that of its time; volumes count on from what the period had.
 */
public final class Invoicing {
  private static final int TRIES = 3;

  private final RateBook rates;
  private final BilledUse uses;
  private final Invoices invoices;
  private final InstantSource clock;

  public Invoicing(RateBook rates, BilledUse uses, Invoices invoices, InstantSource clock) {
    this.rates = rates;
    this.uses = uses;
    this.invoices = invoices;
    this.clock = clock;
  }

  /** What an invoice of some days would say now; {@code Drafted}, or a refusal. */
  public Issue draft(TenantId tenant, Days days) {
    Optional<RateCard> card = rates.of(tenant);
    if (card.isEmpty()) {
      return new Issue.Unpriced();
    }
    List<Invoice> earlier = invoices.of(tenant);
    return overlapping(earlier, days)
        .<Issue>map(Issue.Overlapping::new)
        .orElseGet(
            () -> new Issue.Drafted(make(tenant, days, card.get(), earlier, Cut.EVERYTHING)));
  }

  /** Issues the invoice of some days that are over; {@code Issued}, or a refusal. */
  public Issue issue(TenantId tenant, Days days) {
    if (days.end().isAfter(clock.instant())) {
      return new Issue.NotOver();
    }
    Optional<RateCard> card = rates.of(tenant);
    if (card.isEmpty()) {
      return new Issue.Unpriced();
    }
    for (int i = 0; i < TRIES; i++) {
      List<Invoice> earlier = invoices.of(tenant);
      Optional<Long> overlapping = overlapping(earlier, days);
      if (overlapping.isPresent()) {
        return new Issue.Overlapping(overlapping.get());
      }
      Invoice draft = make(tenant, days, card.get(), earlier, uses.cut());
      long latest = earlier.isEmpty() ? 0 : earlier.getLast().number();
      Optional<Invoices.Stored> stored =
          invoices.append(tenant, latest, number -> draft.issued(number, draft.issued()));
      if (stored.isPresent()) {
        return new Issue.Issued(stored.get());
      }
    }
    return new Issue.Contended();
  }

  /**
   * The use that a line is made of; its units add up to the line's. A draft's line has what is
   * recorded by now.
   *
   * @param offset uses to leave out at the beginning
   * @param most how many
   */
  public List<LineUse> lineUses(Invoice invoice, Line line, long offset, int most) {
    List<LineUse> found = new ArrayList<>();
    long[] skip = {offset};
    Invoice owner =
        line.corrects() == 0 ? invoice : named(invoices.of(invoice.tenant()), line.corrects());
    Cut after = line.corrects() == 0 ? Cut.NOTHING : cutBefore(invoice);
    Rating rating = new Rating(cardOf(invoice, line.corrects()));
    if (line.corrects() != 0) {
      resume(rating, owner, before(invoice));
    }
    uses.read(
        invoice.tenant(),
        owner.days(),
        after,
        invoice.isDraft() ? Cut.EVERYTHING : invoice.cut(),
        recorded -> {
          for (Rating.Part part : rating.add(recorded.use())) {
            if (part.charge().equals(line.charge()) && skip[0]-- <= 0) {
              found.add(new LineUse(recorded.id(), recorded.use().at(), part.units()));
            }
          }
          return found.size() < most;
        });
    return found;
  }

  /**
   * A use and its part in a line.
   *
   * @param id of the use
   * @param at its moment
   * @param units of it that are in the line
   */
  public record LineUse(String id, Instant at, long units) {}

  private Invoice make(TenantId tenant, Days days, RateCard card, List<Invoice> earlier, Cut cut) {
    List<Line> lines = new ArrayList<>();
    Rating rating = new Rating(card);
    read(rating, tenant, days, Cut.NOTHING, cut);
    add(lines, 0, rating.charges());
    for (Invoice corrected : earlier) {
      Rating late = new Rating(card);
      resume(late, corrected, earlier);
      read(late, tenant, corrected.days(), earlier.getLast().cut(), cut);
      add(lines, corrected.number(), late.charges());
    }
    return new Invoice(
        0,
        tenant,
        days,
        clock.instant(),
        card.id(),
        card.revision(),
        card.currency(),
        card.versions().stream().map(Prices::effective).toList(),
        lines,
        cut.equals(Cut.EVERYTHING) ? Cut.NOTHING : cut);
  }

  private void read(Rating rating, TenantId tenant, Days days, Cut after, Cut upTo) {
    uses.read(
        tenant,
        days,
        after,
        upTo,
        recorded -> {
          rating.add(recorded.use());
          return true;
        });
  }

  private static void add(List<Line> lines, long corrects, Map<Charge, Long> charges) {
    charges.forEach(
        (charge, units) -> lines.add(new Line(lines.size() + 1, corrects, charge, units)));
  }

  private static Optional<Long> overlapping(List<Invoice> earlier, Days days) {
    return earlier.stream().filter(e -> e.days().overlaps(days)).map(Invoice::number).findFirst();
  }

  /** Volumes of a corrected invoice's period: its own, and the corrections of it so far. */
  private static void resume(Rating rating, Invoice corrected, List<Invoice> upTo) {
    for (Invoice invoice : upTo) {
      long wanted = invoice.number() == corrected.number() ? 0 : corrected.number();
      if (invoice.number() >= corrected.number()) {
        invoice.lines().stream()
            .filter(line -> line.corrects() == wanted)
            .forEach(
                line -> rating.resume(line.charge().model(), line.charge().meter(), line.units()));
      }
    }
  }

  private List<Invoice> before(Invoice invoice) {
    return invoices.of(invoice.tenant()).stream()
        .filter(other -> invoice.isDraft() || other.number() < invoice.number())
        .toList();
  }

  private Cut cutBefore(Invoice invoice) {
    List<Invoice> before = before(invoice);
    return before.isEmpty() ? Cut.NOTHING : before.getLast().cut();
  }

  private static Invoice named(List<Invoice> all, long number) {
    return all.stream().filter(i -> i.number() == number).findFirst().orElseThrow();
  }

  /**
   * The prices of an invoice's lines: whatever became of its rate card, they say all that is needed
   * to price its use again.
   */
  static RateCard cardOf(Invoice invoice, long corrects) {
    SortedMap<Instant, Map<String, Map<Meter, SortedMap<Long, Step>>>> versions = new TreeMap<>();
    invoice.priceVersions().forEach(version -> versions.put(version, new TreeMap<>()));
    for (Line line : invoice.lines()) {
      if (line.corrects() == corrects) {
        Charge charge = line.charge();
        SortedMap<Long, Step> steps =
            versions
                .computeIfAbsent(charge.version(), v -> new TreeMap<>())
                .computeIfAbsent(charge.model(), m -> new TreeMap<>())
                .computeIfAbsent(charge.meter(), m -> new TreeMap<>());
        steps.putIfAbsent(0L, new Step(0, 0));
        steps.put(charge.above(), new Step(charge.above(), charge.priceMicros()));
        if (charge.upTo() != Long.MAX_VALUE) {
          steps.putIfAbsent(charge.upTo(), new Step(charge.upTo(), 0));
        }
      }
    }
    List<Prices> prices = new ArrayList<>();
    versions.forEach(
        (effective, byModel) -> {
          Map<String, Map<Meter, List<Step>>> lists = new TreeMap<>();
          byModel.forEach(
              (model, meters) -> {
                Map<Meter, List<Step>> ordered = new TreeMap<>();
                meters.forEach((meter, steps) -> ordered.put(meter, List.copyOf(steps.values())));
                lists.put(model, ordered);
              });
          prices.add(new Prices(effective, lists));
        });
    return new RateCard(invoice.rateCard(), invoice.rateCardRevision(), invoice.currency(), prices);
  }
}
