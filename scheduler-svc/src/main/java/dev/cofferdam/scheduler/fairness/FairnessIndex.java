package dev.cofferdam.scheduler.fairness;

import java.util.HashMap;
import java.util.Map;

/**
 * How evenly the tenants that wait were served, each by its weight: Jain's index of what each was
 * served in a window, over its weight. 1 is perfectly even; 1/n is all to one of n. Only tenants
 * that waited at every look count: an idle one wants nothing. Fewer than two are even.
 *
 * <p>Source: R. Jain, D. Chiu, W. Hawe, "A Quantitative Measure of Fairness", DEC TR-301, 1984.
 */
public final class FairnessIndex {
  private final int looks;
  private final Map<String, Double> first = new HashMap<>();
  private int seen;
  private double index = 1;

  /**
   * @param looks looks of a window, at least 2
   */
  public FairnessIndex(int looks) {
    if (looks < 2) {
      throw new IllegalArgumentException("looks: " + looks + " (expected: at least 2)");
    }
    this.looks = looks;
  }

  /**
   * Takes a look.
   *
   * @param serviceTimes what each tenant that waits was served so far, over its weight
   */
  public void look(Map<String, Double> serviceTimes) {
    if (seen == 0) {
      first.putAll(serviceTimes);
    } else {
      first.keySet().retainAll(serviceTimes.keySet());
    }
    if (++seen < looks) {
      return;
    }
    index = of(serviceTimes);
    seen = 1;
    first.clear();
    first.putAll(serviceTimes);
  }

  private double of(Map<String, Double> last) {
    double sum = 0;
    double squares = 0;
    for (Map.Entry<String, Double> began : first.entrySet()) {
      double served = Math.max(0, last.getOrDefault(began.getKey(), 0.0) - began.getValue());
      sum += served;
      squares += served * served;
    }
    return first.size() < 2 || squares == 0 ? 1 : sum * sum / (first.size() * squares);
  }

  /** The index of the last window that is over. */
  public double index() {
    return index;
  }
}
