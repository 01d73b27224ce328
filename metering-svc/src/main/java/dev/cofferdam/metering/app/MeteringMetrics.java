package dev.cofferdam.metering.app;

import dev.cofferdam.mesh.kafka.Topics;
import dev.cofferdam.mesh.store.RejectedFact;
import dev.cofferdam.metering.ledger.Booked;
import dev.cofferdam.metering.ledger.kafka.LedgerIntake;
import dev.cofferdam.metering.usage.UsageEvent;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What was counted, for Prometheus. Tenants are those of committed facts. */
@ApplicationScoped
public class MeteringMetrics implements LedgerIntake.Listener {
  private static final Logger LOG = LoggerFactory.getLogger(MeteringMetrics.class);
  private static final double US_PER_S = 1e6;
  private static final long QUIET_MS = 60_000;

  private final MeterRegistry registry;
  private final Clock clock = Clock.systemUTC();
  private final Duration lateMax;
  private final Timer lag;
  private final Counter consumed;
  private final Counter events;
  private final Counter corrections;
  private final Counter overdue;
  private final Counter duplicates;
  private final Counter rejections;
  private final Counter violations;
  private final Map<Payer, OfTenant> tenants = new ConcurrentHashMap<>();
  private final AtomicLong overdueToldMs = new AtomicLong();

  private record Payer(String tenant, String tier) {}

  /** A tenant's counters, looked up once. */
  private record OfTenant(
      Counter requests, Counter computeSeconds, Counter input, Counter cached, Counter output) {
    static OfTenant of(MeterRegistry registry, Payer payer) {
      String[] tags = {"tenant", payer.tenant(), "tier", payer.tier()};
      return new OfTenant(
          registry.counter("tenant.requests", tags),
          registry.counter("tenant.gpu.compute.seconds", tags),
          tokens(registry, payer, "input"),
          tokens(registry, payer, "cached_input"),
          tokens(registry, payer, "output"));
    }

    private static Counter tokens(MeterRegistry registry, Payer payer, String kind) {
      return registry.counter(
          "tenant.tokens", "tenant", payer.tenant(), "tier", payer.tier(), "kind", kind);
    }
  }

  public MeteringMetrics(MeterRegistry registry, MeteringConfig config) {
    this.registry = registry;
    this.lateMax = Duration.ofHours(config.ledger().lateHoursMax());
    this.lag =
        Timer.builder("cofferdam.metering.lag")
            .description("From a producer's word of an event to its commit in the ledger")
            .publishPercentileHistogram()
            .minimumExpectedValue(Duration.ofMillis(5))
            .maximumExpectedValue(Duration.ofMinutes(1))
            .register(registry);
    this.consumed =
        registry.counter(
            "messaging.client.consumed.messages",
            "messaging.system",
            "kafka",
            "messaging.destination.name",
            Topics.USAGE);
    this.events = registry.counter("cofferdam.metering.events");
    this.corrections = registry.counter("cofferdam.metering.corrections");
    this.overdue = registry.counter("cofferdam.metering.overdue");
    this.duplicates = registry.counter("cofferdam.metering.duplicates");
    this.rejections = registry.counter("cofferdam.metering.rejected");
    this.violations = registry.counter("cofferdam.metering.isolation.violations");
  }

  @Override
  public void added(Booked booked, Instant said) {
    UsageEvent event = booked.event();
    Instant now = clock.instant();
    consumed.increment();
    events.increment();
    lag.record(Duration.between(said, now));
    if (booked.isCorrection()) {
      corrections.increment();
    }
    if (event.ended().isBefore(now.minus(lateMax))) {
      overdue(event);
    }
    OfTenant counters =
        tenants.computeIfAbsent(
            new Payer(event.tenant().value(), event.tier()), payer -> OfTenant.of(registry, payer));
    UsageEvent.Quantities used = event.quantities();
    counters.requests().increment(event.startsRequest());
    counters.computeSeconds().increment(used.computeUs() / US_PER_S);
    counters.input().increment(used.promptTokens());
    counters.cached().increment(used.cachedPromptTokens());
    counters.output().increment(used.outputTokens());
  }

  /** Counted, as what is billed must not depend on an outage; but nobody shall overlook it. */
  private void overdue(UsageEvent event) {
    overdue.increment();
    long now = clock.millis();
    long told = overdueToldMs.get();
    if (now - told > QUIET_MS && overdueToldMs.compareAndSet(told, now)) {
      LOG.error(
          "usage of {} came more than {} hours after its end, and is booked as a correction ({} so"
              + " far)",
          event.tenant(),
          lateMax.toHours(),
          (long) overdue.count());
    }
  }

  @Override
  public void skipped(int facts) {
    consumed.increment(facts);
    duplicates.increment(facts);
  }

  @Override
  public void rejected(RejectedFact fact) {
    consumed.increment();
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

  /** Publishes how far the consumers are behind, and whether they cannot store. */
  void watch(Supplier<Number> waiting, Supplier<Number> lost, Supplier<Number> storeAway) {
    Gauge.builder("cofferdam.metering.store.away", storeAway).register(registry);
    Gauge.builder("cofferdam.metering.lag.records", waiting).register(registry);
    Gauge.builder("cofferdam.metering.lost.offsets", lost).register(registry);
  }
}
