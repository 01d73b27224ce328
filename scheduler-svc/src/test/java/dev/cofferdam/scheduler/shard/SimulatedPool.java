package dev.cofferdam.scheduler.shard;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.scheduler.admission.AttemptKey;
import dev.cofferdam.scheduler.admission.Candidate;
import dev.cofferdam.scheduler.admission.PoolRequest;
import dev.cofferdam.scheduler.admission.QueueBounds;
import dev.cofferdam.scheduler.ledger.Served;
import dev.cofferdam.scheduler.ledger.WorkerDescriptor;
import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * A pool with clients, gateways and workers, all simulated in virtual time from one seed. Workers
 * die, lose their sessions and come back; clients go away; gateways place a lost request again. The
 * invariants are checked after every event.
 */
final class SimulatedPool {
  private static final int WORKERS = 3;
  private static final int TENANTS = 5;
  private static final int RUNNING_MAX = 4;
  private static final long KV_BYTES_MAX = 60 * 1024;

  private final SplittableRandom random;
  private final PoolCore core;
  private final Map<Long, Request> byTicket = new HashMap<>();
  private final List<Request> requests = new ArrayList<>();
  private final Map<String, Machine> machines = new LinkedHashMap<>();
  private final Set<Long> answered = new HashSet<>();
  private final Map<AttemptKey, Integer> grants = new HashMap<>();
  private final Map<AttemptKey, Integer> revocations = new HashMap<>();
  private final double[] weights = new double[TENANTS];
  private long nowMs = 1_000_000;
  private long tickets;
  private long sessions;
  int losses;
  int continued;
  int preemptions;

  /** A client's request, as its gateway sees it. */
  private static final class Request {
    private final PoolRequest first;
    private final int outputTotal;
    private int attempt = 1;
    private int received;
    private long billedPrompt;
    private long billedOutput;
    private int servedAttempts;
    private boolean ended;

    private Request(PoolRequest first, int outputTotal) {
      this.first = first;
      this.outputTotal = outputTotal;
    }
  }

  /** A worker's process. */
  private static final class Machine {
    private final String id;
    private long incarnation = 1;
    private WorkerDescriptor session;
    private boolean attached;
    private long backAtMs;
    private final Map<AttemptKey, Work> running = new LinkedHashMap<>();
    private final List<PoolEvent.Ended> unsaid = new ArrayList<>();

    private Machine(String id) {
      this.id = id;
    }
  }

  /** An attempt on a worker. */
  private static final class Work {
    private final Request request;
    private final PoolRequest granted;
    private int prefill;
    private int output;
    private boolean paused;
    private int preemptions;

    private Work(Request request, PoolRequest granted) {
      this.request = request;
      this.granted = granted;
    }

    private Served served() {
      return new Served(prefill, 0, output, 0, 0);
    }
  }

  SimulatedPool(long seed) {
    random = new SplittableRandom(seed);
    core = new PoolCore(PoolSettings.DEFAULT.withBounds(new QueueBounds(60, 20, 20_000, 5_000)));
    for (int t = 0; t < TENANTS; t++) {
      weights[t] = 1.0 / (1 + random.nextInt(5));
    }
    for (int w = 1; w <= WORKERS; w++) {
      machines.put("w" + w, new Machine("w" + w));
    }
  }

  /** Runs with faults for a while, then lets everything end, and checks the bills. */
  void run(int rounds) {
    machines.values().forEach(this::attach);
    for (int i = 0; i < rounds; i++) {
      round(true);
    }
    for (int i = 0; i < 20_000 && !quiet(); i++) {
      round(false);
    }
    for (int i = 0; i < 400; i++) {
      nowMs += 50;
      step(new PoolEvent.Tick());
    }
    assertThat(quiet()).as("everything ended").isTrue();
    assertThat(core.ledger().leases()).as("leases").isEmpty();
    assertThat(core.queues().size()).as("nothing waits").isZero();
    requests.forEach(SimulatedPool::checkBill);
  }

