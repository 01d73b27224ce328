package dev.cofferdam.tenancy.mig;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The kinds of GPU with their profiles and placements.
 *
 * <p>Sources: NVIDIA Multi-Instance GPU User Guide, "Supported MIG Profiles" (names, slices and
 * instances available of A100, H100 and H200) and "Getting Started with MIG" (ids and starts as
 * {@code nvidia-smi mig -lgip} and {@code -lgipp} print them); names and maxima also as in
 * NVIDIA/mig-parted, deployments/systemd/config-default.yaml. The four kinds differ in memory only:
 * ids, slices and starts are the same.
 */
public enum GpuKind {
  /** A100, 40 GB. */
  A100_40GB("A100-40GB", 40, 5, 10, 20),
  /** A100, 80 GB. */
  A100_80GB("A100-80GB", 80, 10, 20, 40),
  /** H100, 80 GB (not the 94 GB and 96 GB variants). */
  H100_80GB("H100-80GB", 80, 10, 20, 40),
  /** H200, 141 GB. */
  H200_141GB("H200-141GB", 141, 18, 35, 71);

  /** Compute slices of a GPU. */
  public static final int COMPUTE_SLICES = 7;

  /** Memory slices of a GPU. */
  public static final int MEMORY_SLICES = 8;

  private final String label;
  private final int memoryGb;
  private final List<Profile> profiles;

  GpuKind(String label, int memoryGb, int eighthGb, int quarterGb, int halfGb) {
    this.label = label;
    this.memoryGb = memoryGb;
    List<Integer> anywhere = List.of(0, 1, 2, 3, 4, 5, 6);
    String one = "1g." + eighthGb + "gb";
    this.profiles =
        List.of(
            new Profile("7g." + memoryGb + "gb", 0, 7, 8, memoryGb, 1, List.of(0), false),
            new Profile("4g." + halfGb + "gb", 5, 4, 4, halfGb, 1, List.of(0), false),
            new Profile("3g." + halfGb + "gb", 9, 3, 4, halfGb, 2, List.of(0, 4), false),
            new Profile("2g." + quarterGb + "gb", 14, 2, 2, quarterGb, 3, List.of(0, 2, 4), false),
            new Profile(
                "1g." + quarterGb + "gb", 15, 1, 2, quarterGb, 4, List.of(0, 2, 4, 6), false),
            new Profile(one, 19, 1, 1, eighthGb, 7, anywhere, false),
            new Profile(one + "+me", 20, 1, 1, eighthGb, 1, anywhere, true));
  }

  /** Its name in commands and files, such as {@code H100-80GB}. */
  public String label() {
    return label;
  }

  /** Memory of the whole GPU. */
  public int memoryGb() {
    return memoryGb;
  }

  /** The profiles, largest first. */
  public List<Profile> profiles() {
    return profiles;
  }

  /** The kind of a label, in any case. */
  public static Optional<GpuKind> of(String label) {
    return Arrays.stream(values())
        .filter(kind -> kind.label.equals(label.toUpperCase(Locale.ROOT)))
        .findFirst();
  }

  /** All labels, for messages. */
  public static String labels() {
    return Arrays.stream(values()).map(GpuKind::label).collect(Collectors.joining(", "));
  }

  /**
   * The profile that an instance of a size gets on this kind: of those with enough memory and
   * compute the one with the fewest memory slices, then compute slices. It can begin wherever
   * another that is enough can, and takes no slice that the other does not: a larger one never fits
   * better. Media engines are only given by name.
   *
   * @return empty where no instance of this kind is enough
   */
  public Optional<Profile> profileFor(Wanted.Size size) {
    return switch (size) {
      case Wanted.Size.Exactly exactly ->
          profiles.stream().filter(p -> p.name().equals(exactly.profile())).findFirst();
      case Wanted.Size.AtLeast least ->
          profiles.stream()
              .filter(p -> !p.media())
              .filter(p -> p.memoryGb() >= least.memoryGb())
              .filter(p -> p.computeSlices() >= least.computeSlices())
              .min(
                  Comparator.comparingInt(Profile::memorySlices)
                      .thenComparingInt(Profile::computeSlices));
    };
  }

  /** The memory slices that an instance of a size needs for its memory alone. */
  int slicesNeeded(Wanted.Size size) {
    return switch (size) {
      case Wanted.Size.Exactly exactly -> profileFor(exactly).orElseThrow().memorySlices();
      case Wanted.Size.AtLeast least ->
          profileFor(new Wanted.Size.AtLeast(least.memoryGb(), 1)).orElseThrow().memorySlices();
    };
  }
}
