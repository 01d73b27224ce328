package dev.cofferdam.worker.lease;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SchedulerTurnsTest {
  private static final int SEEDS = 1_000;

  /** Milliseconds that a pause takes at most. */
  private static final long PAUSE_MS_MAX = 250;

  private final SplittableRandom random = new SplittableRandom(1);

  @Test
  void allSchedulersAreTriedOneRightAfterTheOtherBeforeAPause() {
    SchedulerTurns turns = new SchedulerTurns(3);
    turns.next();
    turns.answered();
    assertThat(turns.failed(random)).as("a lost session is not opened at once").isPositive();
    for (int round = 0; round < 3; round++) {
      assertThat(turns.next()).isEqualTo(1);
      assertThat(turns.failed(random)).isZero();
      assertThat(turns.next()).isEqualTo(2);
      assertThat(turns.failed(random)).isZero();
      assertThat(turns.next()).isZero();
      assertThat(turns.failed(random)).isBetween(25L, PAUSE_MS_MAX);
    }
  }

  @Test
  void pausesGrowUntilASchedulerAnswers() {
    SchedulerTurns turns = new SchedulerTurns(1);
    for (long longest : new long[] {50, 100, 200, 250, 250}) {
      turns.next();
      assertThat(turns.failed(random)).isBetween(longest / 2, longest);
    }
    turns.next();
    turns.answered();
    assertThat(turns.failed(random)).isBetween(25L, 50L);
  }

  /** In virtual time: a try of a scheduler takes a while on a busy machine, too. */
  @Test
  void aWorkerHasItsNewLeaderOnePauseAndOneRoundOfTriesAfterItTookOver() {
    for (int seed = 0; seed < SEEDS; seed++) {
      SplittableRandom world = new SplittableRandom(seed);
      int schedulers = world.nextInt(2, 6);
      int leader = world.nextInt(schedulers);
      long leadsAtMs = world.nextLong(5_000);
      long tryMsMax = world.nextLong(1, 200);
      SchedulerTurns turns = new SchedulerTurns(schedulers);
      long nowMs = 0;
      while (true) {
        boolean answered = turns.next() == leader && nowMs >= leadsAtMs;
        nowMs += world.nextLong(tryMsMax) + 1;
        if (answered) {
          break;
        }
        nowMs += turns.failed(world);
      }
      assertThat(nowMs - leadsAtMs)
          .as("seed %d", seed)
          .isLessThanOrEqualTo(PAUSE_MS_MAX + (schedulers + 1) * tryMsMax);
    }
  }
}
