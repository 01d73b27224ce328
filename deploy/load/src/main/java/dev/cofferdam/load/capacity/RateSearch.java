package dev.cofferdam.load.capacity;

import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Looks for the highest rate that keeps the objective: raises it step by step until it breaks, then
 * halves the gap. Tells which rate to try next, and is told what came of it.
 */
public final class RateSearch {
  private static final double RAISE = 1.6;

  /** A gap this small is not worth another step. */
  private static final double GAP = 1.12;

  private final double first;
  private final int stepsMax;
  private int steps;
  private double kept;
  private double broken = Double.POSITIVE_INFINITY;
  private String reason = "";

  /**
   * What was found.
   *
   * @param kept highest rate, as a multiple of the scenario's, that kept the objective; 0: none
   * @param broken lowest rate that broke it; infinite where none did
   * @param reason which bound broke first, at the lowest rate that broke any; empty: none
   */
  public record Estimate(double kept, double broken, String reason) {}

  /**
   * @param first the multiple of the scenario's rate to begin with, above 0
   * @param stepsMax most rates that are tried
   */
  public RateSearch(double first, int stepsMax) {
    if (!(first > 0) || stepsMax < 1) {
      throw new IllegalArgumentException("first and steps (expected: above 0)");
    }
    this.first = first;
    this.stepsMax = stepsMax;
  }

  /** The multiple to try next; empty: the search is over. */
  public OptionalDouble next() {
    if (steps >= stepsMax) {
      return OptionalDouble.empty();
    }
    if (Double.isInfinite(broken)) {
      return OptionalDouble.of(kept == 0 ? first : kept * RAISE);
    }
    if (kept == 0) {
      // The first broke already: below it there may be one that holds.
      return OptionalDouble.of(broken / RAISE);
    }
    return broken / kept <= GAP
        ? OptionalDouble.empty()
        : OptionalDouble.of(Math.sqrt(kept * broken));
  }

  /**
   * What came of a rate.
   *
   * @param brokenBy the bound that broke; empty: the objective was kept
   */
  public void tried(double multiple, Optional<String> brokenBy) {
    steps++;
    if (brokenBy.isEmpty()) {
      kept = Math.max(kept, multiple);
    } else if (multiple < broken) {
      broken = multiple;
      reason = brokenBy.get();
    }
  }

  /** What is known so far. */
  public Estimate estimate() {
    return new Estimate(kept, broken, reason);
  }
}
