package dev.cofferdam.mesh.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;

class TenantBoundTest {
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

  TenantBoundTest() {
    registry.config().meterFilter(new TenantBound(2));
  }

  private double count(String tenant) {
    return registry.get("requests").tag("tenant", tenant).counter().count();
  }

  @Test
  void tenantsBeyondTheBoundAddUpInOneSeries() {
    for (String tenant : new String[] {"acme", "globex", "initech", "umbrella", "acme"}) {
      registry.counter("requests", "tenant", tenant).increment();
    }

    assertThat(count("acme")).isEqualTo(2);
    assertThat(count("globex")).isEqualTo(1);
    assertThat(count(TenantBound.OTHER)).isEqualTo(2);
    assertThat(registry.getMeters()).hasSize(3);
  }

  @Test
  void whatIsNoTenantsKeepsItsLabels() {
    registry.counter("requests", "tenant", "acme").increment();
    registry.counter("requests", "tenant", "globex").increment();
    registry.counter("steps", "pool", "shared").increment();

    assertThat(registry.get("steps").tag("pool", "shared").counter().count()).isEqualTo(1);
  }
}