  private static void checkBill(Request r) {
    if (r.servedAttempts > 0) {
      assertThat(r.billedOutput).as("output of %s", r.first.key()).isEqualTo(r.received);
      assertThat(r.billedPrompt).as("input of %s", r.first.key()).isEqualTo(r.first.promptTokens());
    }
  }

  private void round(boolean faults) {
    nowMs += 10;
    if (faults) {
      arrive();
      if (random.nextInt(120) == 0) {
        withdraw();
      }
    }
    for (Machine machine : machines.values()) {
      if (faults && machine.attached && random.nextInt(300) == 0) {
        die(machine);
      } else if (faults && machine.attached && random.nextInt(300) == 0) {
        disconnect(machine);
      }
      work(machine);
      if (!machine.attached && nowMs >= machine.backAtMs) {
        attach(machine);
      }
    }
    if (nowMs % 50 == 0) {
      step(new PoolEvent.Tick());
    }
  }

  private void arrive() {
    if (random.nextInt(3) != 0) {
      return;
    }
    int tenant = random.nextInt(TENANTS);
    int outputMax = 1 + random.nextInt(60);
    PoolRequest request =
        new PoolRequest(
            new AttemptKey(new RequestId(String.format("%032x", requests.size() + 1)), 1),
            Operation.GENERATE,
            new TenantId("t" + tenant),
            "standard",
            weights[tenant],
            "m",
            random.nextInt(3) == 0 ? "a" + random.nextInt(2) : "",
            "v",
            WorkloadClass.values()[random.nextInt(3)],
            1 + random.nextInt(200),
            0,
            outputMax,
            random.nextInt(20) == 0 ? nowMs + random.nextInt(3_000) : Long.MAX_VALUE,
            candidates(""),
            RUNNING_MAX,
            KV_BYTES_MAX,
            false,
            Map.of());
    Request r = new Request(request, 1 + random.nextInt(outputMax));
    requests.add(r);
    place(r, request);
  }

  private List<Candidate> candidates(String without) {
    List<Candidate> list = new ArrayList<>();
    for (Machine machine : machines.values()) {
      if (!machine.id.equals(without)) {
        list.add(new Candidate(machine.id, random.nextDouble(), 0));
      }
    }
    return list;
  }

  private void place(Request r, PoolRequest request) {
    byTicket.put(++tickets, r);
    step(new PoolEvent.Enqueue(tickets, request));
  }

  private void withdraw() {
    List<Long> open = byTicket.keySet().stream().sorted().toList();
    if (!open.isEmpty()) {
      long ticket = open.get(random.nextInt(open.size()));
      Request r = byTicket.remove(ticket);
      r.ended = true;
      answered.add(ticket);
      step(new PoolEvent.Withdraw(ticket));
    }
  }

  private void attach(Machine machine) {
    machine.session =
        new WorkerDescriptor(
            machine.id,
            machine.incarnation,
            ++sessions,
            machine.id + ":1",
            Set.of("m"),
            3,
            40,
            16,
            1024,
            1);
    machine.attached = true;
    machine.unsaid.clear();
    List<PoolEvent.Running> running = new ArrayList<>();
    machine.running.forEach(
        (key, work) ->
            running.add(
                new PoolEvent.Running(
                    work.granted, work.served(), 0, work.paused, work.preemptions)));
    step(new PoolEvent.WorkerAttached(machine.session, running));
  }

  /** The process ends; gateways see it, and place again what it ran, sooner or later. */
  private void die(Machine machine) {
    losses++;
    List<Work> lost = List.copyOf(machine.running.values());
    machine.running.clear();
    machine.attached = false;
    machine.incarnation++;
    machine.backAtMs = nowMs + random.nextInt(4_000);
    boolean noticedFirst = random.nextBoolean();
    if (noticedFirst) {
      step(new PoolEvent.WorkerLost(machine.id, machine.session.session()));
    }
    for (Work work : lost) {
      if (random.nextInt(5) == 0) {
        // The client goes away with it: what was last reported is billed, and it got just that.
        work.request.ended = true;
      } else {
        again(work.request, machine.id);
      }
    }
    if (!noticedFirst) {
      step(new PoolEvent.WorkerLost(machine.id, machine.session.session()));
    }
  }

