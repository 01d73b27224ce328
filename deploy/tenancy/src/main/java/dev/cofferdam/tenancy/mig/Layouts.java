package dev.cofferdam.tenancy.mig;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Every set of profiles that one GPU of a kind can hold at once, each with the placement that
 * leaves most room. A set is written as counts, four bits for each profile in the kind's order.
 */
final class Layouts {
  private static final int BITS = 4;

  private final GpuKind kind;
  private final Map<Integer, Layout> byCounts = new HashMap<>();

  /** A placed profile. */
  record Place(Profile profile, int start) {}

  /**
   * @param places in order of starts
   * @param taken memory slices that are taken, as bits
   */
  record Layout(List<Place> places, int taken) {
    Layout {
      places = List.copyOf(places);
    }
  }

  Layouts(GpuKind kind) {
    this.kind = kind;
    from(0, new Layout(List.of(), 0), 0, 0);
  }

  /** What one more of a profile adds to the counts. */
  static int one(int profile) {
    return 1 << (BITS * profile);
  }

  /** Whether a GPU can hold a set. Every part of a set that it can hold, it can hold too. */
  boolean holds(int counts) {
    return byCounts.containsKey(counts);
  }

  /** The best placement of a set that the GPU can hold. */
  Layout layout(int counts) {
    Layout layout = byCounts.get(counts);
    if (layout == null) {
      throw new IllegalArgumentException("no GPU holds this at once");
    }
    return layout;
  }

  private void from(int slice, Layout layout, int counts, int compute) {
    if (slice == GpuKind.MEMORY_SLICES) {
      byCounts.merge(counts, layout, (kept, other) -> roomier(kept, other) ? kept : other);
      return;
    }
    from(slice + 1, layout, counts, compute);
    for (int p = 0; p < kind.profiles().size(); p++) {
      Profile profile = kind.profiles().get(p);
      boolean allowed =
          profile.starts().contains(slice)
              && compute + profile.computeSlices() <= GpuKind.COMPUTE_SLICES
              && (counts >> (BITS * p) & ((1 << BITS) - 1)) < profile.countMax();
      if (allowed) {
        List<Place> places = new ArrayList<>(layout.places());
        places.add(new Place(profile, slice));
        from(
            slice + profile.memorySlices(),
            new Layout(places, layout.taken() | profile.mask(slice)),
            counts + one(p),
            compute + profile.computeSlices());
      }
    }
  }

  /** Whether a layout leaves room for more of the largest profile in which the two differ. */
  private boolean roomier(Layout kept, Layout other) {
    for (Profile profile : kind.profiles()) {
      long difference = room(profile, kept.taken()) - room(profile, other.taken());
      if (difference != 0) {
        return difference > 0;
      }
    }
    return Comparator.<Layout>comparingInt(Layout::taken)
            .thenComparing(layout -> layout.places().toString())
            .compare(kept, other)
        <= 0;
  }

  /** How many of a profile fit beside what is taken: its starts never overlap each other. */
  static long room(Profile profile, int taken) {
    return profile.starts().stream().filter(s -> (profile.mask(s) & taken) == 0).count();
  }
}
