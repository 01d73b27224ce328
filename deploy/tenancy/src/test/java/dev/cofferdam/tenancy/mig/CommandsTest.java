package dev.cofferdam.tenancy.mig;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;

class CommandsTest {
  private static final Plan PLAN =
      new Planner()
          .plan(
              List.of(
                  new Gpu(0, GpuKind.H100_80GB),
                  new Gpu(1, GpuKind.H100_80GB),
                  new Gpu(2, GpuKind.H100_80GB)),
              List.of(
                  PlannerTest.exactly("a", "4g.40gb", 1),
                  PlannerTest.exactly("b", "3g.40gb", 1),
                  PlannerTest.exactly("b", "1g.10gb+me", 1),
                  PlannerTest.exactly("c", "1g.10gb", 2)));

  @Test
  void commandsSwitchMigOnAndThenPlaceInstancesWith3gFirst() {
    assertThat(Commands.nvidiaSmi(PLAN))
        .containsExactly(
            "nvidia-smi -i 0 -mig 1",
            "nvidia-smi -i 1 -mig 1",
            "nvidia-smi mig -i 0 -cgi 9:4,5:0 -C",
            "nvidia-smi mig -i 1 -cgi " + second() + " -C");
  }

  private static String second() {
    List<Plan.Instance> instances = PLAN.on(new Gpu(1, GpuKind.H100_80GB));
    assertThat(instances).hasSize(3);
    return instances.stream()
        .map(i -> i.profile().id() + ":" + i.start())
        .collect(java.util.stream.Collectors.joining(","));
  }

  @Test
  void theOperatorsConfigurationIsWhatMigPartedReads() {
    Object read = new Yaml().load(Commands.migParted(PLAN, "tenants"));

    assertThat(read)
        .isEqualTo(
            Map.of(
                "version",
                "v1",
                "mig-configs",
                Map.of(
                    "tenants",
                    List.of(
                        gpu(0, Map.of("4g.40gb", 1, "3g.40gb", 1)),
                        gpu(1, Map.of("1g.10gb", 2, "1g.10gb+me", 1))))));
  }

  @Test
  void aPlanWithoutInstancesIsStillAConfiguration() {
    Plan empty = new Planner().plan(List.of(new Gpu(0, GpuKind.A100_40GB)), List.of());

    assertThat((Object) new Yaml().load(Commands.migParted(empty, "none")))
        .isEqualTo(Map.of("version", "v1", "mig-configs", Map.of("none", List.of())));
    assertThat(Commands.nvidiaSmi(empty)).isEmpty();
  }

  @Test
  void aNameThatIsNoLabelIsRefused() {
    assertThatThrownBy(() -> Commands.migParted(PLAN, "a: b"))
        .hasMessageStartingWith("name: a: b (expected: ");
  }

  private static Map<String, Object> gpu(int index, Map<String, Integer> devices) {
    return Map.of("devices", List.of(index), "mig-enabled", true, "mig-devices", devices);
  }
}