  private void again(Request r, String without) {
    continued++;
    r.attempt++;
    PoolRequest f = r.first;
    place(
        r,
        new PoolRequest(
            new AttemptKey(f.key().request(), r.attempt),
            f.operation(),
            f.tenant(),
            f.tier(),
            f.weight(),
            f.model(),
            f.adapter(),
            f.adapterVersion(),
            f.workloadClass(),
            f.promptTokens(),
            r.received,
            f.outputTokensMax(),
            Long.MAX_VALUE,
            candidates(without),
            f.runningMax(),
            f.kvBytesMax(),
            f.kvEncrypted(),
            Map.of()));
  }

  /** The session breaks, the process goes on. */
  private void disconnect(Machine machine) {
    machine.attached = false;
    machine.backAtMs = nowMs + random.nextInt(3_000);
    step(new PoolEvent.WorkerLost(machine.id, machine.session.session()));
  }

  private void work(Machine machine) {
    List<PoolEvent.Report> reports = new ArrayList<>();
    List<PoolEvent.Ended> ended = new ArrayList<>();
    for (Map.Entry<AttemptKey, Work> entry : List.copyOf(machine.running.entrySet())) {
      Work work = entry.getValue();
      if (work.paused) {
        continue;
      }
      int input = work.granted.promptTokens() + work.granted.generatedTokens();
      if (work.prefill < input) {
        work.prefill = Math.min(input, work.prefill + 64);
      } else {
        int more =
            Math.min(1 + random.nextInt(3), work.request.outputTotal - work.request.received);
        work.output += more;
        work.request.received += more;
      }
      PoolEvent.Report report = new PoolEvent.Report(entry.getKey(), work.served());
      if (work.request.received >= work.request.outputTotal) {
        ended.add(new PoolEvent.Ended(machine.id, machine.session.session(), report));
        machine.running.remove(entry.getKey());
        finishOnWorker(work);
      } else {
        reports.add(report);
      }
    }
    if (machine.attached) {
      if (!reports.isEmpty()) {
        step(new PoolEvent.Progress(machine.id, machine.session.session(), reports));
      }
      ended.forEach(this::step);
    }
  }

  /** The worker states the usage of an attempt that ended on it. */
  private void finishOnWorker(Work work) {
    work.request.ended = true;
    bill(
        work.request,
        work.granted.generatedTokens() == 0 ? work.granted.promptTokens() : 0,
        work.output);
  }

  /** As the ledger does: the input once, with the first fact that has any. */
  private static void bill(Request r, long prompt, long output) {
    if (r.billedPrompt == 0) {
      r.billedPrompt = prompt;
    }
    r.billedOutput += output;
  }

  private void step(PoolEvent event) {
    List<PoolEffect> effects = core.step(event, nowMs);
    check();
    for (PoolEffect effect : effects) {
      switch (effect) {
        case PoolEffect.Queued q -> assertThat(answered).doesNotContain(q.ticket());
        case PoolEffect.Granted g -> granted(g);
        case PoolEffect.Refused r -> {
          assertThat(answered.add(r.ticket())).as("answered once").isTrue();
          byTicket.remove(r.ticket()).ended = true;
        }
        case PoolEffect.Revoke r -> revoke(r);
        case PoolEffect.Preempt p -> preempt(p);
        case PoolEffect.Resume r -> resume(r);
        case PoolEffect.SessionClosed c -> {}
        case PoolEffect.AttemptLost l -> {
          Request r = requests.get(index(l.request().key()));
          bill(r, l.promptTokens(), l.outputTokens());
        }
      }
    }
  }

