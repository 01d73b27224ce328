package dev.cofferdam.router.signals;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PoolSignalsTest {
  private final PoolSignals signals = new PoolSignals();

  @Test
  void whatWaitsAndHowLongItTakesIsNeverMixedBetweenPools() {
    signals.entered("fast", 100);
    signals.entered("fast", 50);
    signals.entered("batch", 9_000);
    signals.left("fast", 100);
    for (int i = 0; i < 10; i++) {
      signals.firstToken("fast", 10, 1_000);
      signals.firstToken("batch", 5_000, 1_000);
    }
    var all = signals.all(1_000);
    assertThat(all.get("fast").waiting()).isEqualTo(1);
    assertThat(all.get("fast").waitingTokens()).isEqualTo(50);
    assertThat(all.get("fast").ttftP90Ms()).isBetween(10.0, 12.0);
    assertThat(all.get("batch").waitingTokens()).isEqualTo(9_000);
    assertThat(all.get("batch").ttftP90Ms()).isBetween(5_000.0, 6_000.0);
    assertThat(signals.all(100_000).get("fast").ttftP90Ms()).isZero();
  }
}
