package dev.cofferdam.scheduler.fairness;

import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Divides a pool among classes: the most urgent class first, with a floor for the others, so that
 * none starves. A class below a waiting, more urgent one is owed its floor's share of everything
 * that is granted meanwhile; while it is owed anything it goes first. Without contention nothing is
 * counted, so that an idle pool can be used by any class without a debt.
 *
 * <p>Over a time of contention a class with floor f gets at least f · granted − (one request).
 *
 * <p>Not thread-safe.
 */
public final class ClassShares {
  private static final double OWED_MAX = 1e6;

  private final Map<WorkloadClass, Double> floors;
  private final Map<WorkloadClass, Double> owed = new EnumMap<>(WorkloadClass.class);

  /**
   * @param floors shares in [0, 1) of the classes below interactive; together below 1
   * @throws IllegalArgumentException where they are not
   */
  public ClassShares(Map<WorkloadClass, Double> floors) {
    double sum = 0;
    for (double floor : floors.values()) {
      if (!(floor >= 0)) {
        throw new IllegalArgumentException("class floor: " + floor + " (expected: 0 to 1)");
      }
      sum += floor;
    }
    if (sum >= 1 || floors.containsKey(WorkloadClass.INTERACTIVE)) {
      throw new IllegalArgumentException(
          "class floors: " + floors + " (expected: standard and batch, together below 1)");
    }
    this.floors = Map.copyOf(floors);
  }

  /** The classes that wait, in the order in which they may be served now. */
  public List<WorkloadClass> order(Set<WorkloadClass> waiting) {
    List<WorkloadClass> order = new ArrayList<>(waiting.size());
    for (WorkloadClass c : WorkloadClass.values()) {
      if (waiting.contains(c) && owed.getOrDefault(c, 0.0) > 0) {
        order.add(c);
      }
    }
    for (WorkloadClass c : WorkloadClass.values()) {
      if (waiting.contains(c) && !order.contains(c)) {
        order.add(c);
      }
    }
    return order;
  }

  /**
   * Counts a grant.
   *
   * @param waiting classes that waited before the grant, the granted one included
   */
  public void granted(WorkloadClass granted, double cost, Set<WorkloadClass> waiting) {
    boolean moreUrgentWaits = false;
    for (WorkloadClass c : WorkloadClass.values()) {
      if (!waiting.contains(c)) {
        continue;
      }
      if (moreUrgentWaits) {
        double due = floors.getOrDefault(c, 0.0) * cost - (c == granted ? cost : 0);
        owed.merge(c, due, (a, b) -> Math.min(OWED_MAX, a + b));
      }
      moreUrgentWaits = true;
    }
  }
}
