package dev.cofferdam.worker.execution.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class TeamTest {
  @Test
  void runsEveryChunkOfEveryJobOnceWhetherHelpersSpinOrAreParked() {
    try (Team team = new Team(4)) {
      for (int job = 0; job < 2_000; job++) {
        int chunks = 1 + job % 50;
        AtomicIntegerArray runs = new AtomicIntegerArray(chunks);
        team.run((chunk, worker) -> runs.incrementAndGet(chunk), chunks);
        for (int chunk = 0; chunk < chunks; chunk++) {
          assertThat(runs.get(chunk)).isEqualTo(1);
        }
        if (job % 100 == 0) {
          LockSupport.parkNanos(200_000);
        }
      }
    }
  }

  @Test
  void neverRunsTwoChunksAtOnceAsTheSameWorker() {
    try (Team team = new Team(3)) {
      AtomicIntegerArray inside = new AtomicIntegerArray(3);
      AtomicIntegerArray clashes = new AtomicIntegerArray(1);
      for (int job = 0; job < 500; job++) {
        team.run(
            (chunk, worker) -> {
              if (inside.incrementAndGet(worker) != 1) {
                clashes.incrementAndGet(0);
              }
              Thread.onSpinWait();
              inside.decrementAndGet(worker);
            },
            40);
      }
      assertThat(clashes.get(0)).isZero();
    }
  }

  @Test
  void aFailedChunkFailsTheJobAndTheNextJobRuns() {
    try (Team team = new Team(2)) {
      assertThatIllegalStateException()
          .isThrownBy(
              () ->
                  team.run(
                      (chunk, worker) -> {
                        if (chunk == 7) {
                          throw new IllegalArgumentException("of a chunk");
                        }
                      },
                      20))
          .withRootCauseInstanceOf(IllegalArgumentException.class);
      AtomicIntegerArray runs = new AtomicIntegerArray(20);
      team.run((chunk, worker) -> runs.incrementAndGet(chunk), 20);
      assertThat(runs.get(19)).isEqualTo(1);
    }
  }
}
