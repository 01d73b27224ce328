package dev.cofferdam.tenancy.mig;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Gives each GPU a packing, or none, at the least cost: dynamic programming over GPUs and how many
 * of each demand are placed so far.
 */
final class Search {
  private static final long UNREACHED = Long.MAX_VALUE;
  private static final int NONE = -1;
  private static final int CELLS_MAX = 4_000_000;

  private Search() {}

  /** How many steps {@link #best} would take at most; the maximum of long for too much memory. */
  static long steps(List<Gpu> gpus, int[] left, Map<GpuKind, List<Packing>> packings) {
    long states = 1;
    for (int count : left) {
      states *= count + 1L;
      if (states * gpus.size() > CELLS_MAX) {
        return Long.MAX_VALUE;
      }
    }
    long packed = 1;
    for (Gpu gpu : gpus) {
      packed += packings.getOrDefault(gpu.kind(), List.of()).size() + 1L;
    }
    return states * packed;
  }

  /**
   * Searches.
   *
   * @return for each GPU the place of its packing in the list of its kind, or -1
   */
  static int[] best(List<Gpu> gpus, int[] left, Map<GpuKind, List<Packing>> packings) {
    int[] radix = new int[left.length];
    int states = 1;
    for (int d = 0; d < left.length; d++) {
      radix[d] = states;
      states *= left[d] + 1;
    }
    int[][] cameBy = new int[gpus.size()][];
    long[] cost = new long[states];
    Arrays.fill(cost, UNREACHED);
    cost[0] = 0;
    for (int g = 0; g < gpus.size(); g++) {
      List<Packing> of = packings.getOrDefault(gpus.get(g).kind(), List.of());
      long[] next = cost.clone();
      int[] by = new int[states];
      Arrays.fill(by, NONE);
      for (int p = 0; p < of.size(); p++) {
        Packing packing = of.get(p);
        int step = offset(packing.counts(), radix);
        long more = price(packing, gpus.get(g).kind());
        for (int state = 0; state + step < states; state++) {
          if (cost[state] != UNREACHED
              && cost[state] + more < next[state + step]
              && fits(state, packing.counts(), left, radix)) {
            next[state + step] = cost[state] + more;
            by[state + step] = p;
          }
        }
      }
      cameBy[g] = by;
      cost = next;
    }
    return traced(gpus, cameBy, cheapest(cost, left, radix), packings, radix);
  }

  private static int[] traced(
      List<Gpu> gpus, int[][] cameBy, int end, Map<GpuKind, List<Packing>> packings, int[] radix) {
    int[] chosen = new int[gpus.size()];
    int state = end;
    for (int g = gpus.size() - 1; g >= 0; g--) {
      chosen[g] = cameBy[g][state];
      if (chosen[g] != NONE) {
        List<Packing> of = packings.getOrDefault(gpus.get(g).kind(), List.of());
        state -= offset(of.get(chosen[g]).counts(), radix);
      }
    }
    return chosen;
  }

  /** The state with most instances placed, and of those the cheapest. */
  private static int cheapest(long[] cost, int[] left, int[] radix) {
    int best = 0;
    int most = 0;
    for (int state = 0; state < cost.length; state++) {
      if (cost[state] != UNREACHED) {
        int placed = 0;
        for (int d = 0; d < left.length; d++) {
          placed += state / radix[d] % (left[d] + 1);
        }
        if (placed > most || (placed == most && cost[state] < cost[best])) {
          best = state;
          most = placed;
        }
      }
    }
    return best;
  }

  private static boolean fits(int state, int[] counts, int[] left, int[] radix) {
    for (int d = 0; d < counts.length; d++) {
      if (counts[d] > 0 && state / radix[d] % (left[d] + 1) + counts[d] > left[d]) {
        return false;
      }
    }
    return true;
  }

  private static int offset(int[] counts, int[] radix) {
    int offset = 0;
    for (int d = 0; d < counts.length; d++) {
      offset += counts[d] * radix[d];
    }
    return offset;
  }

  /** One GPU, then its waste, then its memory, in one number. */
  private static long price(Packing packing, GpuKind kind) {
    return (1L << 40) | ((long) packing.waste() << 20) | kind.memoryGb();
  }
}
