package dev.cofferdam.scheduler.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.mesh.metrics.TenantBound;
import dev.cofferdam.scheduler.shard.TenantLoad;
import dev.cofferdam.vocabulary.WorkloadClass;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TenantGaugesTest {
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final TenantGauges gauges = new TenantGauges(registry);

  private double waiting(String tenant) {
    return registry.get("cofferdam.scheduler.tenant.waiting").tag("tenant", tenant).gauge().value();
  }

  @Test
  void theBusiestTenantsAreShownAndTheOthersAddUp() {
    List<TenantLoad> all = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      all.add(new TenantLoad("t-" + i, "free", i + 1, 0, 10));
    }

    gauges.show("shared", all, Map.of());

    assertThat(registry.find("cofferdam.scheduler.tenant.waiting").gauges()).hasSize(201);
    assertThat(waiting("t-999")).isEqualTo(1_000);
    assertThat(waiting(TenantBound.OTHER)).isEqualTo(800 * 801 / 2.0);
  }

  @Test
  void aTenantThatHasNothingMoreIsShownNoMore() {
    gauges.show("shared", List.of(new TenantLoad("acme", "free", 2, 1, 10)), Map.of());
    gauges.show("shared", List.of(), Map.of());

    assertThat(registry.find("cofferdam.scheduler.tenant.waiting").gauges()).isEmpty();
  }

  @Test
  void fairnessIsShownByPoolAndClass() {
    gauges.show("shared", List.of(), Map.of(WorkloadClass.BATCH, Map.of("a", 0.0, "b", 0.0)));
    for (int look = 1; look < 10; look++) {
      double served = look;
      gauges.show("shared", List.of(), Map.of(WorkloadClass.BATCH, Map.of("a", served, "b", 0.0)));
    }

    assertThat(
            registry
                .get("cofferdam.scheduler.fairness.index")
                .tags("pool", "shared", "class", WorkloadClass.BATCH.label())
                .gauge()
                .value())
        .isEqualTo(0.5);
  }
}
