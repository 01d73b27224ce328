package dev.cofferdam.gateway.quota;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.TenantId;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TenantBreakersTest {
  private static final TenantId STORM = new TenantId("storm");
  private static final TenantId CALM = new TenantId("calm");

  private final TenantBreakers breakers =
      new TenantBreakers(new BreakerSettings(5, 3, 1_000, 100, 700));

  @Test
  void refusalsInARowMakeTheTenantPauseAndNobodyElse() {
    refuse(0, 4);
    assertThat(breakers.enter(STORM, 4)).isEmpty();
    refuse(5, 1);

    Refusal refusal = breakers.enter(STORM, 5).orElseThrow();

    assertThat(refusal.code()).isEqualTo(ErrorCode.CIRCUIT_OPEN);
    assertThat(refusal.retryAfter()).contains(Duration.ofMillis(100));
    assertThat(refusal.metadata()).containsEntry("cause", "refusals");
    assertThat(breakers.enter(CALM, 5)).isEmpty();
    assertThat(breakers.open(5)).isEqualTo(1);
  }

  @Test
  void aGrantBetweenThemEndsTheRow() {
    refuse(0, 4);
    breakers.granted(STORM);
    refuse(1, 4);

    assertThat(breakers.enter(STORM, 2)).isEmpty();
  }

  @Test
  void aGapBetweenThemEndsTheRow() {
    refuse(0, 4);
    refuse(1_001, 4);

    assertThat(breakers.enter(STORM, 1_002)).isEmpty();
  }

  @Test
  void afterThePauseOneRequestIsTriedAndPausesGrowToTheirBound() {
    refuse(0, 5);
    long now = 0;
    for (long pause : new long[] {100, 200, 400, 700, 700}) {
      assertThat(breakers.enter(STORM, now + pause - 1)).isPresent();
      now += pause;
      assertThat(breakers.enter(STORM, now)).isEmpty();
      assertThat(breakers.enter(STORM, now)).isPresent();
      refuse(now, 1);
    }
    assertThat(breakers.pauses()).isEqualTo(6);

    now += 700;
    assertThat(breakers.enter(STORM, now)).isEmpty();
    breakers.granted(STORM);
    assertThat(breakers.enter(STORM, now)).isEmpty();
    assertThat(breakers.enter(STORM, now)).isEmpty();
  }

  @Test
  void thePauseIsNoLongerThanTheLimiterSaysToWait() {
    for (int i = 0; i < 5; i++) {
      breakers.refused(STORM, 0, Optional.of(Duration.ofMillis(30)));
    }

    assertThat(breakers.enter(STORM, 29)).isPresent();
    assertThat(breakers.enter(STORM, 30)).isEmpty();
  }

  @Test
  void aProbeThatNeverEndsIsFollowedByAnother() {
    refuse(0, 5);
    assertThat(breakers.enter(STORM, 100)).isEmpty();
    assertThat(breakers.enter(STORM, 199)).isPresent();
    assertThat(breakers.enter(STORM, 200)).isEmpty();
  }

  @Test
  void requestsThatBreakInARowMakeTheTenantPauseUntilOneIsAnswered() {
    for (int i = 0; i < 3; i++) {
      breakers.granted(STORM);
      breakers.broke(STORM, i);
    }
    assertThat(breakers.enter(STORM, 3).orElseThrow().metadata()).containsEntry("cause", "errors");

    assertThat(breakers.enter(STORM, 102)).isEmpty();
    breakers.answered(STORM);
    assertThat(breakers.enter(STORM, 102)).isEmpty();
  }

  /** However a storm goes, a tenant is never shut out for longer than the longest pause. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void nobodyIsShutOutForLongerThanTheLongestPause(long seed) {
    Random random = new Random(seed);
    long now = 0;
    long lastPassed = 0;
    for (int step = 0; step < 20_000; step++) {
      now += random.nextInt(20);
      if (breakers.enter(STORM, now).isEmpty()) {
        assertThat(now - lastPassed).as("seed %d step %d", seed, step).isLessThan(700 + 20);
        lastPassed = now;
        switch (random.nextInt(20)) {
          case 0 -> breakers.granted(STORM);
          case 1 -> breakers.answered(STORM);
          case 2 -> breakers.broke(STORM, now);
          case 3 -> {
            // its end is never told
          }
          default -> refuse(now, 1);
        }
      }
    }
    assertThat(breakers.refusals()).isPositive();
  }

  private void refuse(long nowMs, int times) {
    for (int i = 0; i < times; i++) {
      breakers.refused(STORM, nowMs, Optional.empty());
    }
  }
}
