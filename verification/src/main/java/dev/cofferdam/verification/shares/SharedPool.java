package dev.cofferdam.verification.shares;

import dev.cofferdam.scheduler.admission.AttemptKey;
import dev.cofferdam.scheduler.admission.Candidate;
import dev.cofferdam.scheduler.admission.PoolRequest;
import dev.cofferdam.scheduler.fairness.TokenWeights;
import dev.cofferdam.scheduler.ledger.WorkerDescriptor;
import dev.cofferdam.scheduler.preemption.PreemptionRules;
import dev.cofferdam.scheduler.shard.PoolCore;
import dev.cofferdam.scheduler.shard.PoolEffect;
import dev.cofferdam.scheduler.shard.PoolEvent;
import dev.cofferdam.scheduler.shard.PoolSettings;
import dev.cofferdam.verification.simulation.VirtualTime;
import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/** A pool: the scheduler's core, workers, and what each tenant was served. */
final class SharedPool {
  /** A message between services. */
  static final long MESSAGE_US = 500;

  private static final long TICK_US = 50_000;
  private static final long EPOCH_MS = 1_000_000;

  private final VirtualTime time;
  private final PreemptionRules preemption;
  private final Consumer<Work> onDone;
  private final Map<String, BatchModel> workers = new LinkedHashMap<>();
  private final int slots;
  private final Map<Long, Work> waiting = new TreeMap<>();
  private final Map<AttemptKey, Work> granted = new HashMap<>();
  private final Map<AttemptKey, String> placed = new HashMap<>();
  private final Map<String, Double> served = new TreeMap<>();
  private final Map<String, Integer> waitingOf = new HashMap<>();
  private final Map<String, Integer> grants = new HashMap<>();
  private PoolCore core;
  private long tickets;
  private long sessions;
  int preemptions;
  int refused;

  /**
   * @param slots batch slots of each worker
   * @param onDone told of each request that is complete
   */
  SharedPool(
      VirtualTime time,
      int workerCount,
      int slots,
      PreemptionRules preemption,
      Consumer<Work> onDone) {
    this.time = time;
    this.preemption = preemption;
    this.onDone = onDone;
    this.slots = slots;
    for (int i = 1; i <= workerCount; i++) {
      String id = "w" + i;
      workers.put(id, new BatchModel(time, slots, this::serve, works -> report(id, works)));
    }
    this.core = newCore();
    workers.keySet().forEach(id -> attach(id, List.of()));
    tick();
  }

  private PoolCore newCore() {
    return new PoolCore(PoolSettings.DEFAULT.withPreemption(preemption));
  }

  private void attach(String id, List<PoolEvent.Running> running) {
    step(
        new PoolEvent.WorkerAttached(
            new WorkerDescriptor(
                id, 1, ++sessions, id + ":1", Set.of("m"), slots, 1_000_000, 16, 1_024, 8),
            running));
  }

  private void tick() {
    step(new PoolEvent.Tick());
    time.after(TICK_US, this::tick);
  }

  /** The scheduler dies; its successor knows what runs from the workers, and what waits. */
  void restart() {
    core = newCore();
    for (Map.Entry<String, BatchModel> worker : workers.entrySet()) {
      List<PoolEvent.Running> running = new ArrayList<>();
      granted.forEach(
          (key, work) -> {
            if (worker.getKey().equals(placed.get(key))) {
              running.add(
                  new PoolEvent.Running(
                      work.request, work.served(), 0, work.paused, work.paused ? 1 : 0));
            }
          });
      attach(worker.getKey(), running);
    }
    Map<Long, Work> again = new TreeMap<>(waiting);
    waiting.clear();
    again.values().forEach(this::enqueue);
  }

  /** A request of a few tokens. */
  PoolRequest request(long id, String account, double weight, int prompt, int outputMax) {
    return new PoolRequest(
        new AttemptKey(new RequestId(String.format(Locale.ROOT, "%032x", id)), 1),
        Operation.GENERATE,
        new TenantId(account.toLowerCase(Locale.ROOT)),
        "standard",
        weight,
        "m",
        "",
        "",
        WorkloadClass.INTERACTIVE,
        prompt,
        0,
        outputMax,
        Long.MAX_VALUE,
        workers.keySet().stream().map(id2 -> new Candidate(id2, 1, 0)).toList(),
        0,
        0,
        false,
        Map.of());
  }

