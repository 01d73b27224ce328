package dev.cofferdam.load.overhead;

import dev.cofferdam.load.metrics.Samples;
import dev.cofferdam.vocabulary.TenantId;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * What the counters of the mesh's processes grew by while requests of one kind ran and nothing
 * else.
 *
 * @param before each process' samples, by its name, with no request on its way
 * @param after the same processes' later, with no request on its way
 */
public record Interval(Map<String, Samples> before, Map<String, Samples> after) {
  private static final String OVERHEAD = "cofferdam_isolation_overhead_seconds_total";
  private static final String BORN = "process_start_time_seconds";
  private static final String WORKER = "worker";
  private static final String GATEWAY = "gateway";
  private static final String ANY = "";
  private static final double MS_PER_S = 1_000;

  /**
   * Keeps both readings.
   *
   * @throws IllegalStateException where a process was started in between: its counters began anew
   */
  public Interval {
    before = Map.copyOf(before);
    after = Map.copyOf(after);
    for (Map.Entry<String, Samples> process : before.entrySet()) {
      Samples later = after.get(process.getKey());
      if (later == null || later.sum(BORN) != process.getValue().sum(BORN)) {
        throw new IllegalStateException(
            process.getKey() + " was started anew while its counters were compared");
      }
    }
  }

  /** Requests of all tenants that ended. */
  public double requests() {
    return grown(GATEWAY, s -> s.sum("cofferdam_requests_total"));
  }

  /** Requests of a tenant that ended. */
  public double requests(TenantId tenant) {
    return grown(GATEWAY, s -> s.sum("cofferdam_requests_total", "tenant", tenant.value()));
  }

  /** Mean time of a tenant's request at the gateway, in milliseconds; NaN where there was none. */
  public double requestMs(TenantId tenant) {
    return MS_PER_S
        * grown(GATEWAY, s -> s.sum("cofferdam_latency_seconds_sum", "tenant", tenant.value()))
        / grown(GATEWAY, s -> s.sum("cofferdam_latency_seconds_count", "tenant", tenant.value()));
  }

  /** Mean share of a tenant's request in the steps' time, in milliseconds. */
  public double computeMs(TenantId tenant) {
    return MS_PER_S
        * grown(WORKER, s -> s.sum("tenant_gpu_compute_seconds_total", "tenant", tenant.value()))
        / requests(tenant);
  }

  /** KV blocks that were sealed. */
  public double sealedBlocks() {
    return grown(WORKER, s -> s.sum("cofferdam_kv_blocks_sealed_total"));
  }

  /** Mean time that a mechanism took for a request, in milliseconds, by its own counter. */
  public double overheadMs(Mechanism mechanism) {
    double ms = MS_PER_S * grown(ANY, s -> s.sum(OVERHEAD, "mechanism", mechanism.label()));
    return (mechanism == Mechanism.ZEROING ? ms * owed() : ms) / requests();
  }

  /**
   * Blocks that these requests took over blocks that were zeroed meanwhile. Every block that is
   * taken is zeroed once, but those that the prefix cache keeps only when they leave it.
   */
  private double owed() {
    double zeroed = grown(WORKER, s -> s.sum("cofferdam_kv_blocks_zeroed_total"));
    double cached = grown(WORKER, s -> s.sum("cofferdam_kv_blocks_cached"));
    return zeroed == 0 ? 1 : (zeroed + cached) / zeroed;
  }

  /** By how much a figure of a service's processes grew. */
  private double grown(String service, ToDoubleFunction<Samples> figure) {
    return sum(after, service, figure) - sum(before, service, figure);
  }

  private static double sum(
      Map<String, Samples> processes, String service, ToDoubleFunction<Samples> figure) {
    return processes.entrySet().stream()
        .filter(p -> service.equals(ANY) || isOf(service, p.getKey()))
        .mapToDouble(p -> figure.applyAsDouble(p.getValue()))
        .sum();
  }

  private static boolean isOf(String service, String process) {
    return process.equals(service) || process.startsWith(service + "-");
  }
}
