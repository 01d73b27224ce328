package dev.cofferdam.scheduler.workers;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SessionKeysTest {
  private static final long LIFE_MS = 600_000;
  private static final long LEAD_MS = 2_000;

  private final SessionKeys keys =
      new SessionKeys(new SplittableRandom(1), LIFE_MS, LEAD_MS, 1_000);

  @Test
  void aKeySignsForItsLifeAndIsNotRotatedBefore() {
    assertThat(keys.rotate(1_000)).isEmpty();
    assertThat(keys.signing(1_000).bytes()).hasSize(32);
    assertThat(keys.signing(1_000).expiresMs()).isEqualTo(1_000 + LIFE_MS);
  }

  @Test
  void aFreshKeyIsAnnouncedAMomentBeforeItSigns() {
    String old = keys.signing(1_000).id();
    long rotation = 1_000 + LIFE_MS - 2 * LEAD_MS;
    SessionKeys.Key fresh = keys.rotate(rotation).orElseThrow();
    assertThat(keys.signing(rotation + LEAD_MS - 1).id()).isEqualTo(old);
    assertThat(keys.signing(rotation + LEAD_MS).id()).isEqualTo(fresh.id());
    assertThat(fresh.id()).isNotEqualTo(old);
  }

  @Test
  void noKeySignsAfterItHasExpired() {
    for (long now = 1_000; now < 10 * LIFE_MS; now += 50) {
      keys.rotate(now);
      assertThat(keys.signing(now).expiresMs()).isGreaterThan(now);
    }
  }
}