  /** A request comes. */
  void offer(Work work) {
    waitingOf.merge(work.tenant, 1, Integer::sum);
    enqueue(work);
  }

  private void enqueue(Work work) {
    waiting.put(++tickets, work);
    step(new PoolEvent.Enqueue(tickets, work.request));
  }

  /** Weighted tokens that a tenant was served. */
  double served(String tenant) {
    return served.getOrDefault(tenant, 0.0);
  }

  /** Requests of a tenant that were granted so far. */
  int grants(String tenant) {
    return grants.getOrDefault(tenant, 0);
  }

  /** Whether a tenant has requests that wait for a worker. */
  boolean waits(String tenant) {
    return waitingOf.getOrDefault(tenant, 0) > 0;
  }

  /** How many requests of a tenant run, preempted ones among them. */
  int running(String tenant) {
    return (int) granted.values().stream().filter(w -> w.tenant.equals(tenant)).count();
  }

  private void serve(Work work, int tokens) {
    double cost =
        tokens > 0
            ? TokenWeights.DEFAULT.cost(tokens, 0, 0)
            : TokenWeights.DEFAULT.cost(0, 0, -tokens);
    served.merge(work.tenant, cost, Double::sum);
  }

  private void report(String worker, List<Work> works) {
    long session = core.ledger().worker(worker).map(WorkerDescriptor::session).orElse(0L);
    List<PoolEvent.Report> reports = new ArrayList<>();
    List<Work> done = new ArrayList<>();
    for (Work work : works) {
      if (work.done()) {
        done.add(work);
      } else {
        reports.add(new PoolEvent.Report(work.request.key(), work.served()));
      }
    }
    if (!reports.isEmpty()) {
      step(new PoolEvent.Progress(worker, session, reports));
    }
    for (Work work : done) {
      granted.remove(work.request.key());
      placed.remove(work.request.key());
      onDone.accept(work);
      step(
          new PoolEvent.Ended(
              worker, session, new PoolEvent.Report(work.request.key(), work.served())));
    }
  }

  private void step(PoolEvent event) {
    PoolCore by = core;
    for (PoolEffect effect : by.step(event, EPOCH_MS + time.nowUs() / 1_000)) {
      switch (effect) {
        case PoolEffect.Granted g -> granted(g);
        case PoolEffect.Preempt p -> {
          preemptions++;
          pause(p.request().key(), true);
        }
        case PoolEffect.Resume r -> pause(r.key(), false);
        case PoolEffect.Refused r -> {
          Work work = waiting.remove(r.ticket());
          if (work != null) {
            refused++;
            waitingOf.merge(work.tenant, -1, Integer::sum);
          }
        }
        default -> {}
      }
    }
  }

  private void granted(PoolEffect.Granted g) {
    Work work = waiting.remove(g.ticket());
    if (work == null) {
      throw new IllegalStateException("no such ticket: " + g.ticket());
    }
    waitingOf.merge(work.tenant, -1, Integer::sum);
    grants.merge(work.tenant, 1, Integer::sum);
    work.grantedUs = time.nowUs();
    work.startTag = g.startTag();
    granted.put(work.request.key(), work);
    placed.put(work.request.key(), g.worker().workerId());
    time.after(2 * MESSAGE_US, () -> worker(g.worker().workerId()).add(work));
  }

  private void pause(AttemptKey key, boolean paused) {
    Work work = granted.get(key);
    String on = placed.get(key);
    if (work != null && on != null) {
      time.after(MESSAGE_US, () -> worker(on).paused(work, paused));
    }
  }

  private BatchModel worker(String id) {
    BatchModel worker = workers.get(id);
    if (worker == null) {
      throw new IllegalStateException("no worker " + id);
    }
    return worker;
  }
}
