package dev.cofferdam.worker.batching;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** With a machine on which a step of decodes takes 10 ms and each row of a prompt 1 ms more. */
class PrefillPaceTest {
  private static final int ROWS_MAX = 256;
  private final PrefillPace pace = new PrefillPace(ROWS_MAX, 1.5);

  private static long step(int rows) {
    return 10_000_000 + 1_000_000L * rows;
  }

  /** The machine's speed is known, and some time has been saved up. */
  private void learn() {
    pace.settled(8, 0, step(0));
    pace.settled(8, 100, step(100));
    for (int i = 0; i < 200; i++) {
      pace.settled(8, 0, step(0));
    }
  }

  @Test
  void theFirstPromptFindsOutWhatDecodesAndARowCost() {
    assertThat(pace.rows(8, ROWS_MAX - 8, 4_000)).isZero();
    pace.settled(8, 0, step(0));
    assertThat(pace.rows(8, ROWS_MAX - 8, 4_000)).isLessThan(10);
  }

  @Test
  void aLongPromptIsSpreadOutEvenlySoThatOthersStepsTakeHalfAsLongAgainAtMost() {
    learn();
    int left = 4_000;
    while (left > 0) {
      int rows = pace.rows(8, ROWS_MAX - 8, 4_000);
      assertThat(rows).isPositive();
      assertThat(step(rows)).isLessThanOrEqualTo(step(0) * 3 / 2);
      pace.settled(8, rows, step(rows));
      left -= rows;
    }
  }

  @Test
  void aStepThatTookTooLongIsMadeUpForByTheNextOnes() {
    learn();
    long sum = 0;
    Random random = new Random(1);
    for (int i = 0; i < 1_000; i++) {
      int rows = pace.rows(8, ROWS_MAX - 8, 40_000);
      long took = (long) (step(rows) * (random.nextInt(10) == 0 ? 2.5 : 1));
      sum += took;
      pace.settled(8, rows, took);
    }
    assertThat(sum / 1_000.0).isLessThan(1.5 * step(0));
  }

  @Test
  void shortPromptsRunAtOnceUntilWhatIsSavedIsUsedUp() {
    learn();
    for (int i = 0; i < 5; i++) {
      assertThat(pace.rows(8, ROWS_MAX - 8, 50)).isEqualTo(50);
      pace.settled(8, 50, step(50));
    }
    assertThat(pace.rows(8, ROWS_MAX - 8, 50)).isLessThan(10);
  }

  @Test
  void withoutOthersTokensOrABoundAllRoomIsUsed() {
    learn();
    assertThat(pace.rows(0, ROWS_MAX, 4_000)).isEqualTo(ROWS_MAX);

    PrefillPace unbounded = new PrefillPace(ROWS_MAX, Double.POSITIVE_INFINITY);
    unbounded.settled(8, 0, step(0));
    unbounded.settled(8, 100, step(100));
    assertThat(unbounded.rows(8, 200, 4_000)).isEqualTo(200);
  }
}