  private void granted(PoolEffect.Granted g) {
    assertThat(answered.add(g.ticket())).as("answered once").isTrue();
    AttemptKey key = g.request().key();
    int before = grants.merge(key, 1, Integer::sum) - 1;
    assertThat(before)
        .as("%s was revoked before it is granted again", key)
        .isLessThanOrEqualTo(revocations.getOrDefault(key, 0));
    Request r = byTicket.remove(g.ticket());
    Machine machine = machines.get(g.worker().workerId());
    boolean reachable = machine.attached && machine.session.session() == g.worker().session();
    if (reachable && random.nextInt(30) != 0) {
      machine.running.put(key, new Work(r, g.request()));
      r.servedAttempts++;
      // As workers do: a request is reported as soon as it is accepted.
      reportLater.add(
          new PoolEvent.Progress(
              machine.id,
              machine.session.session(),
              List.of(new PoolEvent.Report(key, Served.NOTHING))));
    } else {
      r.ended = true;
    }
    if (!inReports) {
      inReports = true;
      while (!reportLater.isEmpty()) {
        step(reportLater.remove(0));
      }
      inReports = false;
    }
  }

  private final List<PoolEvent> reportLater = new ArrayList<>();
  private boolean inReports;

  private void revoke(PoolEffect.Revoke revoke) {
    revocations.merge(revoke.key(), 1, Integer::sum);
    Machine machine = machines.get(revoke.workerId());
    Work work = machine.running.remove(revoke.key());
    if (work != null) {
      throw new AssertionError("a running attempt was revoked: " + revoke);
    }
  }

  private void preempt(PoolEffect.Preempt preempt) {
    preemptions++;
    Work work = machines.get(preempt.workerId()).running.get(preempt.request().key());
    if (work != null) {
      assertThat(work.paused).as("%s runs", preempt.request().key()).isFalse();
      work.paused = true;
      work.preemptions++;
      assertThat(work.preemptions).as("%s", preempt.request().key()).isLessThanOrEqualTo(2);
    }
  }

  private void resume(PoolEffect.Resume resume) {
    Work work = machines.get(resume.workerId()).running.get(resume.key());
    if (work != null) {
      assertThat(work.paused).as("%s is paused", resume.key()).isTrue();
      work.paused = false;
    }
  }

  private static int index(AttemptKey key) {
    return Integer.parseInt(key.request().value(), 16) - 1;
  }

  private boolean quiet() {
    return requests.stream().allMatch(r -> r.ended)
        && machines.values().stream().allMatch(m -> m.running.isEmpty() && m.attached);
  }

  private void check() {
    Map<String, Integer> running = new HashMap<>();
    Map<String, Long> kv = new HashMap<>();
    core.ledger()
        .leases()
        .forEach(
            lease -> {
              String tenant = lease.request().tenant().value();
              running.merge(tenant, 1, Integer::sum);
              kv.merge(tenant, lease.kvBytes(), Long::sum);
            });
    for (Machine machine : machines.values()) {
      core.ledger()
          .worker(machine.id)
          .ifPresent(
              worker -> {
                assertThat(core.ledger().slotsTaken(machine.id))
                    .isLessThanOrEqualTo(worker.slots());
                assertThat(core.ledger().kvBlocksTaken(machine.id))
                    .isLessThanOrEqualTo(worker.kvBlocks());
                assertThat(core.ledger().adaptersTaken(machine.id))
                    .isLessThanOrEqualTo(worker.adapterSlots());
              });
    }
    running.values().forEach(n -> assertThat(n).isLessThanOrEqualTo(RUNNING_MAX + disconnected()));
    if (disconnected() == 0 && !everDisconnected) {
      kv.values().forEach(bytes -> assertThat(bytes).isLessThanOrEqualTo(KV_BYTES_MAX));
    }
  }

  private boolean everDisconnected;

  /** What runs unseen behind a broken session comes back beside what was granted meanwhile. */
  private int disconnected() {
    everDisconnected |= machines.values().stream().anyMatch(m -> !m.attached);
    return everDisconnected ? WORKERS * 3 : 0;
  }
}
