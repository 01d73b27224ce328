package dev.cofferdam.router.health;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.vocabulary.TenantId;
import org.junit.jupiter.api.Test;

class WorkerHealthTest {
  private static final TenantId A = new TenantId("a");
  private static final TenantId B = new TenantId("b");
  private final WorkerHealth health =
      new WorkerHealth(new WorkerHealth.Settings(4, 0.5, 10_000, 1_000, 3_000));

  private void fail(int times, boolean shared, long nowMs, TenantId... tenants) {
    for (int i = 0; i < times; i++) {
      for (TenantId tenant : tenants) {
        health.observe("w", tenant, shared, true, nowMs);
      }
    }
  }

  @Test
  void aWorkerThatFailsForSeveralTenantsIsEjectedForAWhileAndLongerEachTime() {
    fail(2, true, 0, A, B);
    assertThat(health.ejected("w", 999)).isTrue();
    assertThat(health.ejections(999)).isEqualTo(1);
    assertThat(health.ejected("w", 1_000)).isFalse();
    fail(2, true, 1_000, A, B);
    assertThat(health.ejected("w", 2_999)).isTrue();
    assertThat(health.ejected("w", 3_000)).isFalse();
    for (int i = 0; i < 5; i++) {
      fail(2, true, 10_000 + 10_000 * i, A, B);
    }
    assertThat(health.ejected("w", 52_999)).isTrue();
    assertThat(health.ejected("w", 53_000)).as("three seconds are the most").isFalse();
  }

  @Test
  void oneTenantWhoseRequestsFailEverywhereTakesNoWorkerFromTheOthers() {
    fail(100, true, 0, A);
    assertThat(health.ejected("w", 1)).isFalse();
    fail(4, false, 0, A);
    assertThat(health.ejected("w", 1)).as("its own worker").isTrue();
  }

  @Test
  void howManyRequestsATenantSendsDoesNotMakeItsFailuresWeighMore() {
    TenantId c = new TenantId("c");
    for (int i = 0; i < 50; i++) {
      health.observe("w", A, true, true, i);
      health.observe("w", B, true, i != 7, i);
      health.observe("w", c, true, false, i);
      health.observe("w", new TenantId("d"), true, false, i);
    }
    assertThat(health.ejected("w", 60)).isFalse();
  }

  @Test
  void aFewFailuresAndOldOnesDoNotCount() {
    fail(1, true, 0, A, B);
    assertThat(health.ejected("w", 1)).isFalse();
    fail(1, true, 20_000, A, B);
    assertThat(health.ejected("w", 20_001)).isFalse();
  }
}
