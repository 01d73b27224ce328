package dev.cofferdam.tenancy.mig.yaml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.tenancy.mig.Gpu;
import dev.cofferdam.tenancy.mig.GpuKind;
import dev.cofferdam.tenancy.mig.Wanted;
import dev.cofferdam.vocabulary.TenantId;
import java.io.StringReader;
import org.junit.jupiter.api.Test;

class PlanFileTest {
  @Test
  void aFileSaysGpusAndInstances() {
    PlanFile file =
        read(
            """
            gpus:
              - {kind: h100-80gb, count: 2}
              - kind: A100-40GB
            instances:
              - {tenant: acme, memory_gb: 20, compute: 2, count: 3}
              - {tenant: globex, profile: 1g.10gb+me}
              - {tenant: globex, memory_gb: 5}
            """);

    assertThat(file.gpus())
        .containsExactly(
            new Gpu(0, GpuKind.H100_80GB),
            new Gpu(1, GpuKind.H100_80GB),
            new Gpu(2, GpuKind.A100_40GB));
    assertThat(file.wanted())
        .containsExactly(
            new Wanted(new TenantId("acme"), new Wanted.Size.AtLeast(20, 2), 3),
            new Wanted(new TenantId("globex"), new Wanted.Size.Exactly("1g.10gb+me"), 1),
            new Wanted(new TenantId("globex"), new Wanted.Size.AtLeast(5, 1), 1));
  }

  @Test
  void eachProblemHasItsLine() {
    refused("gpus:\n- kind: B200\ninstances: []", "line 2: kind: B200 (expected one of: A100-40GB");
    refused("gpus: []\n", "line 1: instances (expected: a list)");
    refused("gpus: []\ngpus: []\ninstances: []", "line 2: gpus is there twice");
    refused("gpus: []\nother: []\n", "line 2: other (known: [gpus, instances])");
    refused(instance("{tenant: A, memory_gb: 5}"), "line 3: tenant: A (expected: [a-z0-9-]{1,63})");
    refused(instance("{tenant: a}"), "line 3: memory_gb (expected: one value)");
    refused(
        instance("{tenant: a, memory_gb: 5.5}"), "line 3: memory_gb: 5.5 (expected: 1 to 1000)");
    refused(
        instance("{tenant: a, memory_gb: 5, compute: 8}"), "line 3: compute: 8 (expected: 1 to 7)");
    refused(
        instance("{tenant: a, memory_gb: 5, count: 0}"), "line 3: count: 0 (expected: 1 to 448)");
    refused(instance("{tenant: a, profile: 1g.5gb, compute: 1}"), "line 3: either profile, or");
    refused("gpus: [", "line 1: ");
    refused("", "line 1: gpus and instances are expected");
  }

  private static String instance(String one) {
    return "gpus: []\ninstances:\n- " + one;
  }

  private static void refused(String text, String problem) {
    assertThatThrownBy(() -> read(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(problem);
  }

  private static PlanFile read(String text) {
    return PlanFile.read(new StringReader(text));
  }
}
