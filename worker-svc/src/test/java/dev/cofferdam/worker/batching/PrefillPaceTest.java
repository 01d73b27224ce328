package dev.cofferdam.worker.batching;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** With a machine on which a step of decodes takes 10 ms and each row of a prompt 1 ms more. */
class PrefillPaceTest {
  private static final int ROWS_MAX = 256;
  private static final int ROWS_MIN = 2;
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

  /** What is saved is used up by prompts of others. */
  private void useUp() {
    while (pace.rows(8, ROWS_MAX - 8, 4_000) > ROWS_MIN) {
      int rows = pace.rows(8, ROWS_MAX - 8, 4_000);
      pace.settled(8, 2 * rows, step(2 * rows));
    }
  }

  @Test
  void aShortPromptRunsAtOnceOnDebtAndTheOthersPayItBack() {
    learn();
    useUp();
    assertThat(pace.rowsOnDebt(ROWS_MAX - 8, 0, 200, 200)).isEqualTo(200);
    pace.settled(8, 200, step(200));
    assertThat(pace.rowsOnDebt(ROWS_MAX - 8, 0, 200, 200))
        .as("a second one goes on as fast as it may without more debt")
        .isLessThan(10);

    int steps = 0;
    for (; pace.rows(8, ROWS_MAX - 8, 4_000) == ROWS_MIN; steps++) {
      pace.settled(8, ROWS_MIN, step(ROWS_MIN));
    }
    assertThat(steps).isGreaterThan(50);
  }

  @Test
  void aPromptThatIsLongerThanAStepRunsOnNoDebt() {
    learn();
    useUp();
    assertThat(pace.rowsOnDebt(ROWS_MAX - 8, 0, ROWS_MAX + 1, 100)).isZero();
    assertThat(pace.rowsOnDebt(ROWS_MAX - 8, 150, 200, 200))
        .as("beside one that has taken most of the debt")
        .isLessThan(10);
  }

  @Test
  void howeverManyPromptsRunOnDebtOthersStepsTakeHalfAsLongAgainOnAverage() {
    learn();
    Random random = new Random(2);
    long sum = 0;
    int steps = 2_000;
    int left = 0;
    for (int i = 0; i < steps; i++) {
      left = left == 0 ? 1 + random.nextInt(ROWS_MAX) : left;
      int onDebt = pace.rowsOnDebt(ROWS_MAX - 8, 0, ROWS_MAX, left);
      int rows = onDebt + Math.max(0, pace.rows(8, ROWS_MAX - 8, 4_000) - onDebt);
      left -= onDebt;
      sum += step(rows);
      pace.settled(8, rows, step(rows));
    }
    assertThat((double) sum / steps).isLessThan(1.5 * step(0));
  }
}
