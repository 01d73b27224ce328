package dev.cofferdam.tenancy.mig;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Says in words why an instance has no place. Compute slices are never what is short by themselves:
 * no instance begins at the eighth memory slice, and none has more compute than memory slices.
 */
final class Shortage {
  private final List<Gpu> gpus;
  private final Map<Gpu, Integer> taken = new LinkedHashMap<>();
  private final List<Plan.Instance> instances;
  private final boolean exact;

  Shortage(List<Gpu> gpus, List<Plan.Instance> instances, boolean exact) {
    this.gpus = gpus;
    this.instances = instances;
    this.exact = exact;
    gpus.forEach(gpu -> taken.put(gpu, 0));
    instances.forEach(i -> taken.merge(i.gpu(), i.profile().mask(i.start()), (a, b) -> a | b));
  }

  String reason(Wanted.Size size, int count) {
    List<GpuKind> kinds =
        gpus.stream()
            .map(Gpu::kind)
            .distinct()
            .filter(k -> k.profileFor(size).isPresent())
            .toList();
    if (kinds.isEmpty()) {
      return noProfile(size);
    }
    List<String> said = new ArrayList<>();
    for (GpuKind kind : kinds) {
      Profile profile = kind.profileFor(size).orElseThrow();
      said.add(shortOf(profile, kind) + ". " + remedy(profile, kind, count));
    }
    return (exact ? "" : "no place was found, though not every way was tried: ")
        + String.join("; or ", said);
  }

  private String noProfile(Wanted.Size size) {
    String elsewhere =
        Arrays.stream(GpuKind.values())
            .filter(kind -> kind.profileFor(size).isPresent())
            .map(kind -> kind.label() + " (" + kind.profileFor(size).orElseThrow().name() + ")")
            .collect(Collectors.joining(" or "));
    String largest =
        gpus.stream()
            .map(gpu -> gpu.kind().profiles().getFirst())
            .max((a, b) -> Integer.compare(a.memoryGb(), b.memoryGb()))
            .map(Profile::name)
            .orElseThrow();
    String here =
        switch (size) {
          case Wanted.Size.Exactly exactly -> "no GPU here has the profile " + exactly.profile();
          case Wanted.Size.AtLeast least ->
              "no GPU here has memory slices for "
                  + least
                  + " in one instance; the largest is "
                  + largest;
        };
    return here
        + ". "
        + (elsewhere.isEmpty()
            ? "No known kind of GPU has one"
            : "It would fit on a GPU of the kind " + elsewhere);
  }

  private String shortOf(Profile profile, GpuKind kind) {
    List<Gpu> of = gpus.stream().filter(gpu -> gpu.kind() == kind).toList();
    String one = profile.name() + " takes " + slices(profile.memorySlices());
    int most = of.stream().mapToInt(gpu -> free(gpu).size()).max().orElse(0);
    if (most < profile.memorySlices()) {
      return "memory slices are short: "
          + one
          + ", and no "
          + kind.label()
          + " has more than "
          + most
          + " free";
    }
    if (profile.media() && of.stream().allMatch(this::mediaTaken)) {
      return "media engines are short: every " + kind.label() + " has one set, and all are taken";
    }
    return "memory slices are free, but not where it may begin: "
        + one
        + " from "
        + profile.starts().stream().map(String::valueOf).collect(Collectors.joining(" or "))
        + " on, and "
        + of.stream()
            .filter(gpu -> free(gpu).size() >= profile.memorySlices())
            .map(gpu -> "GPU " + gpu.index() + " has " + text(free(gpu)) + " free")
            .collect(Collectors.joining(", "));
  }

  private String remedy(Profile profile, GpuKind kind, int count) {
    int more = Math.ceilDiv(count, profile.countMax());
    return "It fits with "
        + more
        + " more "
        + kind.label()
        + (smaller(kind).map(s -> "; the largest that still has a place is " + s).orElse(""));
  }

  /** The largest profile for which there is still a place on this kind. */
  private Optional<String> smaller(GpuKind kind) {
    for (Profile profile : kind.profiles()) {
      for (Gpu gpu : gpus) {
        if (gpu.kind() == kind
            && !profile.media()
            && Layouts.room(profile, taken.getOrDefault(gpu, 0)) > 0) {
          return Optional.of(profile.name() + " on GPU " + gpu.index());
        }
      }
    }
    return Optional.empty();
  }

  private boolean mediaTaken(Gpu gpu) {
    return instances.stream().anyMatch(i -> i.gpu().equals(gpu) && i.profile().media());
  }

  private List<Integer> free(Gpu gpu) {
    int bits = taken.getOrDefault(gpu, 0);
    return IntStream.range(0, GpuKind.MEMORY_SLICES)
        .filter(slice -> (bits >> slice & 1) == 0)
        .boxed()
        .toList();
  }

  private static String text(List<Integer> slices) {
    return slices.stream().map(String::valueOf).collect(Collectors.joining(","));
  }

  private static String slices(int count) {
    return count == 1 ? "1 memory slice" : count + " memory slices";
  }
}
