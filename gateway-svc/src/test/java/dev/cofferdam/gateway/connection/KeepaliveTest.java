package dev.cofferdam.gateway.connection;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeepaliveTest {
  private static final long SILENCE_NS = 30_000_000_000L;
  private final Keepalive keepalive = new Keepalive();

  @Test
  void whoSaysSomethingIsNotAsked() {
    assertThat(keepalive.step(SILENCE_NS, 1, SILENCE_NS)).isEqualTo(new Keepalive.Step.Wait(1));
  }

  @Test
  void whoDoesNotAnswerIsGone() {
    assertThat(keepalive.step(SILENCE_NS, 0, SILENCE_NS))
        .isEqualTo(new Keepalive.Step.Ask(Keepalive.ANSWER_NS));
    long later = SILENCE_NS + Keepalive.ANSWER_NS;
    assertThat(keepalive.step(later - 1, 0, SILENCE_NS)).isEqualTo(new Keepalive.Step.Wait(1));
    assertThat(keepalive.step(later, 0, SILENCE_NS)).isEqualTo(new Keepalive.Step.Gone());
  }

  /** A peer that answers within its time, talks now and then, and vanishes at some moment. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void whoIsThereStaysAndWhoVanishesIsNoticedInTime(long seed) {
    Random random = new Random(seed);
    long vanishesNs = (1 + random.nextInt(100)) * SILENCE_NS;
    long nowNs = 0;
    long heardNs = 0;
    long answerNs = Long.MAX_VALUE;
    Keepalive.Step step = new Keepalive.Step.Wait(0);
    while (!(step instanceof Keepalive.Step.Gone)) {
      if (answerNs <= nowNs && answerNs < vanishesNs) {
        heardNs = answerNs;
      } else if (nowNs < vanishesNs && random.nextInt(3) == 0) {
        heardNs = nowNs;
      }
      answerNs = Long.MAX_VALUE;
      step = keepalive.step(nowNs, heardNs, SILENCE_NS);
      switch (step) {
        case Keepalive.Step.Ask(long ns) -> {
          answerNs = nowNs + 1 + (long) (random.nextDouble() * (Keepalive.ANSWER_NS - 2));
          nowNs += ns;
        }
        case Keepalive.Step.Wait(long ns) -> {
          assertThat(ns).as("seed %d", seed).isPositive();
          nowNs += ns;
        }
        case Keepalive.Step.Gone() -> {}
      }
    }
    assertThat(nowNs).as("seed %d", seed).isGreaterThanOrEqualTo(vanishesNs);
    assertThat(nowNs)
        .as("seed %d", seed)
        .isLessThanOrEqualTo(vanishesNs + 2 * (SILENCE_NS + Keepalive.ANSWER_NS));
  }
}
