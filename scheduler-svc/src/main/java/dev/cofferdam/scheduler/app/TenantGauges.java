package dev.cofferdam.scheduler.app;

import dev.cofferdam.mesh.metrics.TenantBound;
import dev.cofferdam.scheduler.fairness.FairnessIndex;
import dev.cofferdam.scheduler.shard.TenantLoad;
import dev.cofferdam.vocabulary.WorkloadClass;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;

/**
 * What tenants have in pools, and how evenly they are served. The busiest tenants of a pool have
 * series of their own; what the others have adds up, by tier, under {@link TenantBound#OTHER}.
 */
final class TenantGauges {
  private static final int TENANTS_MAX = 200;
  private static final int WINDOW_LOOKS = 10;

  private final MeterRegistry registry;
  private final MultiGauge waiting;
  private final MultiGauge running;
  private final MultiGauge kvBytes;
  private final Map<String, List<TenantLoad>> loads = new ConcurrentHashMap<>();
  private final Map<String, Map<WorkloadClass, FairnessIndex>> fairness = new ConcurrentHashMap<>();

  TenantGauges(MeterRegistry registry) {
    this.registry = registry;
    this.waiting = gauge("cofferdam.scheduler.tenant.waiting", "Requests of a tenant that wait");
    this.running = gauge("cofferdam.scheduler.tenant.running", "Leases of a tenant");
    this.kvBytes = gauge("cofferdam.scheduler.tenant.kv.bytes", "KV memory leased to a tenant");
  }

  private MultiGauge gauge(String name, String description) {
    return MultiGauge.builder(name).description(description).register(registry);
  }

  /** A pool's tenants, once a second; called by one thread for each pool. */
  synchronized void show(
      String pool, List<TenantLoad> now, Map<WorkloadClass, Map<String, Double>> serviceTimes) {
    loads.put(pool, bounded(now));
    rows(waiting, TenantLoad::waiting);
    rows(running, TenantLoad::running);
    rows(kvBytes, TenantLoad::kvBytes);
    Map<WorkloadClass, FairnessIndex> indices =
        fairness.computeIfAbsent(pool, this::registerFairness);
    indices.forEach((c, index) -> index.look(serviceTimes.getOrDefault(c, Map.of())));
  }

  private Map<WorkloadClass, FairnessIndex> registerFairness(String pool) {
    Map<WorkloadClass, FairnessIndex> indices = new EnumMap<>(WorkloadClass.class);
    for (WorkloadClass c : WorkloadClass.values()) {
      FairnessIndex index = new FairnessIndex(WINDOW_LOOKS);
      indices.put(c, index);
      Gauge.builder("cofferdam.scheduler.fairness.index", index, FairnessIndex::index)
          .description("Jain's index of what waiting tenants were served over their weights")
          .tags("pool", pool, "class", c.label())
          .register(registry);
    }
    return indices;
  }

  /** The busiest tenants, and the others' sums. */
  static List<TenantLoad> bounded(List<TenantLoad> all) {
    if (all.size() <= TENANTS_MAX) {
      return all;
    }
    List<TenantLoad> sorted = new ArrayList<>(all);
    sorted.sort(
        Comparator.comparingInt((TenantLoad load) -> load.waiting() + load.running()).reversed());
    List<TenantLoad> shown = new ArrayList<>(sorted.subList(0, TENANTS_MAX));
    Map<String, TenantLoad> others = new HashMap<>();
    for (TenantLoad load : sorted.subList(TENANTS_MAX, sorted.size())) {
      others.merge(
          load.tier(),
          new TenantLoad(
              TenantBound.OTHER, load.tier(), load.waiting(), load.running(), load.kvBytes()),
          TenantLoad::plus);
    }
    shown.addAll(others.values());
    return shown;
  }

  private void rows(MultiGauge gauge, ToDoubleFunction<TenantLoad> value) {
    List<Row<?>> rows = new ArrayList<>();
    loads.forEach(
        (pool, all) ->
            all.forEach(
                load -> {
                  double now = value.applyAsDouble(load);
                  rows.add(
                      Row.of(
                          Tags.of("pool", pool, "tenant", load.tenant(), "tier", load.tier()),
                          () -> now));
                }));
    gauge.register(rows, true);
  }
}
