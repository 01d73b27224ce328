package dev.cofferdam.metering.pricing;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Prices the use of one tenant in one billing period, in the order in which it is added. The volume
 * that decides about the step of a price is what the period has had of a model and a meter so far,
 * over all adapters, classes and versions of prices; what crosses a step is split there. What has
 * no price makes no charge.
 */
public final class Rating {
  private static final Meter[] METERS = Meter.values();

  private final RateCard card;
  private final Map<Counter, Long> counted = new HashMap<>();
  private final SortedMap<Charge, Long> units = new TreeMap<>();

  private record Counter(String model, Meter meter) {}

  /**
   * Units of a charge.
   *
   * @param charge what they cost
   * @param units how many
   */
  public record Part(Charge charge, long units) {}

  public Rating(RateCard card) {
    this.card = card;
  }

  /** Counts units of the period that were priced before. */
  public void resume(String model, Meter meter, long before) {
    counted.merge(new Counter(model, meter), before, Math::addExact);
  }

  /** Prices one use; the parts add up to it, meter by meter. */
  public List<Part> add(Use use) {
    List<Part> parts = new ArrayList<>();
    Prices prices = card.at(use.at());
    for (Meter meter : METERS) {
      long left = use.units(meter);
      if (left > 0) {
        split(use, prices, meter, left, parts);
      }
    }
    parts.forEach(part -> units.merge(part.charge(), part.units(), Math::addExact));
    return parts;
  }

  private void split(Use use, Prices prices, Meter meter, long units, List<Part> parts) {
    List<Step> steps = prices.steps(use.model(), meter);
    if (steps.equals(Step.FREE)) {
      return;
    }
    Counter counter = new Counter(use.model(), meter);
    long from = counted.getOrDefault(counter, 0L);
    long to = Math.addExact(from, units);
    counted.put(counter, to);
    for (int i = 0; i < steps.size(); i++) {
      long above = steps.get(i).above();
      long upTo = i + 1 < steps.size() ? steps.get(i + 1).above() : Long.MAX_VALUE;
      long inStep = Math.min(to, upTo) - Math.max(from, above);
      if (inStep > 0) {
        parts.add(
            new Part(
                new Charge(
                    use.model(),
                    use.adapter(),
                    use.workloadClass(),
                    meter,
                    prices.effective(),
                    above,
                    upTo,
                    steps.get(i).micros()),
                inStep));
      }
    }
  }

  /** Units of each charge so far. */
  public SortedMap<Charge, Long> charges() {
    return new TreeMap<>(units);
  }
}
