package dev.cofferdam.chart;

import static dev.cofferdam.chart.Rendered.list;
import static dev.cofferdam.chart.Rendered.map;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import dev.cofferdam.tenancy.isolation.IsolationLevel;
import dev.cofferdam.tenancy.manifests.Fleet;
import dev.cofferdam.tenancy.manifests.Manifests;
import dev.cofferdam.tenancy.manifests.TenantShare;
import dev.cofferdam.tenancy.manifests.yaml.FleetFile;
import dev.cofferdam.tenancy.manifests.yaml.ManifestText;
import dev.cofferdam.vocabulary.TenantId;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RenderTest {
  private static final Rendered DEFAULTS = Rendered.with("{}");
  private static final Rendered EVERYTHING = Rendered.with(Rendered.EVERYTHING);

  private static final String LEASES = "cofferdam-scheduler-leases";

  /** Of the kinds that the restricted profile takes, those in use. */
  private static final List<String> VOLUMES =
      List.of("configMap", "csi", "emptyDir", "persistentVolumeClaim", "projected", "secret");

  @Test
  void helmFindsNothingToSay() {
    LintResult lint = new Helm(Rendered.CHART).lint().strict().call();

    assertThat(lint.isFailed()).as(String.valueOf(lint.getMessages())).isFalse();
  }

  @Test
  void everyObjectIsOneThatTheApiTakes() {
    List<Map<String, Object>> all = new ArrayList<>(DEFAULTS.objects());
    all.addAll(EVERYTHING.objects());
    for (int level = 3; level <= 5; level++) {
      all.addAll(tenant(level));
    }

    assertThat(all).hasSizeGreaterThan(100);
    assertThat(all.stream().flatMap(object -> Schemas.problems(object).stream())).isEmpty();
  }

  @Test
  void aMistakeInAnObjectIsSeen() {
    Map<String, Object> set = Rendered.with("{}").of("StatefulSet", "cofferdam-router");
    map(list(Rendered.pod(set).get("containers")).getFirst()).put("imagePullPolice", "Never");
    Map<String, Object> topic = Rendered.with("{}").of("KafkaTopic").getFirst();
    map(topic.get("spec")).remove("partitions");

    assertThat(Schemas.problems(set)).singleElement().asString().contains("imagePullPolice");
    assertThat(Schemas.problems(topic))
        .singleElement()
        .asString()
        .contains("partitions! is missing");
  }

  @Test
  void podsAreRestrictedAndTheirRootIsReadOnly() {
    List<Map<String, Object>> sets = new ArrayList<>(EVERYTHING.of("StatefulSet"));
    sets.addAll(new Rendered(tenant(5)).of("StatefulSet"));

    assertThat(sets).hasSize(9);
    for (Map<String, Object> set : sets) {
      Map<String, Object> pod = Rendered.pod(set);
      Map<String, Object> security = map(pod.get("securityContext"));
      assertThat(security).containsEntry("runAsNonRoot", true);
      assertThat(map(security.get("seccompProfile"))).containsEntry("type", "RuntimeDefault");
      assertThat(pod).containsEntry("automountServiceAccountToken", false);
      assertThat(pod).doesNotContainKeys("hostNetwork", "hostPID", "hostIPC");
      for (Object one : list(pod.get("containers"))) {
        Map<String, Object> own = map(map(one).get("securityContext"));
        assertThat(own)
            .containsEntry("allowPrivilegeEscalation", false)
            .containsEntry("readOnlyRootFilesystem", true);
        assertThat(list(map(own.get("capabilities")).get("drop"))).containsExactly("ALL");
      }
      for (Object volume : list(pod.get("volumes"))) {
        assertThat(VOLUMES).as("volume " + volume).containsAnyElementsOf(map(volume).keySet());
      }
    }
  }

  @Test
  void anEndWaitsForWhatRuns() {
    for (String name : List.of("cofferdam-gateway", "cofferdam-worker-shared")) {
      Map<String, String> settings = Rendered.settings(DEFAULTS.of("ConfigMap", name));
      long drainMs =
          Long.parseLong(
              settings.getOrDefault(
                  "cofferdam.worker.drain-ms-max", settings.get("cofferdam.drain.ms-max")));

      assertThat(
              (Integer)
                  Rendered.pod(DEFAULTS.of("StatefulSet", name))
                      .get("terminationGracePeriodSeconds"))
          .isGreaterThan((int) (drainMs / 1000) + 5);
    }
  }

  @Test
  void gpusComeFromTheDevicePluginOrFromClaims() {
    Map<String, Object> mig =
        map(
            list(Rendered.pod(EVERYTHING.of("StatefulSet", "cofferdam-worker-mig"))
                    .get("containers"))
                .getFirst());
    Map<String, Object> claims =
        Rendered.pod(EVERYTHING.of("StatefulSet", "cofferdam-worker-claims"));

    assertThat(map(map(mig.get("resources")).get("limits")))
        .containsEntry("nvidia.com/mig-3g.40gb", 1)
        .containsEntry("memory", "16Gi");
    assertThat(list(claims.get("resourceClaims"))).hasSize(1);
    assertThat(EVERYTHING.of("ResourceClaimTemplate")).hasSize(1);
  }

  @Test
  void whereKubernetesKeepsLeasesSchedulersAloneMayWriteThemAndNeedNoSecret() {
    Map<String, Object> role = EVERYTHING.of("Role", LEASES);
    Map<String, Object> binding = EVERYTHING.of("RoleBinding", LEASES);
    Map<String, String> settings =
        Rendered.settings(EVERYTHING.of("ConfigMap", "cofferdam-scheduler"));

    assertThat(list(role.get("rules")))
        .containsExactly(
            Map.of(
                "apiGroups", List.of("coordination.k8s.io"),
                "resources", List.of("leases"),
                "verbs", List.of("get", "create", "update")));
    assertThat(list(binding.get("subjects")))
        .containsExactly(
            Map.of(
                "kind", "ServiceAccount",
                "name", "cofferdam-scheduler",
                "namespace", "cofferdam"));
    assertThat(settings)
        .containsEntry("cofferdam.lease.kubernetes.namespace", "cofferdam")
        .containsEntry("cofferdam.lease.kubernetes.prefix", "cofferdam-pool-")
        .containsEntry("cofferdam.lease.life-ms", "4000");
    for (Map<String, Object> set : EVERYTHING.of("StatefulSet")) {
      boolean scheduler = Rendered.name(set).equals("cofferdam-scheduler");
      assertThat(volumes(set).contains("account")).as(Rendered.name(set)).isEqualTo(scheduler);
    }
    assertThat(volumes(EVERYTHING.of("StatefulSet", "cofferdam-scheduler")))
        .doesNotContain("secret");
  }

  @Test
  void whereRedisKeepsLeasesNobodyHasATokenOrARoleForThem() {
    for (Map<String, Object> set : DEFAULTS.of("StatefulSet")) {
      assertThat(volumes(set)).doesNotContain("account");
    }
    assertThat(volumes(DEFAULTS.of("StatefulSet", "cofferdam-scheduler"))).contains("secret");
    assertThat(DEFAULTS.of("Role")).extracting(Rendered::name).doesNotContain(LEASES);
    assertThat(DEFAULTS.of("RoleBinding")).extracting(Rendered::name).doesNotContain(LEASES);
    assertThat(Rendered.settings(DEFAULTS.of("ConfigMap", "cofferdam-scheduler")).keySet())
        .noneMatch(name -> name.startsWith("cofferdam.lease."));
  }

  private static List<String> volumes(Map<String, Object> set) {
    return list(Rendered.pod(set).get("volumes")).stream()
        .map(volume -> String.valueOf(map(volume).get("name")))
        .toList();
  }

  @Test
  void valuesThatTheSchemaDoesNotKnowAreRefused() {
    assertThatThrownBy(() -> Rendered.with("scheduler: {leases: etcd}"))
        .hasMessageContaining("leases");
    assertThatThrownBy(() -> Rendered.with("scheduler: {leases: kubernetes}"))
        .hasMessageContaining("network.apiServer: names no address");
    assertThatThrownBy(() -> Rendered.with("gateway: {replica: 3}"))
        .hasMessageContaining("replica");
    assertThatThrownBy(() -> Rendered.with("pools: {a: {executor: tpu, models: [m]}}"))
        .hasMessageContaining("executor");
    assertThatThrownBy(() -> Rendered.with("pools: {a: {replicas: 1}}"))
        .hasMessageContaining("pools.a.models: a pool needs a model");
  }

  @Test
  void aTenantsWorkersJoinTheChartsReleaseAsItsOwnWorkersDo() {
    Map<String, String> own =
        Rendered.settings(new Rendered(tenant(3)).of("ConfigMap", "worker-acme"));
    Map<String, String> charts =
        Rendered.settings(DEFAULTS.of("ConfigMap", "cofferdam-worker-shared"));
    Map<String, String> differing = new java.util.TreeMap<>(own);
    charts.forEach(differing::remove);

    assertThat(differing)
        .containsOnlyKeys("cofferdam.worker.tenant", "cofferdam.worker.kv-bytes")
        .containsEntry("cofferdam.worker.tenant", "acme");
    assertThat(own.keySet()).containsAll(charts.keySet());
  }

  private static List<Map<String, Object>> tenant(int level) {
    Fleet fleet =
        level == 3 ? Fleet.defaults() : FleetFile.read(new StringReader("executor: cuda"));
    TenantShare share =
        new TenantShare(
            new TenantId("acme"),
            "tenant-acme",
            IsolationLevel.of(level),
            "shared",
            List.of("support-desk"),
            2,
            10_000_000_000L);
    return Rendered.parse(ManifestText.of(Manifests.of(share, fleet)));
  }
}
