package dev.cofferdam.router.health;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.vocabulary.TenantId;
import org.junit.jupiter.api.Test;

class BreakersTest {
  private static final TenantId A = new TenantId("a");
  private static final TenantId B = new TenantId("b");
  private static final Breakers.Key MODEL = new Breakers.Key("m", "");
  private static final Breakers.Key ADAPTER = new Breakers.Key("m", "v1");
  private final Breakers breakers =
      new Breakers(new Breakers.Settings(4, 0.5, 10_000, 1_000, 3_000, 100, 2));

  private void fail(Breakers.Key key, long nowMs, TenantId... tenants) {
    for (int i = 0; i < 4; i++) {
      for (TenantId tenant : tenants) {
        breakers.observe(key, tenant, true, nowMs);
      }
    }
  }

  @Test
  void itOpensThenLetsFewTriesThroughThenCloses() {
    fail(ADAPTER, 0, A);
    assertThat(breakers.enter(ADAPTER, 400)).hasValue(600);
    assertThat(breakers.enter(MODEL, 400)).as("the model itself is not concerned").isEmpty();
    assertThat(breakers.enter(ADAPTER, 1_000)).isEmpty();
    assertThat(breakers.enter(ADAPTER, 1_050)).hasValue(50);
    breakers.observe(ADAPTER, A, false, 1_060);
    assertThat(breakers.enter(ADAPTER, 1_100)).isEmpty();
    assertThat(breakers.enter(ADAPTER, 1_101)).isPresent();
    breakers.observe(ADAPTER, A, false, 1_110);
    assertThat(breakers.enter(ADAPTER, 1_111)).isEmpty();
    assertThat(breakers.enter(ADAPTER, 1_112)).isEmpty();
    assertThat(breakers.open(1_112)).isZero();
  }

  @Test
  void aTryThatFailsOpensItForTwiceAsLongUpToABound() {
    fail(ADAPTER, 0, A);
    long opened = 0;
    for (long lasts : new long[] {1_000, 2_000, 3_000, 3_000}) {
      assertThat(breakers.enter(ADAPTER, opened + lasts - 1)).hasValue(1);
      opened += lasts;
      assertThat(breakers.enter(ADAPTER, opened)).isEmpty();
      breakers.observe(ADAPTER, A, true, opened);
    }
  }

  @Test
  void oneTenantCannotCloseABaseModelToTheOthers() {
    fail(MODEL, 0, A, A, A);
    assertThat(breakers.enter(MODEL, 1)).isEmpty();
    fail(MODEL, 0, B);
    assertThat(breakers.enter(MODEL, 1)).isPresent();
  }

  @Test
  void whatEndsWhileItIsOpenSaysNothingNew() {
    fail(ADAPTER, 0, A);
    for (int i = 0; i < 10; i++) {
      breakers.observe(ADAPTER, A, false, 500);
    }
    assertThat(breakers.enter(ADAPTER, 600)).isPresent();
  }

  @Test
  void whatNobodyAsksForAnyMoreIsNotCountedAsOpenForEver() {
    fail(ADAPTER, 0, A);
    assertThat(breakers.open(1)).isEqualTo(1);
    assertThat(breakers.open(1_000)).as("may be tried").isEqualTo(1);
    assertThat(breakers.open(4_000)).isEqualTo(1);
    assertThat(breakers.open(4_001)).isZero();
    assertThat(breakers.enter(ADAPTER, 5_000)).as("one try").isEmpty();
    assertThat(breakers.enter(ADAPTER, 5_001)).as("no more than that").isPresent();
  }
}
