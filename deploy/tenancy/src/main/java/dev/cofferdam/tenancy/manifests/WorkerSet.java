package dev.cofferdam.tenancy.manifests;

import static dev.cofferdam.tenancy.manifests.Kube.map;
import static dev.cofferdam.tenancy.manifests.Kube.object;

import dev.cofferdam.tenancy.isolation.IsolationLevel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A tenant's workers: a stateful set, because a worker's name stands in its certificate and its
 * spool must outlive it.
 */
final class WorkerSet {
  private static final String TLS = "/etc/cofferdam/tls";
  private static final String CONFIG = "/etc/cofferdam/config";
  private static final String STATE = "/var/lib/cofferdam";
  private static final String MODELS = "/models";
  private static final int USER = 65532;

  /** The key store is beside the plain key in a pod's memory: its password keeps nothing. */

  /** Seconds for which a pod that ends is still called, and for its last facts. */
  private static final int UNROUTED_S = 5;

  private static final int LAST_FACTS_S = 15;

  /** Share of a worker's memory that weights, KV and the heap may take. */
  private static final int HEAP_PERCENT = 80;

  private final TenantShare tenant;
  private final Fleet fleet;

  WorkerSet(TenantShare tenant, Fleet fleet) {
    this.tenant = tenant;
    this.fleet = fleet;
  }

  static String name(TenantShare tenant) {
    return "worker-" + tenant.id().value();
  }

  static Map<String, Object> labels(TenantShare tenant) {
    Map<String, Object> labels = new LinkedHashMap<>();
    labels.put("app.kubernetes.io/part-of", "cofferdam");
    labels.put("app.kubernetes.io/component", "worker");
    labels.put("cofferdam.dev/tenant", tenant.id().value());
    labels.put("cofferdam.dev/isolation-level", String.valueOf(tenant.level().number()));
    return labels;
  }

  /** The resource that a worker asks for; empty: none. */
  static Optional<String> gpu(TenantShare tenant, Fleet fleet) {
    if (fleet.executor().equals("cpu")) {
      if (tenant.level() == IsolationLevel.MIG) {
        throw new IllegalArgumentException(
            "isolation level 4 is an instance of a GPU, and the fleet's executor is cpu");
      }
      return Optional.empty();
    }
    return Optional.of(
        switch (tenant.level()) {
          case MIG -> fleet.gpuInstance();
          case DEDICATED -> fleet.gpuWhole();
          default -> fleet.gpuShared();
        });
  }

  List<Map<String, Object>> objects() {
    Map<String, Object> selector = map("matchLabels", selectorLabels());
    return List.of(
        object(
            "v1",
            "ConfigMap",
            tenant.namespace(),
            name(tenant),
            labels(tenant),
            "data",
            map("application.properties", properties())),
        object(
            "v1",
            "Service",
            tenant.namespace(),
            name(tenant),
            labels(tenant),
            "spec",
            map(
                "clusterIP",
                "None",
                "selector",
                selectorLabels(),
                "ports",
                List.of(map("name", "grpc", "port", Fleet.GRPC_PORT, "appProtocol", "grpc")))),
        object(
            "policy/v1",
            "PodDisruptionBudget",
            tenant.namespace(),
            name(tenant),
            labels(tenant),
            "spec",
            map("maxUnavailable", 1, "selector", selector)),
        object(
            "apps/v1",
            "StatefulSet",
            tenant.namespace(),
            name(tenant),
            labels(tenant),
            "spec",
            map(
                "serviceName",
                name(tenant),
                "replicas",
                tenant.replicas(),
                "podManagementPolicy",
                "Parallel",
                "selector",
                selector,
                "template",
                map("metadata", map("labels", labels(tenant)), "spec", pod()),
                "volumeClaimTemplates",
                List.of(
                    map(
                        "metadata",
                        map("name", "state"),
                        "spec",
                        map(
                            "accessModes",
                            List.of("ReadWriteOnce"),
                            "resources",
                            map(
                                "requests",
                                map("storage", Manifests.text(fleet.storageBytes())))))))));
  }

  private Map<String, Object> selectorLabels() {
    return map(
        "app.kubernetes.io/component", "worker", "cofferdam.dev/tenant", tenant.id().value());
  }

