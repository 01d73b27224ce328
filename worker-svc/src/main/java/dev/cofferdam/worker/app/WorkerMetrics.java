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
  private final VllmAliases aliases;

  WorkerMetrics(MeterRegistry registry) {
    this.registry = registry;
    this.aliases = new VllmAliases(registry);
  }

  /** Exposes the levels and counts of a worker. */
  void expose(WorkerNode node) {
    count("cofferdam.worker.steps", node, BatchStats::steps);
    count("cofferdam.worker.steps.failed", node, BatchStats::failedSteps);
    count("cofferdam.worker.busy.seconds", node, s -> s.busyNs() / 1e9);
    count("cofferdam.worker.rows.prefill", node, BatchStats::prefillRows);
    count("cofferdam.worker.rows.decode", node, BatchStats::decodeRows);
    count("cofferdam.worker.preemptions", node, BatchStats::preemptions);
    count("cofferdam.kv.blocks.zeroed", node, BatchStats::blocksZeroed);
    count("cofferdam.kv.blocks.sealed", node, BatchStats::seals);
    count("cofferdam.kv.seals.broken", node, BatchStats::sealsBroken);
    count("cofferdam.kv.blocks.swapped", node, BatchStats::blocksSwapped);
    count("cofferdam.isolation.violations", node, BatchStats::violations);
    level("cofferdam.worker.sequences.running", node, BatchStats::running);
    level("cofferdam.worker.sequences.live", node, BatchStats::sequences);
    level("cofferdam.kv.blocks.free", node, BatchStats::blocksUnheld);
    level("cofferdam.kv.blocks.cached", node, BatchStats::blocksCached);
    gauge("cofferdam.worker.adapters.resident", node, n -> n.memory().adapters().size());
    gauge("cofferdam.models.loaded", node, n -> n.memory().loaded());
    total("cofferdam.models.loads", node, n -> n.memory().loads());
    total("cofferdam.models.evictions", node, n -> n.memory().evictions());
    total("cofferdam.models.load.seconds", node, WorkerNode::loadSeconds);
    gauge("cofferdam.kv.blocks", node, WorkerNode::kvBlocks);
    gauge("cofferdam.kv.bytes", node, WorkerNode::kvBytes);
    gauge("cofferdam.usage.spool.bytes", node, WorkerNode::spoolBytes);
    total("cofferdam.usage.lost", node, WorkerNode::usageLost);
    overhead("zeroing", node, n -> n.overhead().zeroingNs.sum());
    overhead("encryption", node, n -> n.overhead().encryptionNs.sum());
    overhead("adapters", node, n -> n.overhead().adaptersNs.sum());
    aliases.expose(node);
  }

  private void overhead(String mechanism, WorkerNode node, ToDoubleFunction<WorkerNode> ns) {
    FunctionCounter.builder(
            "cofferdam.isolation.overhead.seconds", node, n -> ns.applyAsDouble(n) / 1e9)
        .description("Time that a mechanism of isolation took, of all requests")
        .tags("mechanism", mechanism)
        .register(registry);
  }

  private void count(String name, WorkerNode node, ToDoubleFunction<BatchStats> value) {
    FunctionCounter.builder(name, node, n -> value.applyAsDouble(n.stats())).register(registry);
  }

  private void level(String name, WorkerNode node, ToDoubleFunction<BatchStats> value) {
    Gauge.builder(name, node, n -> value.applyAsDouble(n.stats())).register(registry);
  }

  private void gauge(String name, WorkerNode node, ToDoubleFunction<WorkerNode> value) {
    Gauge.builder(name, node, value).register(registry);
  }

  private void total(String name, WorkerNode node, ToDoubleFunction<WorkerNode> value) {
    FunctionCounter.builder(name, node, value).register(registry);
  }

  @Override
  public void ended(AttemptRecord attempt) {
    aliases.ended(attempt);
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
