package dev.cofferdam.tenancy.mig;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * What an instance is to the GPUs of a node. Two sizes with equal demands can take each other's
 * place everywhere.
 *
 * @param kinds the kinds of GPU of the node
 * @param profiles for each kind the profile's place in the kind's list, -1 where it has none
 * @param needs for each kind the memory slices that the wanted memory needs
 */
record Demand(List<GpuKind> kinds, List<Integer> profiles, List<Integer> needs) {
  static final int NONE = -1;

  /** What fewer kinds can hold first; then by profile, which are listed with the largest first. */
  static final Comparator<Demand> LARGEST_FIRST =
      Comparator.<Demand>comparingLong(Demand::choices)
          .thenComparingInt(Demand::largest)
          .thenComparing(d -> d.profiles.toString())
          .thenComparing(d -> d.needs.toString());

  Demand {
    kinds = List.copyOf(kinds);
    profiles = List.copyOf(profiles);
    needs = List.copyOf(needs);
  }

  static Demand of(Wanted.Size size, List<GpuKind> kinds) {
    List<Integer> profiles = new ArrayList<>();
    List<Integer> needs = new ArrayList<>();
    for (GpuKind kind : kinds) {
      Optional<Profile> profile = kind.profileFor(size);
      profiles.add(profile.map(kind.profiles()::indexOf).orElse(NONE));
      needs.add(profile.isPresent() ? kind.slicesNeeded(size) : 0);
    }
    return new Demand(kinds, profiles, needs);
  }

  /** Whether some GPU has a profile for it. */
  boolean possible() {
    return profiles.stream().anyMatch(p -> p != NONE);
  }

  boolean isOn(GpuKind kind, Profile profile) {
    int index = profiles.get(kinds.indexOf(kind));
    return index != NONE && kind.profiles().get(index).equals(profile);
  }

  private long choices() {
    return profiles.stream().filter(p -> p != NONE).count();
  }

  private int largest() {
    return profiles.stream()
        .filter(p -> p != NONE)
        .mapToInt(p -> p)
        .min()
        .orElse(Integer.MAX_VALUE);
  }
}
