package dev.cofferdam.metering.invoice;

import dev.cofferdam.metering.pricing.Charge;
import dev.cofferdam.metering.pricing.Money;
import dev.cofferdam.vocabulary.TenantId;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;

/**
 * What a tenant used in a period and what it costs.
 *
 * @param number counted from 1 without gaps; 0: a draft
 * @param tenant whose
 * @param days the period
 * @param issued when it was made
 * @param rateCard id of the rate card
 * @param rateCardRevision its revision
 * @param currency ISO 4217
 * @param priceVersions the moments at which the rate card's prices changed
 * @param lines use of one kind at one price each
 * @param cut what had been recorded when it was made
 */
public record Invoice(
    long number,
    TenantId tenant,
    Days days,
    Instant issued,
    String rateCard,
    long rateCardRevision,
    String currency,
    List<Instant> priceVersions,
    List<Line> lines,
    BilledUse.Cut cut) {
  public Invoice {
    priceVersions = List.copyOf(priceVersions);
    lines = List.copyOf(lines);
  }

  /**
   * A line.
   *
   * @param number from 1
   * @param corrects number of the earlier invoice in whose period the use falls; 0: none
   * @param charge what was used, and its price
   * @param units how much
   */
  public record Line(int number, long corrects, Charge charge, long units) {
    /** What it costs, rounded once. */
    public BigDecimal amount() {
      return Money.of(units, charge.priceMicros(), charge.meter());
    }
  }

  /** Whether it was not issued: it has no number, and what it counts is not cut off. */
  public boolean isDraft() {
    return number == 0;
  }

  /** The same invoice with a number and a time. */
  public Invoice issued(long given, Instant at) {
    return new Invoice(
        given, tenant, days, at, rateCard, rateCardRevision, currency, priceVersions, lines, cut);
  }

  /** The exact sum of its lines. */
  public BigDecimal total() {
    return lines.stream().map(Line::amount).reduce(Money.ZERO, BigDecimal::add);
  }

  /** What is to be paid: the total, rounded once. */
  public BigDecimal due() {
    return Money.due(total(), currency);
  }
}
