package dev.cofferdam.tenancy.mig;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Instances that one GPU of a kind can hold at once.
 *
 * @param counts of each demand
 * @param layout the set of profiles, as {@link Layouts} writes it
 * @param waste memory slices of the GPU that no wanted memory needs
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody; read in the innermost loop
record Packing(int[] counts, int layout, int waste) {
  /** The one with more of the first demand in which two differ comes first. */
  static final Comparator<Packing> LARGEST_FIRST = (a, b) -> Arrays.compare(b.counts, a.counts);

  /**
   * All packings of at least one and at most the instances that are left.
   *
   * @param kind the place of the layouts' kind in the demands' lists
   */
  static List<Packing> all(Layouts layouts, int kind, List<Demand> demands, int[] left) {
    List<Packing> all = new ArrayList<>();
    add(all, layouts, kind, demands, left, 0, new int[left.length], 0, GpuKind.MEMORY_SLICES);
    return all;
  }

  private static void add(
      List<Packing> all,
      Layouts layouts,
      int kind,
      List<Demand> demands,
      int[] left,
      int demand,
      int[] counts,
      int layout,
      int waste) {
    if (demand == demands.size()) {
      if (layout != 0) {
        all.add(new Packing(counts.clone(), layout, waste));
      }
      return;
    }
    int profile = demands.get(demand).profiles().get(kind);
    int next = layout;
    for (int n = 0; n <= left[demand] && layouts.holds(next); n++) {
      counts[demand] = n;
      int rest = waste - n * demands.get(demand).needs().get(kind);
      add(all, layouts, kind, demands, left, demand + 1, counts, next, rest);
      if (profile == Demand.NONE) {
        break;
      }
      next += Layouts.one(profile);
    }
    counts[demand] = 0;
  }

  void takeFrom(int[] left) {
    for (int d = 0; d < counts.length; d++) {
      left[d] -= counts[d];
    }
  }

  @Override
  public String toString() {
    return Arrays.toString(counts) + " waste " + waste;
  }
}
