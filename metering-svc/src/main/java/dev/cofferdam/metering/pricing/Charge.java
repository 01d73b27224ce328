package dev.cofferdam.metering.pricing;

import java.time.Instant;
import java.util.Comparator;

/**
 * Use that has one price.
 *
 * @param model model id
 * @param adapter adapter name
 * @param workloadClass class of the work
 * @param meter what was used
 * @param version beginning of the prices that count
 * @param above units of the period beyond which the price's step begins
 * @param upTo units at which it ends; {@link Long#MAX_VALUE}: never
 * @param priceMicros millionths of the currency for as many units as the meter says
 */
public record Charge(
    String model,
    String adapter,
    String workloadClass,
    Meter meter,
    Instant version,
    long above,
    long upTo,
    long priceMicros)
    implements Comparable<Charge> {
  private static final Comparator<Charge> ORDER =
      Comparator.comparing(Charge::model)
          .thenComparing(Charge::adapter)
          .thenComparing(Charge::workloadClass)
          .thenComparing(Charge::meter)
          .thenComparing(Charge::version)
          .thenComparing(Charge::above)
          .thenComparing(Charge::upTo)
          .thenComparing(Charge::priceMicros);

  @Override
  public int compareTo(Charge other) {
    return ORDER.compare(this, other);
  }
}
