package dev.cofferdam.worker.app;

import dev.cofferdam.worker.batching.BatchStats;
import dev.cofferdam.worker.lease.Lease;
import dev.cofferdam.worker.serving.ServingListener;
import dev.cofferdam.worker.usage.AttemptRecord;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/** The worker's metrics. Labels are tenants, tiers and outcomes; never content. */
@ApplicationScoped
public class WorkerMetrics implements ServingListener {
  private final MeterRegistry registry;

  WorkerMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  /** Exposes the levels and counts of a worker. */
  void expose(WorkerNode node) {
    BatchStats stats = node.stats();
    count("cofferdam.worker.steps", stats, BatchStats::steps);
    count("cofferdam.worker.steps.failed", stats, BatchStats::failedSteps);
    count("cofferdam.worker.busy.seconds", stats, s -> s.busyNs() / 1e9);
    count("cofferdam.worker.rows.prefill", stats, BatchStats::prefillRows);
    count("cofferdam.worker.rows.decode", stats, BatchStats::decodeRows);
    count("cofferdam.worker.preemptions", stats, BatchStats::preemptions);
    count("cofferdam.kv.blocks.zeroed", stats, BatchStats::blocksZeroed);
    count("cofferdam.kv.blocks.sealed", stats, BatchStats::seals);
    count("cofferdam.kv.seals.broken", stats, BatchStats::sealsBroken);
    count("cofferdam.kv.blocks.swapped", stats, BatchStats::blocksSwapped);
    count("cofferdam.isolation.violations", stats, BatchStats::violations);
    level("cofferdam.worker.sequences.running", stats, BatchStats::running);
    level("cofferdam.worker.sequences.live", stats, BatchStats::sequences);
    level("cofferdam.kv.blocks.free", stats, BatchStats::blocksUnheld);
    level("cofferdam.kv.blocks.cached", stats, BatchStats::blocksCached);
    level("cofferdam.worker.adapters.resident", stats, s -> s.adapterVersions().size());
    Gauge.builder("cofferdam.kv.blocks", node, WorkerNode::kvBlocks).register(registry);
    Gauge.builder("cofferdam.kv.block.bytes", node, n -> n.blockBytes()).register(registry);
    Gauge.builder("cofferdam.usage.spool.bytes", node, n -> n.spoolBytes()).register(registry);
    FunctionCounter.builder("cofferdam.usage.lost", node, n -> n.usageLost()).register(registry);
  }

  private void count(String name, BatchStats stats, ToDoubleFunction<BatchStats> value) {
    FunctionCounter.builder(name, stats, value).register(registry);
  }

  private void level(String name, BatchStats stats, ToDoubleFunction<BatchStats> value) {
    Gauge.builder(name, stats, value).register(registry);
  }

  @Override
  public void ended(AttemptRecord attempt) {
    String tenant = attempt.lease().tenant().value();
    Tags tags = Tags.of("tenant", tenant, "tier", attempt.lease().tier());
    String outcome = attempt.cause().outcome().name().toLowerCase(Locale.ROOT);
    registry.counter("tenant.requests", tags.and("outcome", outcome)).increment();
    registry
        .counter("tenant.gpu.compute.seconds", tags)
        .increment(attempt.usage().computeNs() / 1e9);
    registry.counter("tenant.kv.block.seconds", tags).increment(attempt.usage().kvBlockNs() / 1e9);
    registry.counter("tenant.tokens.prompt", tags).increment(attempt.promptTokensBilled());
    registry.counter("tenant.tokens.cached", tags).increment(attempt.cachedPromptTokensBilled());
    registry.counter("tenant.tokens.output", tags).increment(attempt.outputTokensDelivered());
    if (attempt.usage().outputTokens() > 0) {
      Timer.builder("cofferdam.worker.prefill")
          .tags("tier", attempt.lease().tier())
          .publishPercentileHistogram()
          .register(registry)
          .record(attempt.usage().prefillNs(), TimeUnit.NANOSECONDS);
    }
  }

  @Override
  public void grantRefused(String reason, Optional<Lease> lease) {
    registry.counter("cofferdam.worker.grants.refused", "reason", reason).increment();
  }
}
