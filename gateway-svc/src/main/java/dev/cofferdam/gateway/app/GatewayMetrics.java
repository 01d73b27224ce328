package dev.cofferdam.gateway.app;

import dev.cofferdam.gateway.batch.BatchRunner;
import dev.cofferdam.gateway.connection.TenantConnections;
import dev.cofferdam.gateway.dispatch.Ending;
import dev.cofferdam.gateway.dispatch.Generation;
import dev.cofferdam.gateway.dispatch.RequestObserver;
import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.facts.AuditFacts;
import dev.cofferdam.gateway.identity.IdentityFacts;
import dev.cofferdam.gateway.identity.jose.IssuerKeys;
import dev.cofferdam.gateway.quota.Budget;
import dev.cofferdam.gateway.quota.Limiter;
import dev.cofferdam.gateway.quota.TenantBreakers;
import dev.cofferdam.gateway.quota.redis.LeasedLimiter;
import dev.cofferdam.gateway.quota.redis.RedisLimiter;
import dev.cofferdam.gateway.shadow.Comparison;
import dev.cofferdam.gateway.storage.ForeignIds;
import dev.cofferdam.gateway.transcripts.TranscriptWriter;
import dev.cofferdam.mesh.Tracing;
import dev.cofferdam.mesh.kafka.FactPublisher;
import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.TenantProfile;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How requests went, for Prometheus: by tenant, tier and code. */
@ApplicationScoped
public class GatewayMetrics implements RequestObserver {
  private static final Logger LOG = LoggerFactory.getLogger(GatewayMetrics.class);
  private static final int FRAMES = 8;

  private final MeterRegistry registry;
  private final Map<TenantKey, TenantMeters> tenants = new ConcurrentHashMap<>();

  private final Map<ModelKey, GenAiMeters> models = new ConcurrentHashMap<>();

  private record TenantKey(String tenant, String tier) {}

  private record ModelKey(Operation operation, String model, String tier) {}

  public GatewayMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  void watch(RedisLimiter limiter, IdentityFacts identity, FactPublisher publisher) {
    registry.gauge("cofferdam.limiter.redis.out", limiter, l -> l.redisOut() ? 1 : 0);
    registry.gauge("cofferdam.limiter.local.decisions", limiter, RedisLimiter::localDecisions);
    registry.gauge("cofferdam.limiter.refusals", limiter, RedisLimiter::unavailableRefusals);
    registry.gauge("cofferdam.limiter.leases", limiter, RedisLimiter::liveLeases);
    registry.gauge("cofferdam.limiter.settlements.late", limiter, RedisLimiter::pendingSettlements);
    registry.gauge(
        "cofferdam.limiter.settlements.dropped", limiter, RedisLimiter::droppedSettlements);
    registry.gauge("cofferdam.identity.refusals", identity, IdentityFacts::refusals);
    registry.gauge("cofferdam.identity.violations", identity, IdentityFacts::violations);
    registry.gauge("cofferdam.audit.spool.bytes", publisher, FactPublisher::backlogBytes);
  }

  void watch(TenantBreakers breakers, InstantSource clock) {
    registry.gauge("cofferdam.breaker.open", breakers, b -> b.open(clock.millis()));
    registry.gauge("cofferdam.breaker.pauses", breakers, TenantBreakers::pauses);
    registry.gauge("cofferdam.breaker.refusals", breakers, TenantBreakers::refusals);
  }

  void watch(TranscriptWriter transcripts) {
    registry.gauge("cofferdam.transcripts.kept", transcripts, TranscriptWriter::kept);
    registry.gauge("cofferdam.transcripts.lost", transcripts, TranscriptWriter::lost);
  }

  void watch(ForeignIds ids) {
    registry.gauge("cofferdam.foreign.ids.violations", ids, ForeignIds::violations);
    registry.gauge("cofferdam.foreign.ids.unchecked", ids, ForeignIds::unchecked);
  }

  void watch(LeasedLimiter limiter) {
    registry.gauge("cofferdam.limiter.slices", limiter, LeasedLimiter::heldSlices);
    registry.gauge("cofferdam.limiter.slice.decisions", limiter, LeasedLimiter::localDecisions);
    registry.gauge("cofferdam.limiter.slice.misses", limiter, LeasedLimiter::strictDecisions);
  }

