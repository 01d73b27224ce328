package dev.cofferdam.tenancy.manifests;

import static dev.cofferdam.tenancy.manifests.Kube.map;
import static dev.cofferdam.tenancy.manifests.Kube.object;
import static dev.cofferdam.tenancy.manifests.Kube.pods;
import static dev.cofferdam.tenancy.manifests.Kube.tcp;

import dev.cofferdam.tenancy.isolation.IsolationLevel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The objects of a tenant with workers of its own, in the order in which they are applied:
 * namespace, quota, limits, network, identity, workers. What is not allowed here does not happen:
 * pods are restricted, traffic is denied but for the call table's edges, and certificates are
 * approved for this tenant's workers alone.
 */
public final class Manifests {
  private static final String QUANTITY_BYTES = "%d";
  private final TenantShare tenant;
  private final Fleet fleet;

  private Manifests(TenantShare tenant, Fleet fleet) {
    this.tenant = tenant;
    this.fleet = fleet;
  }

  /**
   * The objects.
   *
   * @throws IllegalArgumentException where the fleet cannot hold what the record asks for
   */
  public static List<Map<String, Object>> of(TenantShare tenant, Fleet fleet) {
    Manifests manifests = new Manifests(tenant, fleet);
    List<Map<String, Object>> all = new ArrayList<>();
    all.add(manifests.namespace());
    all.add(manifests.resourceQuota());
    all.add(manifests.limitRange());
    all.addAll(manifests.networkPolicies());
    all.addAll(manifests.identity());
    all.addAll(new WorkerSet(tenant, fleet).objects());
    return all;
  }

  private Map<String, Object> namespace() {
    Map<String, Object> labels = WorkerSet.labels(tenant);
    labels.remove("app.kubernetes.io/component");
    for (String mode : List.of("enforce", "audit", "warn")) {
      labels.put("pod-security.kubernetes.io/" + mode, "restricted");
    }
    return object("v1", "Namespace", "", tenant.namespace(), labels);
  }

  /** All replicas, one more while one is replaced, and nothing else. */
  private Map<String, Object> resourceQuota() {
    long pods = tenant.replicas() + 1L;
    Map<String, Object> hard =
        map(
            "pods", text(pods),
            "requests.cpu", text(pods * fleet.cpu()),
            "limits.cpu", text(pods * fleet.cpu()),
            "requests.memory", text(pods * fleet.memoryBytes()),
            "limits.memory", text(pods * fleet.memoryBytes()),
            "requests.storage", text(pods * fleet.storageBytes()),
            "services.loadbalancers", "0",
            "services.nodeports", "0");
    WorkerSet.gpu(tenant, fleet)
        .ifPresent(resource -> hard.put("requests." + resource, text(tenant.replicas())));
    return object(
        "v1",
        "ResourceQuota",
        tenant.namespace(),
        "tenant",
        WorkerSet.labels(tenant),
        "spec",
        map("hard", hard));
  }

  private Map<String, Object> limitRange() {
    Map<String, Object> most = map("cpu", text(fleet.cpu()), "memory", text(fleet.memoryBytes()));
    Map<String, Object> least = map("cpu", "100m", "memory", "128Mi");
    return object(
        "v1",
        "LimitRange",
        tenant.namespace(),
        "tenant",
        WorkerSet.labels(tenant),
        "spec",
        map(
            "limits",
            List.of(
                map("type", "Container", "max", most, "default", least, "defaultRequest", least),
                map(
                    "type",
                    "PersistentVolumeClaim",
                    "max",
                    map("storage", text(fleet.storageBytes()))))));
  }

  private List<Map<String, Object>> networkPolicies() {
    Map<String, Object> deny =
        map("podSelector", map(), "policyTypes", List.of("Ingress", "Egress"));
    Map<String, Object> workers =
        map(
            "podSelector",
            map("matchLabels", map("app.kubernetes.io/component", "worker")),
            "policyTypes",
            List.of("Ingress", "Egress"),
            "ingress",
            List.of(
                map(
                    "from",
                    List.of(pods(fleet.namespace(), fleet.labelsOf("gateway"))),
                    "ports",
                    tcp(Fleet.GRPC_PORT)),
                map(
                    "from",
                    List.of(pods(fleet.monitoringNamespace(), map())),
                    "ports",
                    tcp(Fleet.HTTP_PORT))),
            "egress",
            egress());
    return List.of(policy("default-deny", deny), policy("workers", workers));
  }

