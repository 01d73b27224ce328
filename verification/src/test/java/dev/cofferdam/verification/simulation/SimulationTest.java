package dev.cofferdam.verification.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/**
 * The mesh's decisions under faults, from seeds. {@code -Dsimulation.seeds=10000} runs more, {@code
 * -Dsimulation.seed=42} one again.
 */
class SimulationTest {
  private static final int SECONDS = 12;

  @Test
  void whateverFailsEveryRequestEndsOnceWithItsTokensAndNothingIsGrantedTwice() {
    long one = Long.getLong("simulation.seed", 0);
    int seeds = one > 0 ? 1 : Integer.getInteger("simulation.seeds", 300);
    World.Outcome all = new World.Outcome();
    for (long seed = Math.max(1, one); seed < Math.max(1, one) + seeds; seed++) {
      add(all, run(seed));
    }
    System.out.printf(
        "%d seeds: %d requests, %d complete; %d worker, %d scheduler and %d router crashes,"
            + " %d partitions; %d attempts went on, %d preemptions; %d events%n",
        seeds,
        all.requests,
        all.complete,
        all.workerCrashes,
        all.schedulerCrashes,
        all.routerCrashes,
        all.partitions,
        all.continued,
        all.preemptions,
        all.events);
    if (one == 0) {
      assertThat(all.schedulerCrashes).isGreaterThan(seeds / 2);
      assertThat(all.workerCrashes).isGreaterThan(seeds / 2);
      assertThat(all.preemptions).isGreaterThan(seeds / 2);
      assertThat(all.complete).isGreaterThan(all.requests * 3 / 4);
    }
  }

  private static World.Outcome run(long seed) {
    try {
      return new World(seed).run(SECONDS);
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError(
          "seed "
              + seed
              + ", again with: mvn -pl verification -am test -Dtest=SimulationTest"
              + " -Dsurefire.failIfNoSpecifiedTests=false -Dsimulation.seed="
              + seed
              + "\n"
              + e.getMessage(),
          e);
    }
  }

  private static void add(World.Outcome all, World.Outcome one) {
    all.requests += one.requests;
    all.complete += one.complete;
    all.workerCrashes += one.workerCrashes;
    all.schedulerCrashes += one.schedulerCrashes;
    all.routerCrashes += one.routerCrashes;
    all.partitions += one.partitions;
    all.continued += one.continued;
    all.preemptions += one.preemptions;
    all.events += one.events;
  }

  @Test
  void aSeedIsTheSameRunEachTime() {
    World.Outcome first = run(7);
    World.Outcome second = run(7);
    assertThat(second).usingRecursiveComparison().isEqualTo(first);
  }
}