  void watch(IssuerKeys keys) {
    registry.gauge("cofferdam.jwt.keys", keys, IssuerKeys::size);
    registry.gauge("cofferdam.jwt.keys.age.seconds", keys, IssuerKeys::ageS);
    registry.gauge("cofferdam.jwt.keys.failures", keys, IssuerKeys::failures);
  }

  void watch(TenantConnections connections) {
    registry.gauge("cofferdam.connections", connections, TenantConnections::held);
    registry.gauge("cofferdam.connections.refusals", connections, TenantConnections::refusals);
  }

  void watch(BatchRunner batches) {
    registry.gauge("cofferdam.batches.running", batches, BatchRunner::running);
    registry.gauge("cofferdam.batches.failures", batches, BatchRunner::failures);
  }

  void budgetAlert(TenantProfile tenant, Budget budget, int percent) {
    registry
        .counter(
            "cofferdam.budget.alerts",
            Tags.of(
                "tenant",
                tenant.id().value(),
                "budget",
                budget.label(),
                "percent",
                Integer.toString(percent)))
        .increment();
  }

  /** A request's shadow ended, too. */
  void compared(Comparison c) {
    Tags models = Tags.of("model", c.model(), "shadow", c.shadowModel());
    registry
        .counter(
            "cofferdam.shadow.requests",
            models.and("outcome", c.shadow().outcome().name().toLowerCase(Locale.ROOT)))
        .increment();
    if (c.shadow().outcome() == AuditFact.Outcome.COMPLETED) {
      both("cofferdam.shadow.ttft.ms", models, c.answered().ttftMs(), c.shadow().ttftMs());
      both("cofferdam.shadow.latency.ms", models, c.answered().latencyMs(), c.shadow().latencyMs());
      both(
          "cofferdam.shadow.output.tokens",
          models,
          c.answered().usage().outputTokens(),
          c.shadow().usage().outputTokens());
    }
  }

  private void both(String name, Tags models, long answered, long shadow) {
    registry.summary(name, models.and("of", "answer")).record(Math.max(0, answered));
    registry.summary(name, models.and("of", "shadow")).record(Math.max(0, shadow));
  }

  @Override
  public void ended(Generation generation, Ending ending) {
    TenantProfile tenant = generation.identity().tenant();
    TenantMeters meters =
        tenants.computeIfAbsent(
            new TenantKey(tenant.id().value(), tenant.tier().label()),
            key -> new TenantMeters(registry, Tags.of("tenant", key.tenant(), "tier", key.tier())));
    GenAiMeters ofModel =
        models.computeIfAbsent(
            new ModelKey(generation.operation(), generation.model().id(), tenant.tier().label()),
            key -> new GenAiMeters(registry, key.operation(), key.model(), key.tier()));
    Context trace = Tracing.context();
    Span span = Span.fromContext(trace);
    GenAiSpan.describe(span, generation, ending);
    if (!span.getSpanContext().isSampled()) {
      meters.ended(generation, ending);
      ofModel.ended(ending);
      return;
    }
    // The trace becomes an example of the buckets that the request falls into.
    try (Scope unused = trace.makeCurrent()) {
      meters.ended(generation, ending);
      ofModel.ended(ending);
    }
  }

  /** A limiter whose time is counted as what isolation costs. */
  Limiter timed(Limiter limiter) {
    return new TimedLimiter(limiter, overhead("limits"), System::nanoTime);
  }

  /** Facts whose time is counted as what isolation costs. */
  AuditFacts timed(AuditFacts facts) {
    return new TimedFacts(facts, overhead("audit"), System::nanoTime);
  }

  private Counter overhead(String mechanism) {
    return Counter.builder("cofferdam.isolation.overhead.seconds")
        .description("Time that a mechanism of isolation took, of all requests")
        .tags("mechanism", mechanism)
        .register(registry);
  }

  @Override
  public void auditLost(Generation generation) {
    registry.counter("cofferdam.audit.lost").increment();
    LOG.error("request {}: its audit fact could not be kept", generation.id());
  }

  @Override
  public void broken(Generation generation, Throwable bug) {
    registry.counter("cofferdam.requests.broken").increment();
    StringBuilder where = new StringBuilder();
    StackTraceElement[] trace = bug.getStackTrace();
    for (int i = 0; i < Math.min(FRAMES, trace.length); i++) {
      where.append("\n  at ").append(trace[i]);
    }
    LOG.error("request {}: {}{}", generation.id(), bug.getClass().getName(), where);
  }
}
