package dev.cofferdam.tenancy.manifests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.tenancy.isolation.IsolationLevel;
import dev.cofferdam.tenancy.manifests.yaml.FleetFile;
import dev.cofferdam.tenancy.manifests.yaml.ManifestText;
import dev.cofferdam.vocabulary.TenantId;
import java.io.StringReader;
import java.util.List;
import org.junit.jupiter.api.Test;

class ManifestsTest {
  private static final long GIB = 1L << 30;
  private static final Fleet CPU = Fleet.defaults();
  private static final Fleet GPUS = FleetFile.read(new StringReader("executor: cuda"));

  @Test
  void aTenantsObjectsAreItsNamespaceQuotaLimitsNetworkIdentityAndWorkers() {
    assertThat(Manifests.of(tenant(3), CPU))
        .extracting(object -> object.get("kind"))
        .containsExactly(
            "Namespace",
            "ResourceQuota",
            "LimitRange",
            "NetworkPolicy",
            "NetworkPolicy",
            "ServiceAccount",
            "CertificateRequestPolicy",
            "ClusterRole",
            "RoleBinding",
            "ConfigMap",
            "Service",
            "PodDisruptionBudget",
            "StatefulSet");
  }

  @Test
  void levelsWithSharedWorkersHaveNone() {
    for (int level = 1; level <= 2; level++) {
      int shared = level;
      assertThatThrownBy(() -> tenant(shared))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("it shares workers");
    }
  }

  @Test
  void workersAreBoundToTheirTenantAndCertifiedAsItsOwnAlone() {
    assertThat(text(3, CPU))
        .contains("cofferdam.worker.tenant=acme\n")
        .contains("- spiffe://cofferdam.local/service/worker/worker-acme-*\n")
        .contains("automountServiceAccountToken: false");
  }

  @Test
  void theHardwareFollowsTheLevel() {
    assertThat(text(3, GPUS)).contains("nvidia.com/gpu.shared: '1'").doesNotContain("nodeSelector");
    assertThat(text(4, GPUS))
        .contains("nvidia.com/mig-3g.40gb: '1'")
        .doesNotContain("nodeSelector");
    assertThat(text(5, GPUS))
        .contains("nvidia.com/gpu: '1'")
        .contains("nodeSelector:\n        cofferdam.dev/tenant: acme\n");
  }

  @Test
  void aFleetWithoutGpusCannotHoldAnInstanceOfOne() {
    assertThatThrownBy(() -> text(4, CPU))
        .hasMessageContaining("isolation level 4 is an instance of a GPU");
  }

  @Test
  void aKvPoolThatAWorkersMemoryCannotHoldIsRefused() {
    TenantShare large =
        new TenantShare(
            new TenantId("acme"),
            "tenant-acme",
            IsolationLevel.PROCESS,
            "shared",
            List.of("m"),
            2,
            80 * GIB);

    assertThatThrownBy(() -> Manifests.of(large, CPU))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("more replicas, more memory_bytes or a smaller kv_bytes");
  }

  @Test
  void aNameThatAPodCannotHaveIsRefused() {
    assertThatThrownBy(
            () ->
                new TenantShare(
                    new TenantId("a".repeat(60)),
                    "tenant-a",
                    IsolationLevel.PROCESS,
                    "shared",
                    List.of("m"),
                    1,
                    GIB))
        .hasMessageContaining("characters for a pod");
  }

  private static String text(int level, Fleet fleet) {
    return ManifestText.of(Manifests.of(tenant(level), fleet));
  }

  private static TenantShare tenant(int level) {
    return new TenantShare(
        new TenantId("acme"),
        "tenant-acme",
        IsolationLevel.of(level),
        "shared",
        List.of("support-desk"),
        2,
        10 * GIB);
  }
}
