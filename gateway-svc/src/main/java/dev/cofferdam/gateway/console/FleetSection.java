package dev.cofferdam.gateway.console;

import dev.cofferdam.mesh.web.Page;
import dev.cofferdam.mesh.web.Page.Cell;
import dev.cofferdam.mesh.web.Page.Tone;
import dev.cofferdam.proto.routing.v1.DescribeFleetResponse;
import dev.cofferdam.proto.routing.v1.FleetPool;
import dev.cofferdam.proto.routing.v1.FleetWorker;
import dev.cofferdam.proto.routing.v1.Load;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/** Pools and workers with their load. */
final class FleetSection {
  private static final double FULL = 0.95;

  private FleetSection() {}

  /** A pool's sums. */
  private static final class Pool {
    private final List<FleetWorker> workers = new ArrayList<>();
    private int waiting;
    private long waitingTokens;
    private double ttftP90Ms;

    private long sum(ToLongFunction<Load> value) {
      return workers.stream().mapToLong(w -> value.applyAsLong(w.getLoad())).sum();
    }
  }

  /** Adds what routers see; workers are the same for all of them, queues are each one's own. */
  static void add(Page page, List<DescribeFleetResponse> routers) {
    Map<String, FleetWorker> workers = new TreeMap<>();
    Map<String, Pool> pools = new TreeMap<>();
    for (DescribeFleetResponse router : routers) {
      router.getWorkersList().forEach(w -> workers.put(w.getIdentity().getWorkerId(), w));
      for (FleetPool told : router.getPoolsList()) {
        Pool pool = pools.computeIfAbsent(told.getPool(), unused -> new Pool());
        pool.waiting += told.getWaiting();
        pool.waitingTokens += told.getWaitingTokens();
        pool.ttftP90Ms = Math.max(pool.ttftP90Ms, told.getTtftP90Ms());
      }
    }
    workers
        .values()
        .forEach(
            w ->
                pools
                    .computeIfAbsent(w.getIdentity().getPool(), unused -> new Pool())
                    .workers
                    .add(w));
    notices(page, pools);
    page.table(
        "Pools",
        List.of(
            "Pool",
            "Workers",
            "Running",
            "Slots",
            "KV in use",
            "Waiting",
            "Waiting tokens",
            "TTFT p90 ms"),
        pools.entrySet().stream().map(e -> row(e.getKey(), e.getValue())).toList());
    page.table(
        "Workers",
        List.of(
            "Worker", "Running", "Slots", "KV in use", "Pool", "Models", "Zone", "Tenant", "State"),
        workers.values().stream().map(FleetSection::row).toList());
  }

  private static void notices(Page page, Map<String, Pool> pools) {
    Collection<String> without =
        pools.entrySet().stream()
            .filter(e -> e.getValue().workers.isEmpty() && e.getValue().waiting > 0)
            .map(Map.Entry::getKey)
            .toList();
    if (!without.isEmpty()) {
      page.notice(
          Tone.BAD, "Requests wait for pools without a worker: " + String.join(", ", without));
    }
    Collection<String> full =
        pools.entrySet().stream()
            .filter(e -> e.getValue().waiting > 0 && isFull(e.getValue()))
            .map(Map.Entry::getKey)
            .toList();
    if (!full.isEmpty()) {
      page.notice(Tone.WARNING, "Pools are full, and requests wait: " + String.join(", ", full));
    } else if (without.isEmpty()) {
      page.notice(Tone.GOOD, "no pool is full with requests waiting");
    }
  }

  private static boolean isFull(Pool pool) {
    long slots = pool.sum(Load::getSlots);
    return !pool.workers.isEmpty() && pool.sum(Load::getRunning) >= FULL * slots;
  }

  private static List<Cell> row(String name, Pool pool) {
    return List.of(
        Cell.of(name),
        Cell.number(Integer.toString(pool.workers.size())),
        Cell.number(Long.toString(pool.sum(Load::getRunning))),
        Cell.number(Long.toString(pool.sum(Load::getSlots))),
        Cell.number(kv(pool.sum(Load::getKvBlocksFree), pool.sum(Load::getKvBlocks))),
        Cell.number(Integer.toString(pool.waiting)),
        Cell.number(Long.toString(pool.waitingTokens)),
        Cell.number(String.format(Locale.ROOT, "%.0f", pool.ttftP90Ms)));
  }

  private static List<Cell> row(FleetWorker worker) {
    Load load = worker.getLoad();
    String models =
        load.getModelsCount() == 0
            ? String.join(", ", worker.getIdentity().getModelsList())
            : load.getModelsList().stream()
                .map(m -> m.getModel() + (m.getInMemory() ? "" : " (not in memory)"))
                .sorted()
                .collect(Collectors.joining(", "));
    return List.of(
        Cell.of(worker.getIdentity().getWorkerId()),
        Cell.number(Integer.toString(load.getRunning())),
        Cell.number(Integer.toString(load.getSlots())),
        Cell.number(kv(load.getKvBlocksFree(), load.getKvBlocks())),
        Cell.of(worker.getIdentity().getPool()),
        Cell.of(models),
        Cell.of(worker.getIdentity().getZone()),
        Cell.of(worker.getIdentity().getTenant()),
        Cell.of(load.getDraining() ? "draining" : "serving"));
  }

  private static String kv(long free, long all) {
    return all == 0 ? "-" : String.format(Locale.ROOT, "%.1f %%", 100 - free * 100.0 / all);
  }
}
