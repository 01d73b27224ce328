package dev.cofferdam.tenancy.mig;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Tries every legal placement of every instance, with every profile that is enough, on one or two
 * GPUs.
 */
final class BruteForce {
  private static final long PLACED = 1L << 40;
  private static final long GPU = 1L << 30;
  private static final long SLICE = 1L << 20;

  private final List<Gpu> gpus;
  private final List<Wanted.Size> sizes;
  private final Map<Long, Long> known = new HashMap<>();

  BruteForce(List<Gpu> gpus, List<Wanted.Size> sizes) {
    if (gpus.size() > 2) {
      throw new IllegalArgumentException("at most two GPUs");
    }
    this.gpus = gpus;
    this.sizes = sizes;
  }

  /** What the best plan is worth: more placed, fewer GPUs, less waste, less memory is more. */
  long best() {
    return from(0, new int[2], new int[2], new int[2]);
  }

  /** The same worth of a plan. */
  static long worth(Plan plan) {
    long memory = plan.used().stream().mapToLong(gpu -> gpu.kind().memoryGb()).sum();
    return plan.instances().size() * PLACED
        - plan.gpusUsed() * GPU
        - plan.wastedMemorySlices() * SLICE
        - memory;
  }

  private long from(int i, int[] taken, int[] compute, int[] media) {
    if (i == sizes.size()) {
      long worth = 0;
      for (int g = 0; g < gpus.size(); g++) {
        if (taken[g] != 0) {
          worth -= GPU + 8 * SLICE + gpus.get(g).kind().memoryGb();
        }
      }
      return worth;
    }
    long key = i;
    for (int g = 0; g < 2; g++) {
      key = key << 8 | taken[g];
      key = key << 3 | compute[g];
      key = key << 1 | media[g];
    }
    Long before = known.get(key);
    if (before != null) {
      return before;
    }
    long best = from(i + 1, taken, compute, media);
    for (int g = 0; g < gpus.size(); g++) {
      for (Profile profile : gpus.get(g).kind().profiles()) {
        if (enough(profile, sizes.get(i)) && (!profile.media() || media[g] == 0)) {
          for (int start : profile.starts()) {
            best = Math.max(best, placed(i, g, profile, start, taken, compute, media));
          }
        }
      }
    }
    known.put(key, best);
    return best;
  }

  private long placed(
      int i, int g, Profile profile, int start, int[] taken, int[] compute, int[] media) {
    int mask = 0;
    for (int slice = start; slice < start + profile.memorySlices(); slice++) {
      mask |= 1 << slice;
    }
    if ((taken[g] & mask) != 0 || compute[g] + profile.computeSlices() > 7) {
      return Long.MIN_VALUE;
    }
    taken[g] |= mask;
    compute[g] += profile.computeSlices();
    media[g] += profile.media() ? 1 : 0;
    long worth =
        PLACED
            + need(gpus.get(g).kind(), sizes.get(i)) * SLICE
            + from(i + 1, taken, compute, media);
    taken[g] &= ~mask;
    compute[g] -= profile.computeSlices();
    media[g] -= profile.media() ? 1 : 0;
    return worth;
  }

  static boolean enough(Profile profile, Wanted.Size size) {
    return switch (size) {
      case Wanted.Size.Exactly exactly -> profile.name().equals(exactly.profile());
      case Wanted.Size.AtLeast least ->
          !profile.media()
              && profile.memoryGb() >= least.memoryGb()
              && profile.computeSlices() >= least.computeSlices();
    };
  }

  private static int need(GpuKind kind, Wanted.Size size) {
    int fewest = 8;
    for (Profile profile : kind.profiles()) {
      boolean holds =
          switch (size) {
            case Wanted.Size.Exactly exactly -> profile.name().equals(exactly.profile());
            case Wanted.Size.AtLeast least -> profile.memoryGb() >= least.memoryGb();
          };
      if (holds) {
        fewest = Math.min(fewest, profile.memorySlices());
      }
    }
    return fewest;
  }
}
