package dev.cofferdam.tenancy.mig;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.vocabulary.TenantId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PlannerTest {
  private static final int[] MEMORY_GB = {
    1, 5, 6, 10, 12, 18, 20, 21, 35, 40, 41, 71, 80, 100, 141
  };

  @Test
  void plansOfOneAndTwoGpusAreAsGoodAsTheBestOfAllPlacements() {
    for (int seed = 0; seed < 400; seed++) {
      RandomGenerator random = new Random(seed);
      List<Gpu> gpus = gpus(random, 1 + random.nextInt(2));
      List<Wanted> wanted = wanted(random, gpus, gpus.size() == 1 ? 9 : 6);

      Plan plan = new Planner().plan(gpus, wanted);

      assertLegal(plan, wanted, "seed " + seed);
      assertThat(plan.exact()).isTrue();
      List<Wanted.Size> sizes =
          wanted.stream().flatMap(w -> Collections.nCopies(w.count(), w.size()).stream()).toList();
      assertThat(BruteForce.worth(plan))
          .as("seed %d: %s on %s gives %s", seed, wanted, gpus, plan)
          .isEqualTo(new BruteForce(gpus, sizes).best());
    }
  }

  @Test
  void aPlanThatIsNotSearchedForIsLegalAndNeverBetterThanTheExactOne() {
    int complete = 0;
    int missed = 0;
    int proved = 0;
    for (int seed = 0; seed < 200; seed++) {
      RandomGenerator random = new Random(seed);
      List<Gpu> gpus = gpus(random, 1 + random.nextInt(4));
      List<Wanted> wanted = wanted(random, gpus, 4 * gpus.size());

      Plan exact = new Planner().plan(gpus, wanted);
      Plan plan = new Planner(0).plan(gpus, wanted);

      assertLegal(plan, wanted, "seed " + seed);
      proved += plan.exact() ? 1 : 0;
      if (plan.exact()) {
        assertThat(BruteForce.worth(plan)).as("seed " + seed).isEqualTo(BruteForce.worth(exact));
      }
      assertThat(BruteForce.worth(plan))
          .as("seed " + seed)
          .isLessThanOrEqualTo(BruteForce.worth(exact));
      complete += exact.complete() ? 1 : 0;
      missed += exact.complete() && !plan.complete() ? 1 : 0;
    }
    assertThat(complete).isGreaterThan(20);
    assertThat(missed).isLessThanOrEqualTo(complete / 20);
    assertThat(proved).isBetween(10, 190);
  }

  @Test
  void aNodeAtTheBoundOfGpusIsFilledToTheLastSlice() {
    List<Gpu> gpus = gpus(GpuKind.H100_80GB, Planner.GPUS_MAX);
    List<Wanted> wanted =
        List.of(
            exactly("a", "1g.10gb", 112),
            exactly("b", "4g.40gb", 16),
            exactly("c", "3g.40gb", 48),
            exactly("d", "2g.20gb", 48));

    Plan plan = new Planner().plan(gpus, wanted);

    assertLegal(plan, wanted, "full");
    assertThat(plan.unplaced()).isEmpty();
    assertThat(plan.gpusUsed()).isLessThanOrEqualTo(64);
  }

  @Test
  void theSameQuestionHasTheSameAnswer() {
    RandomGenerator random = new Random(7);
    List<Gpu> gpus = gpus(random, 4);
    List<Wanted> wanted = wanted(random, gpus, 12);

    assertThat(new Planner().plan(gpus, wanted)).isEqualTo(new Planner().plan(gpus, wanted));
  }

  @Test
  void everyGpuHoldsAsManyOfAProfileAsIsPublishedAndNoMore() {
    for (GpuKind kind : GpuKind.values()) {
      for (Profile profile : kind.profiles()) {
        Plan plan =
            new Planner()
                .plan(gpus(kind, 1), List.of(exactly("a", profile.name(), profile.countMax() + 1)));

        assertThat(plan.instances()).as(kind + " " + profile).hasSize(profile.countMax());
        assertThat(plan.unplaced()).hasSize(1);
      }
    }
  }

  @Test
  void aGpuHoldsTheGeometriesOfTheUserGuide() {
    for (List<String> geometry :
        List.of(
            List.of("4g.20gb", "3g.20gb"),
            List.of("4g.20gb", "2g.10gb", "1g.5gb"),
            List.of("3g.20gb", "2g.10gb", "1g.5gb", "1g.5gb"),
            List.of("2g.10gb", "1g.5gb", "1g.5gb", "1g.5gb", "1g.5gb", "1g.5gb"),
            List.of("2g.10gb", "2g.10gb", "2g.10gb", "1g.5gb"),
            List.of("1g.5gb+me", "1g.5gb", "1g.5gb", "1g.5gb", "1g.5gb", "1g.5gb", "1g.5gb"))) {
      List<Wanted> wanted = geometry.stream().map(profile -> exactly("a", profile, 1)).toList();

      assertThat(new Planner().plan(gpus(GpuKind.A100_40GB, 1), wanted).complete())
          .as(geometry.toString())
          .isTrue();
    }
  }

  @Test
  void aGpuDoesNotHoldMoreThanItsSlices() {
    for (List<String> geometry :
        List.of(
            List.of("4g.20gb", "4g.20gb"),
            List.of("3g.20gb", "3g.20gb", "1g.5gb"),
            List.of("4g.20gb", "3g.20gb", "1g.5gb"),
            List.of("7g.40gb", "1g.5gb"),
            List.of("2g.10gb", "2g.10gb", "2g.10gb", "2g.10gb"))) {
      List<Wanted> wanted = geometry.stream().map(profile -> exactly("a", profile, 1)).toList();

      assertThat(new Planner().plan(gpus(GpuKind.A100_40GB, 1), wanted).complete())
          .as(geometry.toString())
          .isFalse();
    }
  }

  @Test
  void aSmallInstanceStandsWhereItLeavesRoomForLargeOnes() {
    Plan plan = new Planner().plan(gpus(GpuKind.H100_80GB, 1), List.of(atLeast("a", 10, 1, 1)));

    assertThat(plan.instances().getFirst().start()).isEqualTo(6);
  }

  @Test
  void theSmallestGpuThatIsEnoughIsTaken() {
    List<Gpu> gpus = List.of(new Gpu(0, GpuKind.H200_141GB), new Gpu(1, GpuKind.A100_40GB));

    Plan plan = new Planner().plan(gpus, List.of(atLeast("a", 40, 7, 1)));

    assertThat(plan.instances().getFirst().gpu().index()).isEqualTo(1);
  }

  @Test
  void whatIsTooLargeForAnyGpuSaysWhereItWouldFit() {
    Plan plan = new Planner().plan(gpus(GpuKind.A100_40GB, 2), List.of(atLeast("a", 60, 2, 1)));

    assertThat(plan.unplaced().getFirst().reason())
        .isEqualTo(
            "no GPU here has memory slices for 60 GB and 2/7 compute in one instance; the largest is"
                + " 7g.40gb. It would fit on a GPU of the kind A100-80GB (7g.80gb) or H100-80GB"
                + " (7g.80gb) or H200-141GB (3g.71gb)");
  }

  @Test
  void missingMemorySlicesAreNamedWithWhatWouldHelp() {
    Plan plan =
        new Planner()
            .plan(
                gpus(GpuKind.H100_80GB, 1),
                List.of(
                    exactly("a", "4g.40gb", 1),
                    exactly("b", "2g.20gb", 1),
                    exactly("c", "3g.40gb", 1)));

    assertThat(plan.instances()).hasSize(2);
    assertThat(plan.unplaced()).hasSize(1);
    assertThat(plan.unplaced().getFirst().reason())
        .startsWith("memory slices are short: ")
        .contains("1 more H100-80GB");
  }

  @Test
  void missingStartsAndMediaEnginesAreNamed() {
    Plan starts =
        new Planner()
            .plan(
                gpus(GpuKind.H100_80GB, 1),
                List.of(exactly("a", "1g.10gb", 7), exactly("b", "1g.10gb", 1)));
    Plan media =
        new Planner().plan(gpus(GpuKind.H100_80GB, 1), List.of(exactly("a", "1g.10gb+me", 2)));

    assertThat(starts.unplaced().getFirst().reason())
        .contains("not where it may begin")
        .contains("GPU 0 has 7 free");
    assertThat(media.unplaced().getFirst().reason())
        .startsWith("media engines are short")
        .contains("the largest that still has a place is 4g.40gb on GPU 0");
  }

  @Test
  void twoGpusWithOneIndexAndNoGpuAreRefused() {
    Gpu gpu = new Gpu(3, GpuKind.A100_40GB);

    assertThatThrownBy(() -> new Planner().plan(List.of(gpu, gpu), List.of()))
        .hasMessage("two GPUs have the index 3");
    assertThatThrownBy(() -> new Planner().plan(List.of(), List.of()))
        .hasMessage("GPUs: 0 (expected: 1 to 64)");
  }

  private static void assertLegal(Plan plan, List<Wanted> wanted, String which) {
    Map<Gpu, Integer> taken = new HashMap<>();
    Map<Gpu, Integer> compute = new HashMap<>();
    Map<Gpu, Integer> media = new HashMap<>();
    for (Plan.Instance one : plan.instances()) {
      assertThat(one.gpu().kind().profiles()).as(which).contains(one.profile());
      assertThat(one.profile().starts()).as(which).contains(one.start());
      assertThat(BruteForce.enough(one.profile(), one.size())).as(which).isTrue();
      for (int slice = one.start(); slice < one.start() + one.profile().memorySlices(); slice++) {
        int bit = 1 << slice;
        assertThat(taken.getOrDefault(one.gpu(), 0) & bit).as(which + ": overlap").isZero();
        assertThat(slice).as(which).isLessThan(8);
        taken.merge(one.gpu(), bit, Integer::sum);
      }
      compute.merge(one.gpu(), one.profile().computeSlices(), Integer::sum);
      media.merge(one.gpu(), one.profile().media() ? 1 : 0, Integer::sum);
    }
    assertThat(compute.values()).as(which).allMatch(slices -> slices <= 7);
    assertThat(media.values()).as(which).allMatch(sets -> sets <= 1);
    assertThat(plan.gpusUsed()).as(which).isEqualTo(taken.size());
    Map<String, Integer> asked = new HashMap<>();
    wanted.forEach(w -> asked.merge(w.tenant() + " " + w.size(), w.count(), Integer::sum));
    Map<String, Integer> answered = new HashMap<>();
    plan.instances().forEach(i -> answered.merge(i.tenant() + " " + i.size(), 1, Integer::sum));
    plan.unplaced()
        .forEach(u -> answered.merge(u.tenant() + " " + u.size(), u.count(), Integer::sum));
    assertThat(answered).as(which).isEqualTo(asked);
    assertThat(plan.unplaced()).as(which).allMatch(u -> !u.reason().isBlank());
  }

  private static List<Gpu> gpus(GpuKind kind, int count) {
    return IntStream.range(0, count).mapToObj(i -> new Gpu(i, kind)).toList();
  }

  private static List<Gpu> gpus(RandomGenerator random, int count) {
    boolean mixed = random.nextBoolean();
    GpuKind one = GpuKind.values()[random.nextInt(4)];
    return IntStream.range(0, count)
        .mapToObj(i -> new Gpu(i, mixed ? GpuKind.values()[random.nextInt(4)] : one))
        .toList();
  }

  private static List<Wanted> wanted(RandomGenerator random, List<Gpu> gpus, int instancesMax) {
    List<Wanted> wanted = new ArrayList<>();
    int left = 1 + random.nextInt(instancesMax);
    while (left > 0) {
      int count = 1 + random.nextInt(Math.min(left, 3));
      left -= count;
      String tenant = "t" + random.nextInt(3);
      if (random.nextInt(3) == 0) {
        List<Profile> profiles = gpus.get(random.nextInt(gpus.size())).kind().profiles();
        wanted.add(exactly(tenant, profiles.get(random.nextInt(profiles.size())).name(), count));
      } else {
        int largest = random.nextInt(4) == 0 ? MEMORY_GB.length : 8;
        int memory = MEMORY_GB[random.nextInt(largest)];
        wanted.add(atLeast(tenant, memory, 1 + random.nextInt(random.nextInt(7) + 1), count));
      }
    }
    return wanted;
  }

  static Wanted exactly(String tenant, String profile, int count) {
    return new Wanted(new TenantId(tenant), new Wanted.Size.Exactly(profile), count);
  }

  static Wanted atLeast(String tenant, int memoryGb, int compute, int count) {
    return new Wanted(new TenantId(tenant), new Wanted.Size.AtLeast(memoryGb, compute), count);
  }
}
