package dev.cofferdam.audit.app;

import dev.cofferdam.audit.log.kafka.LogIntake;
import dev.cofferdam.audit.record.AuditEvent;
import dev.cofferdam.mesh.store.RejectedFact;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What was logged, for Prometheus. */
@ApplicationScoped
public class AuditMetrics implements LogIntake.Listener {
  private static final Logger LOG = LoggerFactory.getLogger(AuditMetrics.class);
  private static final int CRITICAL = 3;

  private final MeterRegistry registry;
  private final Counter leaves;
  private final Counter critical;
  private final Counter duplicates;
  private final Counter rejections;
  private final Counter checkpoints;
  private final Counter unsigned;
  private final Counter violations;
  private final Counter cosignatures;
  private final Counter uncosigned;
  private final Counter expired;

  public AuditMetrics(MeterRegistry registry) {
    this.registry = registry;
    this.leaves = registry.counter("cofferdam.audit.leaves");
    this.critical = registry.counter("cofferdam.audit.critical");
    this.duplicates = registry.counter("cofferdam.audit.duplicates");
    this.rejections = registry.counter("cofferdam.audit.rejected");
    this.checkpoints = registry.counter("cofferdam.audit.checkpoints");
    this.unsigned = registry.counter("cofferdam.audit.checkpoints.refused");
    this.violations = registry.counter("cofferdam.audit.isolation.violations");
    this.cosignatures = registry.counter("cofferdam.audit.cosignatures");
    this.expired = registry.counter("cofferdam.audit.keys.expired");
    this.uncosigned = registry.counter("cofferdam.audit.cosignatures.refused");
  }

  @Override
  public void appended(AuditEvent event) {
    leaves.increment();
    if (event.severity() == CRITICAL) {
      critical.increment();
    }
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

  /** A checkpoint was signed. */
  void signed() {
    checkpoints.increment();
  }

  /** The log's head was not signed, because it contradicts what was. */
  void notSigned() {
    unsigned.increment();
  }

  /** Data keys were destroyed, because their tenant's retention was over. */
  void expired(int keys) {
    expired.increment(keys);
  }

  /** A witness cosigned a checkpoint. */
  void cosigned() {
    cosignatures.increment();
  }

  /** A witness was away, or refused. */
  void notCosigned() {
    uncosigned.increment();
  }

  /** A tenant asked for another's records. */
  void violation() {
    violations.increment();
  }

  /**
   * Publishes how far the consumer is behind, whether it cannot store, and the size of the last
   * signed tree.
   */
  void watch(
      Supplier<Number> lag,
      Supplier<Number> lost,
      Supplier<Number> storeAway,
      Supplier<Number> signedSize) {
    Gauge.builder("cofferdam.audit.store.away", storeAway).register(registry);
    Gauge.builder("cofferdam.audit.lag.records", lag).register(registry);
    Gauge.builder("cofferdam.audit.lost.offsets", lost).register(registry);
    Gauge.builder("cofferdam.audit.checkpoint.leaves", signedSize).register(registry);
  }
}
