package dev.cofferdam.scheduler.app;

import dev.cofferdam.scheduler.admission.AttemptKey;
import dev.cofferdam.scheduler.admission.Candidate;
import dev.cofferdam.scheduler.admission.PoolRequest;
import dev.cofferdam.scheduler.admission.QueueBounds;
import dev.cofferdam.scheduler.fairness.TokenWeights;
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
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * The scheduler's benchmark: events per second of a pool's core with many tenants waiting, and how
 * equally it divides service when one tenant floods, beside first come, first served on the same
 * arrivals in the same run.
 */
public final class SchedulerBench {
  private static final int SLOTS = 64;
  private static final int[] TENANTS = {10, 1_000, 100_000};
  private static final long MEASURE_NANOS = 2_000_000_000L;

  private final List<Row> rows = new ArrayList<>();

  private record Row(String metric, double value, String unit, double baseline) {
    private double ratio() {
      return baseline == 0 ? 0 : value / baseline;
    }
  }

  private SchedulerBench() {}

  /**
   * Runs it.
   *
   * @param arguments the file to write, a JSON list of metric, value, unit, baseline and ratio
   * @throws IOException where the file cannot be written
   */
  public static void main(String[] arguments) throws IOException {
    SchedulerBench bench = new SchedulerBench();
    bench.throughput();
    bench.fairness();
    bench.print();
    if (arguments.length > 0) {
      bench.write(Path.of(arguments[0]));
    }
  }

