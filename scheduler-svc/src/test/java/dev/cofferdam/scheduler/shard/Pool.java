package dev.cofferdam.scheduler.shard;

import dev.cofferdam.scheduler.admission.AttemptKey;
import dev.cofferdam.scheduler.admission.Candidate;
import dev.cofferdam.scheduler.admission.PoolRequest;
import dev.cofferdam.scheduler.ledger.Served;
import dev.cofferdam.scheduler.ledger.WorkerDescriptor;
import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A pool under test: events in by name, effects out. */
final class Pool {
  final PoolCore core;
  final List<PoolEffect> effects = new ArrayList<>();
  long nowMs = 1_000_000;
  private long tickets;
  private long sessions;

  Pool(PoolSettings settings) {
    core = new PoolCore(settings);
  }

  Pool() {
    this(PoolSettings.DEFAULT);
  }

  /** A request to be described. */
  static final class Ask {
    private final String id;
    private int attempt = 1;
    private String tenant = "acme";
    private double weight = 1;
    private String model = "m";
    private String adapter = "";
    private WorkloadClass workloadClass = WorkloadClass.INTERACTIVE;
    private int prompt = 100;
    private int generated;
    private int outputMax = 100;
    private long deadlineMs = Long.MAX_VALUE;
    private List<Candidate> candidates = List.of(new Candidate("w1", 1, 0));
    private int runningMax;
    private long kvBytesMax;

    Ask(int id) {
      this.id = String.format("%032x", id);
    }

    Ask attempt(int n, int generatedTokens) {
      attempt = n;
      generated = generatedTokens;
      return this;
    }

    Ask tenant(String name, double share) {
      tenant = name;
      weight = share;
      return this;
    }

    Ask model(String id) {
      model = id;
      return this;
    }

    Ask adapter(String name) {
      adapter = name;
      return this;
    }

    Ask of(WorkloadClass c) {
      workloadClass = c;
      return this;
    }

    Ask tokens(int promptTokens, int outputTokensMax) {
      prompt = promptTokens;
      outputMax = outputTokensMax;
      return this;
    }

    Ask deadline(long ms) {
      deadlineMs = ms;
      return this;
    }

    Ask on(String... workers) {
      candidates = Arrays.stream(workers).map(w -> new Candidate(w, 1, 0)).toList();
      return this;
    }

    Ask ranked(Candidate... ranking) {
      candidates = List.of(ranking);
      return this;
    }

    Ask bounds(int running, long kvBytes) {
      runningMax = running;
      kvBytesMax = kvBytes;
      return this;
    }

    PoolRequest request() {
      return new PoolRequest(
          new AttemptKey(new RequestId(id), attempt),
          Operation.GENERATE,
          new TenantId(tenant),
          "standard",
          weight,
          model,
          adapter,
          adapter.isEmpty() ? "" : "v1",
          workloadClass,
          prompt,
          generated,
          outputMax,
          deadlineMs,
          candidates,
          runningMax,
          kvBytesMax,
          false,
          Map.of());
    }
  }

  static AttemptKey key(int id, int attempt) {
    return new AttemptKey(new RequestId(String.format("%032x", id)), attempt);
  }

  /** A worker with 16-token blocks of 1 KiB. */
  WorkerDescriptor describe(String id, long incarnation, int slots, int kvBlocks) {
    return new WorkerDescriptor(
        id, incarnation, ++sessions, id + ":1", Set.of("m"), slots, kvBlocks, 16, 1024, 2);
  }

  List<PoolEffect> step(PoolEvent event) {
    List<PoolEffect> now = core.step(event, nowMs);
    effects.addAll(now);
    return now;
  }

  WorkerDescriptor attach(String id, int slots, int kvBlocks, PoolEvent.Running... running) {
    WorkerDescriptor worker = describe(id, 1, slots, kvBlocks);
    step(new PoolEvent.WorkerAttached(worker, List.of(running)));
    return worker;
  }

  long enqueue(Ask ask) {
    step(new PoolEvent.Enqueue(++tickets, ask.request()));
    return tickets;
  }

  void progress(WorkerDescriptor worker, int id, int attempt, long prefill, long output) {
    step(
        new PoolEvent.Progress(
            worker.workerId(),
            worker.session(),
            List.of(new PoolEvent.Report(key(id, attempt), new Served(prefill, 0, output, 0, 0)))));
  }

  List<PoolEffect> ended(WorkerDescriptor worker, int id, int attempt, long prefill, long output) {
    return step(
        new PoolEvent.Ended(
            worker.workerId(),
            worker.session(),
            new PoolEvent.Report(key(id, attempt), new Served(prefill, 0, output, 0, 0))));
  }

  void lose(WorkerDescriptor worker) {
    step(new PoolEvent.WorkerLost(worker.workerId(), worker.session()));
  }

  List<PoolEffect> after(long ms) {
    nowMs += ms;
    return step(new PoolEvent.Tick());
  }

  <T extends PoolEffect> List<T> all(Class<T> kind) {
    return effects.stream().filter(kind::isInstance).map(kind::cast).toList();
  }

  <T extends PoolEffect> T only(Class<T> kind) {
    List<T> found = all(kind);
    if (found.size() != 1) {
      throw new AssertionError("expected one " + kind.getSimpleName() + ", got " + effects);
    }
    return found.getFirst();
  }

  /** Tickets in the order in which they were granted. */
  List<Long> granted() {
    return all(PoolEffect.Granted.class).stream().map(PoolEffect.Granted::ticket).toList();
  }
}
