package dev.cofferdam.scheduler.app;

import dev.cofferdam.scheduler.shard.PoolListener;
import dev.cofferdam.scheduler.shard.PoolStats;
import dev.cofferdam.scheduler.shard.TenantLoad;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.WorkloadClass;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;

/** What pools do, for Prometheus. */
@ApplicationScoped
public class SchedulerMetrics implements PoolListener {
  private final MeterRegistry registry;
  private final Map<String, PoolStats> stats = new ConcurrentHashMap<>();

  private final TenantGauges tenants;

  public SchedulerMetrics(MeterRegistry registry) {
    this.registry = registry;
    this.tenants = new TenantGauges(registry);
  }

  @Override
  public void tenants(
      String pool, List<TenantLoad> loads, Map<WorkloadClass, Map<String, Double>> serviceTimes) {
    tenants.show(pool, loads, serviceTimes);
  }

  @Override
  public void granted(String pool, WorkloadClass workloadClass, String tier, long queueWaitMs) {
    Timer.builder("cofferdam.scheduler.queue.wait")
        .tags("pool", pool, "class", workloadClass.label(), "tier", tier)
        .publishPercentileHistogram()
        .maximumExpectedValue(Duration.ofMinutes(1))
        .register(registry)
        .record(Duration.ofMillis(queueWaitMs));
    registry
        .counter("cofferdam.scheduler.grants", "pool", pool, "class", workloadClass.label())
        .increment();
  }

  @Override
  public void refused(String pool, ErrorCode code, boolean wasAdmitted) {
    registry
        .counter(
            "cofferdam.scheduler.refusals",
            "pool",
            pool,
            "code",
            code.wireName(),
            "admitted",
            Boolean.toString(wasAdmitted))
        .increment();
  }

  @Override
  public void preempted(String pool, WorkloadClass workloadClass, TenantId causedBy) {
    registry
        .counter(
            "cofferdam.scheduler.preemptions",
            "pool",
            pool,
            "class",
            workloadClass.label(),
            "tenant",
            causedBy.value())
        .increment();
  }

  @Override
  public void attemptLost(String pool) {
    registry.counter("cofferdam.scheduler.attempts.lost", "pool", pool).increment();
  }

  @Override
  public void stats(String pool, PoolStats now) {
    if (stats.put(pool, now) != null) {
      return;
    }
    Tags tags = Tags.of("pool", pool);
    for (WorkloadClass c : WorkloadClass.values()) {
      Tags both = tags.and("class", c.label());
      gauge("cofferdam.scheduler.queue.depth", both, pool, s -> s.waiting().getOrDefault(c, 0));
      gauge(
          "cofferdam.scheduler.virtual.time.gap",
          both,
          pool,
          s -> s.virtualTimeGap().getOrDefault(c, 0.0));
    }
    gauge("cofferdam.scheduler.running", tags, pool, PoolStats::running);
    gauge("cofferdam.scheduler.preempted", tags, pool, PoolStats::preempted);
    gauge("cofferdam.scheduler.slots", tags, pool, PoolStats::slots);
    gauge("cofferdam.scheduler.workers", tags, pool, PoolStats::workers);
  }

  private void gauge(String name, Tags tags, String pool, ToDoubleFunction<PoolStats> value) {
    Gauge.builder(name, () -> value.applyAsDouble(stats.getOrDefault(pool, PoolStats.EMPTY)))
        .tags(tags)
        .register(registry);
  }
}