  private void throughput() {
    double first = 0;
    for (int tenants : TENANTS) {
      Load warm = new Load(tenants);
      warm.run(MEASURE_NANOS / 2);
      double rate = new Load(tenants).run(MEASURE_NANOS);
      first = first == 0 ? rate : first;
      rows.add(new Row("core events, " + tenants + " tenants waiting", rate, "1/CPU-s", first));
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

    private double run(long nanos) {
      // The thread's own time, so that other processes do not count.
      ThreadMXBean threads = ManagementFactory.getThreadMXBean();
      long begin = threads.getCurrentThreadCpuTime();
      long events = 0;
      while (threads.getCurrentThreadCpuTime() - begin < nanos) {
        for (int i = 0; i < 1_000; i++) {
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
        events += 3_000;
      }
      return events / ((threads.getCurrentThreadCpuTime() - begin) / 1e9);
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

  /** Traces in which tenant 0 sends ten times what each of the others sends, served twice. */
  private void fairness() {
    // The others want a little more than their share: everybody waits.
    Division fair = new Division(true, 25);
    Division fifo = new Division(false, 25);
    fair.run();
    fifo.run();
    rows.add(new Row("Jain index of service, one tenant floods", fair.jain(), "", fifo.jain()));
    // The others want less than their share: they should hardly wait.
    Division modest = new Division(true, 12);
    Division modestFifo = new Division(false, 12);
    modest.run();
    modestFifo.run();
    rows.add(
        new Row(
            "median wait of the others, one tenant floods",
            modest.medianWaitMs(),
            "ms",
            modestFifo.medianWaitMs()));
  }

  /** A pool of a few slots under one flooding tenant, fair or first come, first served. */
  private static final class Division {
    private static final int TENANTS = 8;
    private static final int SLOTS = 8;
    private static final int ROUNDS = 30_000;
    private static final long ROUND_MS = 10;

    private final boolean fair;
    private final int othersPerThousandRounds;
    private final PoolCore core = core();
    private final SplittableRandom random = new SplittableRandom(7);
    private final double[] served = new double[TENANTS];
    private final List<Long> waits = new ArrayList<>();
    private final ArrayDeque<Work> line = new ArrayDeque<>();
    private final Map<Long, Work> waiting = new HashMap<>();
    private final List<Work> running = new ArrayList<>();
    private long nowMs = 1;
    private long ids;

    private static final class Work {
      private final long id;
      private final int tenant;
      private final int prompt;
      private final int output;
      private final long arrivedMs;
      private int prefilled;
      private int generated;

      private Work(long id, int tenant, int prompt, int output, long arrivedMs) {
        this.id = id;
        this.tenant = tenant;
        this.prompt = prompt;
        this.output = output;
        this.arrivedMs = arrivedMs;
      }
    }

    private Division(boolean fair, int othersPerThousandRounds) {
      this.fair = fair;
      this.othersPerThousandRounds = othersPerThousandRounds;
      WorkerDescriptor w =
          new WorkerDescriptor(
              "w1", 1, 1, "127.0.0.1:1", Set.of("m"), SLOTS, 1_000_000, 16, 1_024, 8);
      step(new PoolEvent.WorkerAttached(w, List.of()));
    }

    private void run() {
      for (int round = 0; round < ROUNDS; round++) {
        nowMs += ROUND_MS;
        for (int t = 0; t < TENANTS; t++) {
          // Tenant 0 asks for more than the whole pool serves.
          if (random.nextInt(1_000) < (t == 0 ? 250 : othersPerThousandRounds)) {
            arrive(t);
          }
        }
        serve();
      }
    }

    private void arrive(int tenant) {
      ids++;
      Work work = new Work(ids, tenant, 50 + random.nextInt(200), 20 + random.nextInt(60), nowMs);
      if (fair) {
        waiting.put(ids, work);
        step(new PoolEvent.Enqueue(ids, request(ids, tenant, work.prompt, work.output)));
      } else {
        line.addLast(work);
        admit();
      }
    }

    private void admit() {
      while (running.size() < SLOTS && !line.isEmpty()) {
        start(line.removeFirst());
      }
    }

    private void start(Work work) {
      running.add(work);
      if (work.tenant != 0) {
        waits.add(nowMs - work.arrivedMs);
      }
    }

    private void serve() {
      for (Work work : List.copyOf(running)) {
        if (work.prefilled < work.prompt) {
          int more = Math.min(64, work.prompt - work.prefilled);
          work.prefilled += more;
          served[work.tenant] += TokenWeights.DEFAULT.cost(more, 0, 0);
        } else {
          work.generated++;
          served[work.tenant] += TokenWeights.DEFAULT.cost(0, 0, 1);
        }
        PoolEvent.Report report =
            new PoolEvent.Report(key(work.id), new Served(work.prefilled, 0, work.generated, 0, 0));
        boolean done = work.generated == work.output;
        if (done) {
          running.remove(work);
        }
        if (fair) {
          step(
              done
                  ? new PoolEvent.Ended("w1", 1, report)
                  : new PoolEvent.Progress("w1", 1, List.of(report)));
        } else {
          admit();
        }
      }
    }

    private void step(PoolEvent event) {
      for (PoolEffect effect : core.step(event, nowMs)) {
        if (effect instanceof PoolEffect.Granted g) {
          Optional.ofNullable(waiting.remove(g.ticket())).ifPresent(this::start);
        }
      }
    }

    /** Jain's index of what each tenant was served: 1 is equal, 1/n is one tenant alone. */
    private double jain() {
      double sum = 0;
      double squares = 0;
      for (double s : served) {
        sum += s;
        squares += s * s;
      }
      return sum * sum / (TENANTS * squares);
    }

    private double medianWaitMs() {
      List<Long> sorted = waits.stream().sorted().toList();
      return sorted.isEmpty() ? 0 : sorted.get(sorted.size() / 2);
    }
  }

  private void print() {
    System.out.printf(
        Locale.ROOT, "%-48s %14s %8s %14s %8s%n", "metric", "value", "unit", "baseline", "ratio");
    for (Row row : rows) {
      System.out.printf(
          Locale.ROOT,
          "%-48s %14.2f %8s %14.2f %8.2f%n",
          row.metric,
          row.value,
          row.unit,
          row.baseline,
          row.ratio());
    }
  }

  private void write(Path file) throws IOException {
    List<String> lines = new ArrayList<>();
    for (Row row : rows) {
      lines.add(
          String.format(
              Locale.ROOT,
              "  {\"metric\": \"%s\", \"value\": %.3f, \"unit\": \"%s\", \"baseline\": %.3f,"
                  + " \"ratio\": %.4f}",
              row.metric,
              row.value,
              row.unit,
              row.baseline,
              row.ratio()));
    }
    Path parent = file.toAbsolutePath().getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    Files.writeString(file, "[\n" + String.join(",\n", lines) + "\n]\n");
  }
}
