package dev.cofferdam.router.app;

import dev.cofferdam.router.affinity.PrefixIndex;
import dev.cofferdam.router.fleet.Fleet;
import dev.cofferdam.router.placement.PlacementListener;
import dev.cofferdam.vocabulary.ErrorCode;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.util.concurrent.TimeUnit;

/** What was placed, for Prometheus. */
@ApplicationScoped
public class RouterMetrics implements PlacementListener {
  private final MeterRegistry registry;
  private final Timer planning;

  public RouterMetrics(MeterRegistry registry) {
    this.registry = registry;
    this.planning = registry.timer("cofferdam.placement.planning");
  }

  void watch(Fleet fleet, PrefixIndex index, Clock clock) {
    registry.gauge("cofferdam.fleet.workers", fleet, f -> f.live(clock.millis()).size());
    registry.gauge("cofferdam.prefix.index.digests", index, PrefixIndex::size);
  }

  @Override
  public void planned(long nanos) {
    planning.record(nanos, TimeUnit.NANOSECONDS);
  }

  @Override
  public void granted(String pool, long queueWaitMs) {
    registry.counter("cofferdam.placements.granted", "pool", pool).increment();
  }

  @Override
  public void refused(ErrorCode code) {
    registry.counter("cofferdam.placements.refused", "code", code.wireName()).increment();
  }
}
