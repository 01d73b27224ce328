package dev.cofferdam.scheduler.workers.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class WarmUpTest {
  @Test
  void everyRequestOfTheWarmUpIsAnswered() throws InterruptedException {
    assertThat(WarmUp.run(new SplittableRandom(1), 500, 60_000)).isTrue();
  }

  @Test
  void itEndsWhenItsTimeIsOver() throws InterruptedException {
    assertThat(WarmUp.run(new SplittableRandom(1), 500, 0)).isFalse();
  }
}
