package dev.cofferdam.scheduler.shard;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PoolSimulationTest {
  private static final int SEEDS = 300;

  @Test
  void whateverDiesEveryRequestIsAnsweredOnceAndBilledWhatItsClientGot() {
    int losses = 0;
    int continued = 0;
    int preemptions = 0;
    for (long seed = 1; seed <= SEEDS; seed++) {
      SimulatedPool pool = new SimulatedPool(seed);
      try {
        pool.run(600);
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
      }
      losses += pool.losses;
      continued += pool.continued;
      preemptions += pool.preemptions;
    }
    assertThat(losses).as("workers died").isGreaterThan(SEEDS);
    assertThat(preemptions).as("requests gave way").isGreaterThan(SEEDS);
    assertThat(continued).as("requests went on elsewhere").isGreaterThan(SEEDS);
  }
}