  /** The worker's settings; {@code WorkerConfig} says what each means. */
  private String properties() {
    Map<String, String> p = new LinkedHashMap<>();
    p.put("cofferdam.trust-domain", fleet.trustDomain());
    p.put("cofferdam.tls.certificate", TLS + "/tls.crt");
    p.put("cofferdam.tls.key", TLS + "/tls.key");
    p.put("cofferdam.tls.trust", TLS + "/ca.crt");
    p.put("cofferdam.listen.host", "0.0.0.0");
    p.put("cofferdam.listen.port", String.valueOf(Fleet.GRPC_PORT));
    p.put("cofferdam.state-dir", STATE);
    p.put("cofferdam.kafka.properties.\"bootstrap.servers\"", fleet.kafkaBootstrap());
    p.put("cofferdam.kafka.properties.\"security.protocol\"", "SSL");
    p.put("cofferdam.worker.id", "${POD_NAME}");
    p.put("cofferdam.worker.pool", tenant.pool());
    p.put("cofferdam.worker.tenant", tenant.id().value());
    p.put("cofferdam.worker.zone", "${POD_ZONE:}");
    p.put("cofferdam.worker.advertised-endpoint", "${POD_IP}:" + Fleet.GRPC_PORT);
    p.put("cofferdam.worker.models-root", MODELS + "/models");
    p.put("cofferdam.worker.adapters-root", MODELS + "/adapters");
    p.put("cofferdam.worker.models", String.join(",", tenant.models()));
    p.put("cofferdam.worker.models-pinned", tenant.models().getFirst());
    p.put("cofferdam.worker.router-endpoints", fleet.routerEndpoints());
    p.put("cofferdam.worker.scheduler-endpoint", fleet.schedulerEndpoints());
    p.put("cofferdam.worker.executor", fleet.executor());
    p.put("cofferdam.worker.kv-bytes", String.valueOf(kvBytes()));
    p.put("cofferdam.worker.drain-ms-max", String.valueOf(fleet.drainMsMax()));
    p.put("quarkus.http.host", "0.0.0.0");
    p.put("quarkus.http.port", String.valueOf(Fleet.HTTP_PORT));
    if (fleet.tracesEndpoint().isEmpty()) {
      p.put("quarkus.otel.sdk.disabled", "true");
    } else {
      p.put("quarkus.otel.exporter.otlp.endpoint", fleet.tracesEndpoint());
    }
    return p.entrySet().stream()
        .map(e -> e.getKey() + "=" + e.getValue() + "\n")
        .collect(Collectors.joining());
  }

  private long kvBytes() {
    long bytes = fleet.kvBytes() == 0 ? tenant.kvBytesMax() / tenant.replicas() : fleet.kvBytes();
    long room = fleet.memoryBytes() / 100 * HEAP_PERCENT;
    if (fleet.executor().equals("cpu") && bytes > room) {
      throw new IllegalArgumentException(
          ("a KV pool of %d bytes in each of %d workers is more than %d%% of a worker's memory (%d"
                  + " bytes): more replicas, more memory_bytes or a smaller kv_bytes in the fleet's"
                  + " file")
              .formatted(bytes, tenant.replicas(), HEAP_PERCENT, fleet.memoryBytes()));
    }
    return bytes;
  }

  private Map<String, Object> pod() {
    Map<String, Object> pod =
        map(
            "serviceAccountName",
            "worker",
            "automountServiceAccountToken",
            false,
            "enableServiceLinks",
            false,
            "terminationGracePeriodSeconds",
            fleet.drainMsMax() / 1000 + UNROUTED_S + LAST_FACTS_S,
            "securityContext",
            map(
                "runAsNonRoot",
                true,
                "runAsUser",
                USER,
                "runAsGroup",
                USER,
                "fsGroup",
                USER,
                "seccompProfile",
                map("type", "RuntimeDefault")),
            "topologySpreadConstraints",
            List.of(
                map(
                    "maxSkew",
                    1,
                    "topologyKey",
                    "topology.kubernetes.io/zone",
                    "whenUnsatisfiable",
                    "ScheduleAnyway",
                    "labelSelector",
                    map("matchLabels", selectorLabels()))),
            "containers",
            List.of(container()),
            "volumes",
            volumes());
    if (Manifests.ownNodes(tenant.level())) {
      String key = "cofferdam.dev/tenant";
      pod.put("nodeSelector", map(key, tenant.id().value()));
      pod.put(
          "tolerations",
          List.of(
              map(
                  "key",
                  key,
                  "operator",
                  "Equal",
                  "value",
                  tenant.id().value(),
                  "effect",
                  "NoSchedule")));
    }
    return pod;
  }

