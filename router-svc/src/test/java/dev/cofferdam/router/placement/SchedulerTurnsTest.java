package dev.cofferdam.router.placement;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SchedulerTurnsTest {
  private static final int SEEDS = 500;
  private static final int CALLS = 500;
  private static final long RETRY_MS = 150;
  private static final long PROBE_MS = 40;

  private final SchedulerTurns turns = new SchedulerTurns();

  @Test
  void theSameSchedulerIsAskedUntilItFails() {
    assertThat(turns.ask(0)).hasValue(0);
    turns.answered(0);
    assertThat(turns.ask(1)).hasValue(0);
    turns.failed(0);
    assertThat(turns.ask(1)).hasValue(1);
  }

  @Test
  void whileNobodyLeadsOneCallFindsOutAndTheOthersWait() {
    turns.failed(0);
    turns.failed(0);
    assertThat(turns.ask(1_000)).hasValue(1);
    assertThat(turns.ask(1_000)).isEmpty();
    turns.failed(1);
    assertThat(turns.ask(1_000 + PROBE_MS - 1)).isEmpty();
    assertThat(turns.ask(1_000 + PROBE_MS)).hasValue(2);
    turns.answered(2);
    assertThat(turns.ask(1_000 + PROBE_MS)).hasValue(2);
  }

  @Test
  void anAnswerCountsHoweverLateItIs() {
    turns.failed(0);
    assertThat(turns.ask(1_000)).hasValue(1);
    assertThat(turns.ask(2_000)).hasValue(2);
    turns.answered(1);
    assertThat(turns.ask(2_000)).hasValue(1);
    turns.failed(2);
    assertThat(turns.ask(2_000)).as("what fails late is another's").hasValue(1);
  }

  @Test
  void aClockThatIsSetBackStopsNobody() {
    turns.failed(0);
    assertThat(turns.ask(1_000_000)).hasValue(1);
    assertThat(turns.ask(0)).hasValue(2);
  }

  /**
   * In virtual time, 500 calls that wait, as placements do: the new leader has all of them one
   * round of probes and one wait after it took over, and until then hardly any of them.
   */
  @Test
  void allThatWaitAreWithTheNewLeaderSoonAfterItTookOver() {
    for (int seed = 0; seed < SEEDS; seed++) {
      SplittableRandom world = new SplittableRandom(seed);
      int schedulers = world.nextInt(2, 5);
      int leader = world.nextInt(schedulers);
      long leadsAtMs = world.nextLong(100, 3_000);
      Waiting waiting = new Waiting(schedulers, leader, leadsAtMs, world);
      assertThat(waiting.lastMs() - leadsAtMs)
          .as("seed %d", seed)
          .isLessThanOrEqualTo((schedulers + 1) * PROBE_MS + 2 * RETRY_MS + Waiting.ANSWER_MS_MAX);
      assertThat(waiting.asked)
          .as("seed %d: calls that found nobody", seed)
          .isLessThanOrEqualTo((int) (leadsAtMs / PROBE_MS + 2 * schedulers + 2));
    }
  }

  /** Calls that failed with the former leader, and ask again as their placements do. */
  private static final class Waiting {
    private static final long ANSWER_MS_MAX = 30;

    private final SchedulerTurns turns = new SchedulerTurns();
    private final List<long[]> answers = new ArrayList<>();
    private int asked;
    private final int schedulers;
    private final int leader;
    private final long leadsAtMs;
    private final SplittableRandom random;

    private Waiting(int schedulers, int leader, long leadsAtMs, SplittableRandom random) {
      this.schedulers = schedulers;
      this.leader = leader;
      this.leadsAtMs = leadsAtMs;
      this.random = random;
      turns.failed(0);
    }

    /** When the last of them is with the leader. */
    private long lastMs() {
      List<Long> nextMs = new ArrayList<>();
      for (int i = 0; i < CALLS; i++) {
        nextMs.add(random.nextLong(RETRY_MS));
      }
      for (long now = 0; ; now++) {
        long at = now;
        answers.removeIf(answer -> answer[0] <= at && told(answer));
        for (int i = 0; i < nextMs.size(); i++) {
          if (nextMs.get(i) <= now) {
            nextMs.set(i, ask(now) ? Long.MAX_VALUE : now + RETRY_MS);
          }
        }
        if (nextMs.stream().allMatch(ms -> ms == Long.MAX_VALUE)) {
          return now;
        }
      }
    }

    private boolean told(long[] answer) {
      if (answer[2] == 1) {
        turns.answered((int) answer[1]);
      } else {
        turns.failed((int) answer[1]);
      }
      return true;
    }

    private boolean ask(long now) {
      OptionalInt turn = turns.ask(now);
      if (turn.isEmpty()) {
        return false;
      }
      boolean leads = turn.getAsInt() % schedulers == leader && now >= leadsAtMs;
      asked += leads ? 0 : 1;
      answers.add(
          new long[] {now + 1 + random.nextLong(ANSWER_MS_MAX), turn.getAsInt(), leads ? 1 : 0});
      return leads;
    }
  }
}
