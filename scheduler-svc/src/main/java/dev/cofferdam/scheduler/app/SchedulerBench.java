package dev.cofferdam.scheduler.app;

import dev.cofferdam.mesh.bench.BenchResults;
import dev.cofferdam.mesh.bench.Medians;
import dev.cofferdam.scheduler.admission.AttemptKey;
import dev.cofferdam.scheduler.admission.Candidate;
import dev.cofferdam.scheduler.admission.PoolRequest;
import dev.cofferdam.scheduler.admission.QueueBounds;
import dev.cofferdam.scheduler.fairness.FairQueue;
import dev.cofferdam.scheduler.fairness.Flow;
import dev.cofferdam.scheduler.ledger.Served;
import dev.cofferdam.scheduler.ledger.WorkerDescriptor;
import dev.cofferdam.scheduler.shard.PoolCore;
import dev.cofferdam.scheduler.shard.PoolEffect;
import dev.cofferdam.scheduler.shard.PoolEvent;
import dev.cofferdam.scheduler.shard.PoolSettings;
import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * The scheduler's benchmark: what a decision of the fair queue and what an event of a pool's core
 * cost the processor, with many tenants waiting. A decision takes the next request, charges it,
 * ends it, and puts the same tenant's next one in its place; finding a tenant's account by its
 * name, once when a request arrives, is measured apart. How service is divided is measured in
 * virtual time, by the program that runs behind this one.
 */
public final class SchedulerBench {
  private static final int SLOTS = 64;
  private static final int[] TENANTS = {10, 1_000, 10_000, 100_000, 1_000_000};
  private static final int[] CORE_TENANTS = {10, 1_000, 10_000, 100_000};
  private static final long ROUND_NANOS = 300_000_000L;
  private static final int ROUNDS = 7;

  private final BenchResults results = new BenchResults();

  private SchedulerBench() {}

  /**
   * Runs it.
   *
   * @param arguments the file to write, a JSON list of metric, value, unit, baseline and ratio
   * @throws IOException where the file cannot be written
   */
  public static void main(String[] arguments) throws IOException {
    SchedulerBench bench = new SchedulerBench();
    bench.decisions();
    bench.events();
    bench.results.print(System.out);
    if (arguments.length > 0) {
      bench.results.write(Path.of(arguments[0]));
    }
  }

  private void decisions() {
    List<Decisions> loads = Arrays.stream(TENANTS).mapToObj(Decisions::new).toList();
    loads.forEach(load -> load.run(4 * ROUND_NANOS));
    double[][] nanos = new double[loads.size()][ROUNDS];
    double bytes = 0;
    for (int round = 0; round < ROUNDS; round++) {
      for (int i = 0; i < loads.size(); i++) {
        nanos[i][round] = loads.get(i).run(ROUND_NANOS);
        bytes = TENANTS[i] == 10_000 ? loads.get(i).bytesPerDecision : bytes;
      }
    }
    for (int i = 0; i < loads.size(); i++) {
      results.add("decision_ns_" + TENANTS[i], Medians.median(nanos[i]), "ns", 100);
    }
    results.add("decision_alloc_bytes", bytes, "bytes", 0);
    double[] lookups = new double[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
      lookups[round] = loads.get(2).lookUp(ROUND_NANOS);
    }
    results.add("account_lookup_ns_10000", Medians.median(lookups), "ns", 100);
  }

  private void events() {
    for (int tenants : CORE_TENANTS) {
      Load load = new Load(tenants);
      load.run(4 * ROUND_NANOS);
      double[] nanos = new double[ROUNDS];
      double bytes = 0;
      for (int round = 0; round < ROUNDS; round++) {
        nanos[round] = load.run(ROUND_NANOS);
        bytes = load.bytesPerEvent;
      }
      results.add("event_ns_" + tenants, Medians.median(nanos), "ns", 0);
      results.add("event_alloc_bytes_" + tenants, bytes, "bytes", 0);
    }
  }

  /** The thread's own time, so that other processes do not count, and what it allocated. */
  private static final class Meter {
    private static final com.sun.management.ThreadMXBean THREADS =
        (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final long nanos = THREADS.getCurrentThreadCpuTime();
    private final long bytes = THREADS.getCurrentThreadAllocatedBytes();

    private long nanos() {
      return THREADS.getCurrentThreadCpuTime() - nanos;
    }

    private double bytesPer(long count) {
      return (double) (THREADS.getCurrentThreadAllocatedBytes() - bytes) / count;
    }
  }

  /** A fair queue in which every tenant always waits. */
  private static final class Decisions {
    private final FairQueue<Integer> queue = new FairQueue<>(10_000_000);
    private double bytesPerDecision;

    /** So that what is looked up is used. */
    private double found;

