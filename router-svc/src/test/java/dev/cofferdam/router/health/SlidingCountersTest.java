package dev.cofferdam.router.health;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SlidingCountersTest {
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void whatIsYoungerThanNineTenthsOfTheWindowCountsAndWhatIsOlderThanTheWindowDoesNot(long seed) {
    Random random = new Random(seed);
    SlidingCounters counters = new SlidingCounters(1, 1_000);
    List<Long> times = new ArrayList<>();
    long now = 1_700_000_000_000L;
    for (int step = 0; step < 2_000; step++) {
      now += random.nextInt(10) == 0 ? random.nextInt(2_000) : random.nextInt(20);
      counters.add(0, now);
      times.add(now);
      long at = now;
      long young = times.stream().filter(t -> t > at - 900).count();
      long inWindow = times.stream().filter(t -> t > at - 1_000).count();
      assertThat((long) counters.sum(0, now))
          .as("seed %d step %d", seed, step)
          .isBetween(young, inWindow);
    }
    assertThat(counters.sum(0, now + 1_000)).isZero();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void aQuantileIsAtMostAFifthAboveTheExactOne(long seed) {
    Random random = new Random(seed);
    Latencies latencies = new Latencies(60_000);
    long[] values = new long[500];
    for (int i = 0; i < values.length; i++) {
      values[i] = 1 + (long) Math.exp(random.nextDouble() * 10);
      latencies.add(values[i], 1_000);
    }
    Arrays.sort(values);
    for (double share : new double[] {0.1, 0.5, 0.9, 0.99, 1}) {
      double exact = values[(int) Math.ceil(share * values.length) - 1];
      assertThat(latencies.quantileMs(share, 1_000))
          .as("seed %d share %s", seed, share)
          .isBetween(exact * 0.999, exact * 1.201);
    }
    assertThat(latencies.quantileMs(0.5, 100_000)).isZero();
  }
}
