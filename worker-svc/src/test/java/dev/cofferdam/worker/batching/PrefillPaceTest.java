package dev.cofferdam.worker.batching;

import static org.assertj.core.api.Assertions.assertThat;

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
  void aLongPromptIsSpreadOutSoThatOthersStepsTakeHalfAsLongAgainAtMost() {
    learn();
    int slow = 0;
    for (int i = 0; i < 1_000; i++) {
      int rows = pace.rows(8, ROWS_MAX - 8);
      assertThat(rows).isPositive();
      slow += step(rows) > 1.5 * step(0) ? 1 : 0;
      pace.settled(8, rows, step(rows));
    }
    assertThat(slow).isBetween(1, 9);
  }

  @Test
  void aShortPromptRunsAtOnce() {
    learn();
    assertThat(pace.rows(8, ROWS_MAX - 8)).isEqualTo(ROWS_MAX - 8);
  }

  @Test
  void withoutOthersTokensOrABoundAllRoomIsUsed() {
    learn();
    for (int i = 0; i < 10; i++) {
      pace.settled(8, pace.rows(8, ROWS_MAX - 8), step(ROWS_MAX - 8));
    }
    assertThat(pace.rows(8, ROWS_MAX - 8)).isLessThan(10);
    assertThat(pace.rows(0, ROWS_MAX)).isEqualTo(ROWS_MAX);

    PrefillPace unbounded = new PrefillPace(ROWS_MAX, Double.POSITIVE_INFINITY);
    unbounded.settled(8, 0, step(0));
    unbounded.settled(8, 100, step(100));
    assertThat(unbounded.rows(8, 200)).isEqualTo(200);
  }
}
