package dev.cofferdam.verification.simulation;

import dev.cofferdam.router.health.Ejection;
import dev.cofferdam.scheduler.admission.AttemptKey;
import dev.cofferdam.scheduler.shard.PoolCore;
import dev.cofferdam.vocabulary.TenantId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.LongConsumer;

/**
 * A mesh in virtual time: clients that send, two routers, two schedulers of which one leads, four
 * workers, one of them of a dedicated pool. For a while everything that can go wrong does; then
 * nothing does any more, and every request must come to its end.
 */
public final class World {
  static final int SCHEDULERS = 2;

  /** A lease's life, and how often it is claimed. */
  private static final long LEASE_US = 2_250_000;

  private static final long LEADERS_DIE_US = 6_000_000;
  private static final long SKEW_MS_MAX = 300;
  private static final int LAST_EVENTS = 60;
  private static final int GAP_US = 60_000;
  private static final int NOISY_RATE = 4;

  final VirtualTime time = new VirtualTime();
  final SplittableRandom random;
  final Network network;
  final List<SimScheduler> schedulers = new ArrayList<>();
  final List<SimRouter> routers = new ArrayList<>();
  final List<SimWorker> workers = new ArrayList<>();
  final Checks checks = new Checks(this);
  final Outcome outcome = new Outcome();
  private final Node gateway;
  private final List<SimClient> clients = new ArrayList<>();
  private final Map<String, SimClient> byId = new HashMap<>();
  private final ArrayDeque<String> events = new ArrayDeque<>();
  private final double faultRate;
  private final int noise;
  private long sessions;
  private long leaderDiedUs = -1;

  /** What happened. */
  public static final class Outcome {
    public int requests;
    public int complete;
    public int workerCrashes;
    public int schedulerCrashes;
    public int routerCrashes;
    public int partitions;
    public int continued;
    public int preemptions;
    public int lostAttempts;

    /** From the death of a leader to the first grant of its successor, at most, milliseconds. */
    public long takeoverMsMax;

    public int events;

    /** Of the tenants with a noisy neighbour, and of that: what was not given up by clients. */
    public int quietAsked;

    public int quietComplete;
    public int noisyAsked;
    public int noisyComplete;

    /** From when a worker became slow to its ejection by every router; below 0 if never. */
    public long slowEjectedAfterMs = -1;

    /** Requests that it served in the last ten seconds, long after it was as fast as before. */
    public int slowServedLast;

    /** 99th percentile of the time to the first token of the quiet tenant's, milliseconds. */
    public double quietTtftMs;
  }

  /** Five tenants that send about what is served. */
  public World(long seed) {
    this(seed, 0);
  }

  /**
   * Two tenants of equal weight, one of which sends so many times what the other does, and
   * altogether several times what is served.
   *
   * @param noise 0: all tenants send alike
   */
  public World(long seed, int noise) {
    this.noise = noise;
    random = new SplittableRandom(seed);
    faultRate = random.nextDouble() * 0.05;
    network = new Network(time, random.split(), faultRate);
    gateway = new Node("gateway", time, skew());
    for (int i = 1; i <= SCHEDULERS; i++) {
      schedulers.add(new SimScheduler("scheduler" + i, this, skew()));
      routers.add(new SimRouter("router" + i, this, skew()));
    }
    for (int i = 1; i <= 4; i++) {
      workers.add(new SimWorker("w" + i, i == 4 ? Book.GOLD_POOL : Book.SHARED, this, skew()));
    }
    schedulers.getFirst().lead();
  }

  private long skew() {
    return random.nextLong(-SKEW_MS_MAX, SKEW_MS_MAX + 1);
  }

  double faultRate() {
    return faultRate;
  }

  /**
   * Runs it: requests and faults for so many seconds, then peace until everything has ended.
   *
   * @throws AssertionError where something does not hold, with the last events
   */
  public Outcome run(int seconds) {
    return run(seconds, this::fault);
  }

  /** The same, where nothing happens but that the scheduler that leads dies every six seconds. */
  public Outcome runWhileLeadersDie(int seconds) {
    return run(seconds, this::leadersDie);
  }

