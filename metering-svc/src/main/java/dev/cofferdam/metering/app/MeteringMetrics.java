package dev.cofferdam.metering.app;

import dev.cofferdam.mesh.store.RejectedFact;
import dev.cofferdam.metering.ledger.kafka.LedgerIntake;
import dev.cofferdam.metering.usage.UsageEvent;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.enterprise.context.ApplicationScoped;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What was counted, for Prometheus. Tenants are those of committed facts. */
@ApplicationScoped
public class MeteringMetrics implements LedgerIntake.Listener {
  private static final Logger LOG = LoggerFactory.getLogger(MeteringMetrics.class);
  private static final double US_PER_S = 1e6;

  private final MeterRegistry registry;
  private final Counter events;
  private final Counter duplicates;
  private final Counter rejections;
  private final Counter violations;

  public MeteringMetrics(MeterRegistry registry) {
    this.registry = registry;
    this.events = registry.counter("cofferdam.metering.events");
    this.duplicates = registry.counter("cofferdam.metering.duplicates");
    this.rejections = registry.counter("cofferdam.metering.rejected");
    this.violations = registry.counter("cofferdam.metering.isolation.violations");
  }

  @Override
  public void added(UsageEvent event) {
    events.increment();
    String tenant = event.tenant().value();
    registry
        .counter("tenant.requests", "tenant", tenant, "tier", event.tier())
        .increment(event.startsRequest());
    registry
        .counter("tenant.gpu.compute.seconds", "tenant", tenant, "tier", event.tier())
        .increment(event.quantities().computeUs() / US_PER_S);
    tokens(event, "input", event.quantities().promptTokens());
    tokens(event, "cached_input", event.quantities().cachedPromptTokens());
    tokens(event, "output", event.quantities().outputTokens());
  }

  private void tokens(UsageEvent event, String kind, long tokens) {
    registry
        .counter(
            "tenant.tokens", "tenant", event.tenant().value(), "tier", event.tier(), "kind", kind)
        .increment(tokens);
  }

  @Override
  public void skipped(int facts) {
    duplicates.increment(facts);
  }

  @Override
  public void rejected(RejectedFact fact) {
    rejections.increment();
    LOG.warn(
        "rejected a fact at {}[{}]@{}: {}",
        fact.topic(),
        fact.partition(),
        fact.offset(),
        fact.reason());
  }

  /** A tenant asked for another's usage. */
  void violation() {
    violations.increment();
  }

  /** Publishes how far the consumer is behind. */
  void watch(java.util.function.Supplier<Number> lag, java.util.function.Supplier<Number> lost) {
    io.micrometer.core.instrument.Gauge.builder("cofferdam.metering.lag.records", lag)
        .register(registry);
    io.micrometer.core.instrument.Gauge.builder("cofferdam.metering.lost.offsets", lost)
        .register(registry);
  }
}