  private List<Object> egress() {
    List<Object> rules = new ArrayList<>();
    rules.add(
        map(
            "to",
            List.of(
                pods(fleet.namespace(), fleet.labelsOf("router")),
                pods(fleet.namespace(), fleet.labelsOf("scheduler"))),
            "ports",
            tcp(Fleet.GRPC_PORT)));
    rules.add(
        map(
            "to",
            List.of(pods(fleet.kafkaNamespace(), map("strimzi.io/kind", "Kafka"))),
            "ports",
            tcp(Ports.last(fleet.kafkaBootstrap()))));
    rules.add(
        map(
            "to",
            List.of(pods("kube-system", map("k8s-app", "kube-dns"))),
            "ports",
            List.of(map("protocol", "UDP", "port", 53), map("protocol", "TCP", "port", 53))));
    if (!fleet.tracesEndpoint().isEmpty()) {
      rules.add(
          map(
              "to",
              List.of(pods(fleet.tracesNamespace(), map())),
              "ports",
              tcp(Ports.last(fleet.tracesEndpoint()))));
    }
    if (!fleet.objectStoreCidrs().isEmpty()) {
      rules.add(
          map(
              "to",
              fleet.objectStoreCidrs().stream()
                  .map(cidr -> map("ipBlock", map("cidr", cidr)))
                  .toList(),
              "ports",
              tcp(443)));
    }
    return rules;
  }

  private Map<String, Object> policy(String name, Map<String, Object> spec) {
    return object(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        tenant.namespace(),
        name,
        WorkerSet.labels(tenant),
        "spec",
        spec);
  }

  /**
   * A service account that may do nothing, and the only names for which certificates are approved
   * in this namespace.
   */
  private List<Map<String, Object>> identity() {
    String policy = "cofferdam-workers-" + tenant.namespace();
    Map<String, Object> labels = WorkerSet.labels(tenant);
    Map<String, Object> issuer =
        map("group", "cert-manager.io", "kind", "ClusterIssuer", "name", fleet.issuer());
    return List.of(
        object(
            "v1",
            "ServiceAccount",
            tenant.namespace(),
            "worker",
            labels,
            "automountServiceAccountToken",
            false),
        object(
            "policy.cert-manager.io/v1alpha1",
            "CertificateRequestPolicy",
            "",
            policy,
            labels,
            "spec",
            map(
                "selector",
                map(
                    "issuerRef",
                    issuer,
                    "namespace",
                    map("matchNames", List.of(tenant.namespace()))),
                "allowed",
                map(
                    "commonName",
                    map("value", fleet.release() + "-worker", "required", true),
                    "uris",
                    map(
                        "values",
                        List.of(
                            "spiffe://%s/service/worker/%s-*"
                                .formatted(fleet.trustDomain(), WorkerSet.name(tenant))),
                        "required",
                        true),
                    "usages",
                    List.of("digital signature", "client auth", "server auth")),
                "constraints",
                map("maxDuration", "24h"))),
        object(
            "rbac.authorization.k8s.io/v1",
            "ClusterRole",
            "",
            policy,
            labels,
            "rules",
            List.of(
                map(
                    "apiGroups",
                    List.of("policy.cert-manager.io"),
                    "resources",
                    List.of("certificaterequestpolicies"),
                    "verbs",
                    List.of("use"),
                    "resourceNames",
                    List.of(policy)))),
        object(
            "rbac.authorization.k8s.io/v1",
            "RoleBinding",
            tenant.namespace(),
            policy,
            labels,
            "roleRef",
            map("apiGroup", "rbac.authorization.k8s.io", "kind", "ClusterRole", "name", policy),
            "subjects",
            List.of(
                map(
                    "kind",
                    "ServiceAccount",
                    "name",
                    "cert-manager-csi-driver",
                    "namespace",
                    "cert-manager"))));
  }

  static String text(long value) {
    return QUANTITY_BYTES.formatted(value);
  }

  /** Whether a level binds its workers to hardware that only the tenant's pods may use. */
  static boolean ownNodes(IsolationLevel level) {
    return level == IsolationLevel.DEDICATED;
  }
}