  /**
   * The same, where nothing happens but that one worker's steps take ten times as long in the
   * middle third.
   */
  public Outcome runWithASlowWorker(int seconds) {
    SimWorker slow = workers.getFirst();
    long thirdUs = seconds * 1_000_000L / 3;
    time.after(thirdUs, () -> slow.slowness(10));
    time.after(2 * thirdUs, () -> slow.slowness(1));
    return run(
        seconds,
        untilUs -> {
          watchEjections(slow, thirdUs);
          time.after(untilUs - 10_000_000, () -> outcome.slowServedLast = -slow.served());
          time.after(untilUs, () -> outcome.slowServedLast += slow.served());
        });
  }

  private void watchEjections(SimWorker slow, long thirdUs) {
    int by = 0;
    for (SimRouter router : routers) {
      for (SimWorker worker : workers) {
        boolean isOut =
            router
                .ejection(worker.name())
                .filter(ejection -> ejection.cause() == Ejection.Cause.SLOW)
                .isPresent();
        checks.that(!isOut || worker == slow, "%s is ejected as slow", worker.name());
        by += isOut ? 1 : 0;
      }
    }
    if (by == routers.size() && outcome.slowEjectedAfterMs < 0) {
      outcome.slowEjectedAfterMs = (time.nowUs() - thirdUs) / 1_000;
    }
    time.after(100_000, () -> watchEjections(slow, thirdUs));
  }

  /** The usage fact of an attempt that was lost with its worker. */
  void lost(String workerId, TenantId tenant) {
    for (SimRouter router : routers) {
      network.datagram(gateway, router, () -> router.lost(worker(workerId), tenant));
    }
  }

  private Outcome run(int seconds, LongConsumer faults) {
    long faultsUntilUs = seconds * 1_000_000L;
    arrive(faultsUntilUs);
    faults.accept(faultsUntilUs);
    audit();
    runUntil(faultsUntilUs);
    long peaceUntilUs = faultsUntilUs + 120_000_000L;
    for (long us = faultsUntilUs + 1_000_000L; us <= peaceUntilUs && !atRest(); us += 1_000_000L) {
      runUntil(us);
    }
    settled();
    return outcome;
  }

  private void runUntil(long us) {
    while (time.step(us)) {
      outcome.events++;
    }
  }

  private boolean atRest() {
    return clients.stream().allMatch(client -> client.end() != SimClient.End.NONE)
        && workers.stream().allMatch(SimWorker::idle)
        && schedulers.stream()
            .flatMap(scheduler -> scheduler.cores().values().stream())
            .allMatch(core -> core.ledger().leases().isEmpty() && core.queues().size() == 0);
  }

  /** Whatever runs on a worker with a session has a lease, if not at once, then soon. */
  private void audit() {
    for (SimWorker worker : workers) {
      for (SimScheduler scheduler : schedulers) {
        PoolCore core = scheduler.cores().get(worker.pool());
        if (scheduler.leads() && core != null) {
          worker.auditLeases(scheduler, core.ledger());
        }
      }
    }
    time.after(50_000, this::audit);
  }

  private void settled() {
    for (SimClient client : clients) {
      checks.that(client.end() != SimClient.End.NONE, "%s has not ended", client.id());
      outcome.complete += client.end() == SimClient.End.COMPLETE ? 1 : 0;
    }
    outcome.requests = clients.size();
    compare();
    for (SimWorker worker : workers) {
      checks.that(worker.idle(), "%s still works, or has no session", worker.name());
    }
    for (SimScheduler scheduler : schedulers) {
      for (PoolCore core : scheduler.cores().values()) {
        checks.that(core.ledger().leases().isEmpty(), "leases are left: %s", core.stats());
        checks.that(core.queues().size() == 0, "requests wait still: %s", core.stats());
      }
    }
  }

  private void compare() {
    for (SimClient client : clients) {
      if (client.cancelled()) {
        continue;
      }
      boolean complete = client.end() == SimClient.End.COMPLETE;
      if (client.tenant().equals(Book.QUIET)) {
        outcome.quietAsked++;
        outcome.quietComplete += complete ? 1 : 0;
      } else if (client.tenant().equals(Book.NOISY)) {
        outcome.noisyAsked++;
        outcome.noisyComplete += complete ? 1 : 0;
      }
    }
    double[] ttft =
        clients.stream()
            .filter(c -> c.tenant().equals(Book.QUIET) && c.end() == SimClient.End.COMPLETE)
            .mapToDouble(c -> c.ttftUs() / 1_000.0)
            .sorted()
            .toArray();
    outcome.quietTtftMs = ttft.length == 0 ? 0 : ttft[ttft.length * 99 / 100];
  }

