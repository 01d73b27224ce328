package dev.cofferdam.scheduler.fairness;

import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.Map;

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
  private static final WorkloadClass[] CLASSES = WorkloadClass.values();

  private final double[] floors = new double[CLASSES.length];
  private final double[] owed = new double[CLASSES.length];

  /**
   * @param floors shares in [0, 1) of the classes below interactive; together below 1
   * @throws IllegalArgumentException where they are not
   */
  public ClassShares(Map<WorkloadClass, Double> floors) {
    double sum = 0;
    for (Map.Entry<WorkloadClass, Double> floor : floors.entrySet()) {
      if (!(floor.getValue() >= 0)) {
        throw new IllegalArgumentException(
            "class floor: " + floor.getValue() + " (expected: 0 to 1)");
      }
      this.floors[floor.getKey().ordinal()] = floor.getValue();
      sum += floor.getValue();
    }
    if (sum >= 1 || floors.containsKey(WorkloadClass.INTERACTIVE)) {
      throw new IllegalArgumentException(
          "class floors: " + floors + " (expected: standard and batch, together below 1)");
    }
  }

  /** The bit of a class in a set of them. */
  public static int bit(WorkloadClass c) {
    return 1 << c.ordinal();
  }

  /**
   * The class that goes first.
   *
   * @param waiting the classes that wait, a bit for each; not empty
   */
  public WorkloadClass first(int waiting) {
    for (WorkloadClass c : CLASSES) {
      if ((waiting & bit(c)) != 0 && owed[c.ordinal()] > 0) {
        return c;
      }
    }
    return CLASSES[Integer.numberOfTrailingZeros(waiting)];
  }

  /**
   * Counts a grant.
   *
   * @param waiting classes that waited before the grant, the granted one included
   */
  public void granted(WorkloadClass granted, double cost, int waiting) {
    int below = waiting & (waiting - 1);
    while (below != 0) {
      int c = Integer.numberOfTrailingZeros(below);
      double due = floors[c] * cost - (c == granted.ordinal() ? cost : 0);
      owed[c] = Math.min(OWED_MAX, owed[c] + due);
      below &= below - 1;
    }
  }
}
