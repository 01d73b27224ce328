package dev.cofferdam.router.app;

import dev.cofferdam.router.affinity.PrefixIndex;
import dev.cofferdam.router.fleet.Fleet;
import dev.cofferdam.router.fleet.Worker;
import dev.cofferdam.router.placement.PlacementListener;
import dev.cofferdam.router.routing.Conditions;
import dev.cofferdam.router.signals.PoolSignals;
import dev.cofferdam.vocabulary.ErrorCode;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** What was placed, and what each pool's autoscaler is told, for Prometheus. */
@ApplicationScoped
public class RouterMetrics implements PlacementListener {
  private final MeterRegistry registry;
  private final Timer planning;
  private final Counter rollBacks;
  private final PoolSignals signals = new PoolSignals();
  private final MultiGauge workers;
  private final MultiGauge slots;
  private final MultiGauge running;
  private final MultiGauge kvUse;
  private final MultiGauge waiting;
  private final MultiGauge waitingTokens;
  private final MultiGauge ttft;

  public RouterMetrics(MeterRegistry registry) {
    this.registry = registry;
    this.planning = registry.timer("cofferdam.placement.planning");
    FunctionCounter.builder(
            "cofferdam.isolation.overhead.seconds", planning, t -> t.totalTime(TimeUnit.SECONDS))
        .description("Time that a mechanism of isolation took, of all requests")
        .tags("mechanism", "routing")
        .register(registry);
    this.rollBacks =
        Counter.builder("cofferdam.rollouts.rolled.back")
            .description("New versions of adapters that failed their gates")
            .register(registry);
    this.workers = gauge("cofferdam.pool.workers", "Live workers of a pool");
    this.slots = gauge("cofferdam.pool.slots", "Batch slots of a pool");
    this.running = gauge("cofferdam.pool.slots.running", "Batch slots that are taken");
    this.kvUse = gauge("cofferdam.pool.kv.use", "Share of a pool's KV blocks that sequences hold");
    this.waiting = gauge("cofferdam.pool.waiting", "Requests of this router in a pool's queue");
    this.waitingTokens =
        gauge("cofferdam.pool.waiting.tokens", "Input and output tokens that they may need");
    this.ttft =
        gauge(
            "cofferdam.pool.ttft.p90.ms",
            "90th percentile of the time from the queue to the first token, of the last minute");
  }

  private MultiGauge gauge(String name, String description) {
    return MultiGauge.builder(name).description(description).register(registry);
  }

  void watch(Fleet fleet, PrefixIndex index, Conditions conditions, Clock clock) {
    registry.gauge("cofferdam.fleet.workers", fleet, f -> f.live(clock.millis()).size());
    registry.gauge(
        "cofferdam.fleet.workers.ejected", conditions.workers(), w -> w.ejections(clock.millis()));
    registry.gauge("cofferdam.breakers.open", conditions.breakers(), b -> b.open(clock.millis()));
    registry.gauge("cofferdam.prefix.index.digests", index, PrefixIndex::size);
    registry.gauge("cofferdam.prefix.index.bytes", index, PrefixIndex::bytes);
  }

  /** Brings the pools' signals up to date. */
  void refresh(Fleet fleet, long nowMs) {
    Map<String, List<Worker>> pools =
        fleet.live(nowMs).stream().collect(Collectors.groupingBy(Worker::pool));
    show(workers, pools, List::size);
    show(slots, pools, all -> all.stream().mapToInt(w -> w.load().slots()).sum());
    show(running, pools, all -> all.stream().mapToInt(w -> w.load().running()).sum());
    show(
        kvUse,
        pools,
        all -> {
          long blocks = all.stream().mapToLong(w -> w.load().kvBlocks()).sum();
          long free = all.stream().mapToLong(w -> w.load().kvBlocksFree()).sum();
          return blocks == 0 ? 0 : 1 - free / (double) blocks;
        });
    Map<String, PoolSignals.Signals> all = signals.all(nowMs);
    show(waiting, all, PoolSignals.Signals::waiting);
    show(waitingTokens, all, PoolSignals.Signals::waitingTokens);
    show(ttft, all, PoolSignals.Signals::ttftP90Ms);
  }

  private static <T> void show(MultiGauge gauge, Map<String, T> pools, ToDoubleFunction<T> value) {
    gauge.register(
        pools.entrySet().stream()
            .map(
                pool -> {
                  double now = value.applyAsDouble(pool.getValue());
                  return Row.of(Tags.of("pool", pool.getKey()), () -> now);
                })
            .collect(Collectors.<Row<?>>toList()),
        true);
  }

  /** A new version of an adapter failed its gates. */
  void rolledBack() {
    rollBacks.increment();
  }

  /** What waits for each pool, by name. */
  Map<String, PoolSignals.Signals> signals(long nowMs) {
    return signals.all(nowMs);
  }

  void firstToken(String pool, long ms, long nowMs) {
    signals.firstToken(pool, ms, nowMs);
  }

  @Override
  public void planned(long nanos) {
    planning.record(nanos, TimeUnit.NANOSECONDS);
  }

  @Override
  public void entered(String pool, long tokens) {
    signals.entered(pool, tokens);
  }

  @Override
  public void left(String pool, long tokens) {
    signals.left(pool, tokens);
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