  private Map<String, Object> container() {
    Map<String, Object> resources =
        map("cpu", String.valueOf(fleet.cpu()), "memory", Manifests.text(fleet.memoryBytes()));
    gpu(tenant, fleet).ifPresent(resource -> resources.put(resource, "1"));
    return map(
        "name",
        "worker",
        "image",
        fleet.image(),
        "env",
        List.of(
            field("POD_NAME", "metadata.name"),
            field("POD_IP", "status.podIP"),
            field("POD_ZONE", "metadata.labels['topology.kubernetes.io/zone']"),
            map("name", "QUARKUS_CONFIG_LOCATIONS", "value", CONFIG + "/application.properties"),
            map("name", "JDK_JAVA_OPTIONS", "value", "-XX:MaxRAMPercentage=" + HEAP_PERCENT)),
        "ports",
        List.of(
            map("name", "grpc", "containerPort", Fleet.GRPC_PORT),
            map("name", "http", "containerPort", Fleet.HTTP_PORT)),
        "resources",
        map("requests", resources, "limits", resources),
        "securityContext",
        map(
            "allowPrivilegeEscalation",
            false,
            "readOnlyRootFilesystem",
            true,
            "capabilities",
            map("drop", List.of("ALL"))),
        "lifecycle",
        map("preStop", map("sleep", map("seconds", UNROUTED_S))),
        "startupProbe",
        probe("/q/health/started", 2, 300),
        "livenessProbe",
        probe("/q/health/live", 10, 3),
        "readinessProbe",
        probe("/q/health/ready", 2, 2),
        "volumeMounts",
        mounts());
  }

  private static Map<String, Object> field(String name, String path) {
    return map("name", name, "valueFrom", map("fieldRef", map("fieldPath", path)));
  }

  private static Map<String, Object> probe(String path, int periodS, int failures) {
    return map(
        "httpGet",
        map("path", path, "port", "http"),
        "periodSeconds",
        periodS,
        "timeoutSeconds",
        2,
        "failureThreshold",
        failures);
  }

  private static List<Object> mounts() {
    List<Object> mounts = new ArrayList<>();
    mounts.add(map("name", "config", "mountPath", CONFIG, "readOnly", true));
    mounts.add(map("name", "tls", "mountPath", TLS, "readOnly", true));
    mounts.add(map("name", "models", "mountPath", MODELS, "readOnly", true));
    mounts.add(map("name", "state", "mountPath", STATE));
    mounts.add(map("name", "tmp", "mountPath", "/tmp"));
    return mounts;
  }

  private List<Object> volumes() {
    return List.of(
        map("name", "config", "configMap", map("name", name(tenant))),
        map("name", "tls", "csi", certificate()),
        map(
            "name",
            "models",
            "persistentVolumeClaim",
            map("claimName", fleet.modelsClaim(), "readOnly", true)),
        map("name", "tmp", "emptyDir", map("sizeLimit", "256Mi")));
  }

  /** cert-manager's CSI driver: the key is made on the node and never leaves it. */
  private Map<String, Object> certificate() {
    return map(
        "driver",
        "csi.cert-manager.io",
        "readOnly",
        true,
        "volumeAttributes",
        map(
            "csi.cert-manager.io/issuer-kind",
            "ClusterIssuer",
            "csi.cert-manager.io/issuer-name",
            fleet.issuer(),
            "csi.cert-manager.io/common-name",
            fleet.release() + "-worker",
            "csi.cert-manager.io/uri-sans",
            "spiffe://" + fleet.trustDomain() + "/service/worker/${POD_NAME}",
            "csi.cert-manager.io/key-usages",
            "digital signature,client auth,server auth",
            "csi.cert-manager.io/key-encoding",
            "PKCS8",
            "csi.cert-manager.io/duration",
            "24h",
            "csi.cert-manager.io/fs-group",
            String.valueOf(USER)));
  }
}
