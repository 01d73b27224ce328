package dev.cofferdam.tenancy.mig;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class GpuKindTest {
  /** As nvidia-smi mig -lgipp prints it, by NVIDIA's User Guide. */
  private static final List<String> PLACEMENTS =
      List.of(
          "19 {0,1,2,3,4,5,6}:1",
          "20 {0,1,2,3,4,5,6}:1",
          "15 {0,2,4,6}:2",
          "14 {0,2,4}:2",
          "9 {0,4}:4",
          "5 {0}:4",
          "0 {0}:8");

  @Test
  void placementsAreThoseOfTheDriver() {
    for (GpuKind kind : GpuKind.values()) {
      assertThat(kind.profiles().reversed().stream().map(GpuKindTest::placements).toList())
          .as(kind.label())
          .containsExactlyInAnyOrderElementsOf(PLACEMENTS);
    }
  }

  @Test
  void namesAndCountsAreThoseOfTheUserGuide() {
    assertThat(counts(GpuKind.A100_40GB))
        .isEqualTo("7g.40gb 1, 4g.20gb 1, 3g.20gb 2, 2g.10gb 3, 1g.10gb 4, 1g.5gb 7, 1g.5gb+me 1");
    assertThat(counts(GpuKind.A100_80GB))
        .isEqualTo(
            "7g.80gb 1, 4g.40gb 1, 3g.40gb 2, 2g.20gb 3, 1g.20gb 4, 1g.10gb 7, 1g.10gb+me 1");
    assertThat(counts(GpuKind.H100_80GB)).isEqualTo(counts(GpuKind.A100_80GB));
    assertThat(counts(GpuKind.H200_141GB))
        .isEqualTo(
            "7g.141gb 1, 4g.71gb 1, 3g.71gb 2, 2g.35gb 3, 1g.35gb 4, 1g.18gb 7, 1g.18gb+me 1");
  }

  @Test
  void theProfileOfASizeFitsWhereverAnotherThatIsEnoughDoes() {
    for (GpuKind kind : GpuKind.values()) {
      for (int memory = 1; memory <= kind.memoryGb(); memory++) {
        for (int compute = 1; compute <= 7; compute++) {
          Wanted.Size size = new Wanted.Size.AtLeast(memory, compute);
          Profile chosen = kind.profileFor(size).orElseThrow();
          assertThat(BruteForce.enough(chosen, size)).isTrue();
          for (Profile other : kind.profiles()) {
            if (BruteForce.enough(other, size)) {
              assertThat(chosen.starts()).containsAll(other.starts());
              assertThat(chosen.memorySlices()).isLessThanOrEqualTo(other.memorySlices());
              assertThat(chosen.computeSlices()).isLessThanOrEqualTo(other.computeSlices());
            }
          }
        }
      }
    }
  }

  private static String placements(Profile profile) {
    return profile.id()
        + profile.starts().stream()
            .map(String::valueOf)
            .collect(Collectors.joining(",", " {", "}:"))
        + profile.memorySlices();
  }

  private static String counts(GpuKind kind) {
    return kind.profiles().stream()
        .map(p -> p.name() + " " + p.countMax())
        .collect(Collectors.joining(", "));
  }
}