  private TenantId tenant() {
    if (noise == 0) {
      return Book.TENANTS.get(random.nextInt(Book.TENANTS.size()));
    }
    return random.nextInt(noise + 1) == 0 ? Book.QUIET : Book.NOISY;
  }

  private void arrive(long untilUs) {
    if (time.nowUs() >= untilUs) {
      return;
    }
    SimClient client = new SimClient(this, gateway, clients.size() + 1, tenant());
    clients.add(client);
    byId.put(client.id().value(), client);
    client.place();
    if (random.nextInt(20) == 0) {
      time.after(random.nextInt(3_000_000), client::cancel);
    }
    time.after(
        1 + random.nextInt(noise == 0 ? GAP_US : GAP_US / NOISY_RATE), () -> arrive(untilUs));
  }

  private void fault(long untilUs) {
    time.after(
        200_000 + random.nextInt(2_500_000),
        () -> {
          if (time.nowUs() < untilUs) {
            somethingHappens();
            fault(untilUs);
          }
        });
  }

  private void leadersDie(long untilUs) {
    time.after(
        LEADERS_DIE_US,
        () -> {
          if (time.nowUs() < untilUs) {
            crashScheduler();
            leadersDie(untilUs);
          }
        });
  }

  private void somethingHappens() {
    switch (random.nextInt(7)) {
      case 0 -> becomeSlow();
      case 1, 2 -> {
        outcome.workerCrashes++;
        crash(workers.get(random.nextInt(workers.size())), random.nextInt(3_000_000));
      }
      case 3 -> crashScheduler();
      case 4 -> {
        outcome.routerCrashes++;
        crash(routers.get(random.nextInt(routers.size())), random.nextInt(2_000_000));
      }
      default -> {
        outcome.partitions++;
        List<Node> nodes = new ArrayList<>(workers);
        nodes.addAll(routers);
        nodes.addAll(schedulers);
        nodes.add(gateway);
        Node one = nodes.get(random.nextInt(nodes.size()));
        Node other = nodes.get(random.nextInt(nodes.size()));
        if (one != other) {
          trace("partition", one.name() + " " + other.name());
          network.partition(one, other, random.nextInt(4_000_000));
        }
      }
    }
  }

  private void becomeSlow() {
    SimWorker worker = workers.get(random.nextInt(workers.size()));
    trace("slow", worker.name());
    worker.slowness(2 + random.nextInt(8));
    time.after(random.nextInt(3_000_000), () -> worker.slowness(1));
  }

  private void crash(Node node, long downUs) {
    if (node.up()) {
      trace("crash", node.name());
      node.crash(1_000 + downUs);
    }
  }

  /** The one that leads dies; the other has the lease once it has run out. */
  private void crashScheduler() {
    for (SimScheduler scheduler : schedulers) {
      if (scheduler.leads()) {
        outcome.schedulerCrashes++;
        leaderDiedUs = time.nowUs();
        crash(scheduler, random.nextInt(2_000_000));
        SimScheduler other = schedulers.get(1 - schedulers.indexOf(scheduler));
        time.after(LEASE_US, () -> (other.up() ? other : scheduler).lead());
        return;
      }
    }
  }

  /** A scheduler grants something. */
  void grants() {
    if (leaderDiedUs >= 0) {
      outcome.takeoverMsMax =
          Math.max(outcome.takeoverMsMax, (time.nowUs() - leaderDiedUs) / 1_000);
      leaderDiedUs = -1;
    }
  }

  long nextSession() {
    return ++sessions;
  }

  SimWorker worker(String id) {
    for (SimWorker worker : workers) {
      if (worker.name().equals(id)) {
        return worker;
      }
    }
    throw new AssertionError("no worker " + id);
  }

  /** The token that a request has at a place, whoever computes it. */
  int tokenOf(AttemptKey key, int index) {
    return Objects.hash(key.request().value(), index);
  }

  /** How many output tokens a request comes to. */
  int outputOf(AttemptKey key) {
    SimClient client = byId.get(key.request().value());
    return client == null ? 0 : client.outputTokens();
  }

  void trace(String who, Object what) {
    if (events.size() == LAST_EVENTS) {
      events.removeFirst();
    }
    events.addLast(time.nowUs() / 1_000 + " ms " + who + " " + what);
  }

  String lastEvents() {
    return String.join("\n", events);
  }
}
