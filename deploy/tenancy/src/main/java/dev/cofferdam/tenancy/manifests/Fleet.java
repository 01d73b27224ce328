package dev.cofferdam.tenancy.manifests;

import java.util.List;
import java.util.Map;

/**
 * The fleet that a tenant's workers join: the chart's release, and what a worker is made of.
 *
 * @param namespace of the chart's release
 * @param release name of the chart's release
 * @param trustDomain of all identities
 * @param image of worker-svc
 * @param routers number of routers
 * @param schedulers number of schedulers
 * @param kafkaBootstrap host:port list of the brokers' mutual TLS listener
 * @param kafkaNamespace namespace of the brokers
 * @param tracesEndpoint URL of an OTLP receiver over HTTP; empty: none
 * @param tracesNamespace its namespace
 * @param monitoringNamespace whose pods may read metrics
 * @param issuer name of cert-manager's cluster issuer
 * @param modelsClaim claim in the tenant's namespace that holds models and adapters, read-only
 * @param executor cpu or cuda
 * @param gpuShared resource of a GPU that processes share (level 3)
 * @param gpuInstance resource of a MIG instance (level 4)
 * @param gpuWhole resource of a whole GPU (level 5)
 * @param cpu processors of a worker
 * @param memoryBytes memory of a worker
 * @param storageBytes its disk: the spool of its facts
 * @param kvBytes KV pool of a model in a worker; 0: the tenant's KV quota, divided by the replicas
 * @param drainMsMax time for streams under way when a worker ends
 * @param objectStoreCidrs addresses of a bucket with adapters; empty: there is none
 */
public record Fleet(
    String namespace,
    String release,
    String trustDomain,
    String image,
    int routers,
    int schedulers,
    String kafkaBootstrap,
    String kafkaNamespace,
    String tracesEndpoint,
    String tracesNamespace,
    String monitoringNamespace,
    String issuer,
    String modelsClaim,
    String executor,
    String gpuShared,
    String gpuInstance,
    String gpuWhole,
    int cpu,
    long memoryBytes,
    long storageBytes,
    long kvBytes,
    long drainMsMax,
    List<String> objectStoreCidrs) {
  /** gRPC port of every service, as in the chart. */
  public static final int GRPC_PORT = 9443;

  /** Health and metrics of every service, as in the chart. */
  public static final int HTTP_PORT = 9000;

  private static final long GIB = 1L << 30;

  /** Keeps a copy. */
  public Fleet {
    objectStoreCidrs = List.copyOf(objectStoreCidrs);
    if (!executor.equals("cpu") && !executor.equals("cuda")) {
      throw new IllegalArgumentException("executor: " + executor + " (expected: cpu or cuda)");
    }
  }

  /** What a fleet of the chart's default values is. */
  public static Fleet defaults() {
    return new Fleet(
        "cofferdam",
        "cofferdam",
        "cofferdam.local",
        "registry.example/cofferdam/worker:0.1.0",
        2,
        2,
        "cofferdam-kafka-bootstrap.kafka.svc:9093",
        "kafka",
        "",
        "observability",
        "monitoring",
        "cofferdam",
        "models",
        "cpu",
        "nvidia.com/gpu.shared",
        "nvidia.com/mig-3g.40gb",
        "nvidia.com/gpu",
        4,
        16 * GIB,
        10 * GIB,
        0,
        60_000,
        List.of());
  }

  /** host:port of each router. */
  String routerEndpoints() {
    return endpoints("router", routers);
  }

  /** host:port of each scheduler. */
  String schedulerEndpoints() {
    return endpoints("scheduler", schedulers);
  }

  /** Labels of a service's pods. */
  Map<String, Object> labelsOf(String component) {
    return Kube.map(
        "app.kubernetes.io/component", component, "app.kubernetes.io/instance", release);
  }

  private String endpoints(String component, int count) {
    String service = release + "-" + component;
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < count; i++) {
      text.append(text.isEmpty() ? "" : ",")
          .append("%s-%d.%s.%s.svc:%d".formatted(service, i, service, namespace, GRPC_PORT));
    }
    return text.toString();
  }
}