    private Decisions(int tenants) {
      SplittableRandom random = new SplittableRandom(tenants);
      for (int t = 0; t < tenants; t++) {
        queue.add(
            queue.account("t" + t, 1.0 / (1 + random.nextInt(5))),
            new FairQueue.Entry<>(t, 50 + random.nextInt(500), t));
      }
    }

    /** Nanoseconds for each decision. */
    private double run(long nanos) {
      Meter meter = new Meter();
      long decisions = 0;
      while (meter.nanos() < nanos) {
        for (int i = 0; i < 1_000; i++) {
          decide();
        }
        decisions += 1_000;
      }
      bytesPerDecision = meter.bytesPer(decisions);
      return (double) meter.nanos() / decisions;
    }

    /** Nanoseconds for each name, in no order, as it comes with a request. */
    private double lookUp(long nanos) {
      SplittableRandom random = new SplittableRandom(1);
      String[] names = new String[queue.flows()];
      Arrays.setAll(names, i -> "t" + random.nextInt(names.length));
      Meter meter = new Meter();
      long lookups = 0;
      while (meter.nanos() < nanos) {
        for (String name : names) {
          found += queue.find(name).orElseThrow().weight();
        }
        lookups += names.length;
      }
      return (double) meter.nanos() / lookups;
    }

    private void decide() {
      Flow<Integer> flow = queue.next().orElseThrow();
      FairQueue.Entry<Integer> entry = flow.head();
      queue.grant(flow);
      queue.served(flow, entry.cost());
      queue.release(flow);
      queue.add(flow, entry);
    }
  }

  /** A full pool: each round one request ends, one is granted, one comes. */
  private static final class Load {
    private final PoolCore core;
    private final WorkerDescriptor worker;
    private final ArrayDeque<AttemptKey> running = new ArrayDeque<>();
    private final SplittableRandom random = new SplittableRandom(1);
    private final int tenants;
    private long nowMs = 1;
    private long ids;
    private double bytesPerEvent;

    private Load(int tenants) {
      this.tenants = tenants;
      this.core = core();
      this.worker = worker();
      step(new PoolEvent.WorkerAttached(worker, List.of()));
      for (int t = 0; t < tenants; t++) {
        enqueue(t);
        enqueue(t);
      }
    }

    /** Nanoseconds for each event. */
    private double run(long nanos) {
      Meter meter = new Meter();
      long events = 0;
      while (meter.nanos() < nanos) {
        for (int i = 0; i < 1_000; i++) {
          round();
        }
        events += 3_000;
      }
      bytesPerEvent = meter.bytesPer(events);
      return (double) meter.nanos() / events;
    }

    private void round() {
      nowMs++;
      AttemptKey key = running.removeFirst();
      step(
          new PoolEvent.Progress(
              worker.workerId(),
              worker.session(),
              List.of(new PoolEvent.Report(key, new Served(200, 0, 10, 0, 0)))));
      step(
          new PoolEvent.Ended(
              worker.workerId(),
              worker.session(),
              new PoolEvent.Report(key, new Served(200, 0, 10 + random.nextInt(90), 0, 0))));
      enqueue(random.nextInt(tenants));
    }

    private void enqueue(int tenant) {
      ids++;
      step(new PoolEvent.Enqueue(ids, request(ids, tenant, 200, 100)));
    }

    private void step(PoolEvent event) {
      for (PoolEffect effect : core.step(event, nowMs)) {
        if (effect instanceof PoolEffect.Granted g) {
          running.addLast(g.request().key());
        }
      }
    }
  }

  private static PoolCore core() {
    return new PoolCore(
        PoolSettings.DEFAULT.withBounds(
            new QueueBounds(10_000_000, 10_000_000, Long.MAX_VALUE / 4, 5_000)));
  }

  private static WorkerDescriptor worker() {
    return new WorkerDescriptor(
        "w1", 1, 1, "127.0.0.1:1", Set.of("m"), SLOTS, 1_000_000, 16, 1_024, 8);
  }

  private static AttemptKey key(long id) {
    HexFormat hex = HexFormat.of();
    return new AttemptKey(new RequestId(hex.toHexDigits(0L) + hex.toHexDigits(id)), 1);
  }

  private static PoolRequest request(long id, int tenant, int prompt, int outputMax) {
    return new PoolRequest(
        key(id),
        Operation.GENERATE,
        new TenantId("t" + tenant),
        "standard",
        1,
        "m",
        "",
        "",
        WorkloadClass.INTERACTIVE,
        prompt,
        0,
        outputMax,
        Long.MAX_VALUE,
        List.of(new Candidate("w1", 1, 0)),
        0,
        0,
        false,
        Map.of());
  }
}
