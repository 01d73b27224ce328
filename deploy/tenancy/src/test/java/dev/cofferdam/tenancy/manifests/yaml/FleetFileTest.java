package dev.cofferdam.tenancy.manifests.yaml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.tenancy.manifests.Fleet;
import java.io.StringReader;
import org.junit.jupiter.api.Test;

class FleetFileTest {
  @Test
  void anEmptyFileIsAFleetOfTheDefaults() {
    assertThat(FleetFile.read(new StringReader(""))).isEqualTo(Fleet.defaults());
  }

  @Test
  void eachNameTakesTheDefaultsPlace() {
    Fleet fleet =
        FleetFile.read(
            new StringReader(
                "routers: 3\nmemory_bytes: 34359738368\nobject_store_cidrs: [10.0.0.0/8]\n"));

    assertThat(fleet.routers()).isEqualTo(3);
    assertThat(fleet.memoryBytes()).isEqualTo(34_359_738_368L);
    assertThat(fleet.objectStoreCidrs()).containsExactly("10.0.0.0/8");
    assertThat(fleet.schedulers()).isEqualTo(Fleet.defaults().schedulers());
  }

  @Test
  void everyProblemIsNamed() {
    assertThatThrownBy(
            () -> FleetFile.read(new StringReader("routers: many\nissuer: 5\nrooters: 2\n")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("routers: many (expected: a whole number)")
        .hasMessageContaining("issuer: 5 (expected: a text)")
        .hasMessageContaining("rooters (unknown; known: namespace, release");
  }

  @Test
  void anExecutorIsOneThatWorkersHave() {
    assertThatThrownBy(() -> FleetFile.read(new StringReader("executor: tpu")))
        .hasMessage("executor: tpu (expected: cpu or cuda)");
  }
}
