package dev.cofferdam.verification.shares;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SharesTest {
  private static final int SECONDS = 30;

  private static Burst burst(Policy policy, double ratePerSecondA, double ratePerSecondB) {
    return new Burst(policy, ratePerSecondA, ratePerSecondB, false, SECONDS, 5).run();
  }

  private static Burst together(Policy policy) {
    return new Burst(policy, 60, 200, true, SECONDS, 5).run();
  }

  @Test
  void whileBothWaitEachIsServedByItsWeightHoweverMuchOneSends() {
    assertThat(together(Policy.FAIR_1_1).jain()).isGreaterThan(0.99);
    assertThat(together(Policy.FAIR_2_1).jain()).isGreaterThan(0.99);
    assertThat(together(Policy.FIFO).jain()).as("for comparison").isLessThan(0.9);
  }

  @Test
  void aBurstOfAnotherHardlyDelaysATenantThatSendsLittle() {
    double alone = burst(Policy.FAIR_1_1, 10, 0).ttftMs("A", 0.99);
    Burst fair = burst(Policy.FAIR_1_1, 10, 200);
    assertThat(fair.ttftMs("A", 0.99)).isLessThan(1.2 * alone);
    assertThat(fair.preemptions()).isPositive();
    assertThat(burst(Policy.FIFO, 10, 200).ttftMs("A", 0.99))
        .as("for comparison")
        .isGreaterThan(5 * alone);
  }

  @Test
  void theGapOfServiceOfTenantsThatWaitStaysInsideItsBoundWithPreemption() {
    double preemptions = 0;
    for (long seed = 1; seed <= 60; seed++) {
      double[] run = Backlogged.gapOverBound(seed, 20);
      assertThat(run[0]).as("seed %d", seed).isLessThanOrEqualTo(1);
      preemptions += run[1];
    }
    assertThat(preemptions).as("requests were preempted").isGreaterThan(20);
  }

  @Test
  void fourToOneHoldsByWhicheverRouterRequestsComeAndAfterTheSchedulerDied() {
    assertThat(Backlogged.fourToOne(3, 60)).isBetween(3.8, 4.2);
  }
}
