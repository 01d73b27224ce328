package dev.cofferdam.verification.simulation;

import dev.cofferdam.router.fleet.Worker;
import dev.cofferdam.router.fleet.WorkerLoad;
import dev.cofferdam.scheduler.admission.AttemptKey;
import dev.cofferdam.scheduler.admission.PoolRequest;
import dev.cofferdam.scheduler.ledger.Ledger;
import dev.cofferdam.scheduler.ledger.Served;
import dev.cofferdam.scheduler.ledger.WorkerDescriptor;
import dev.cofferdam.scheduler.shard.PoolEvent;
import dev.cofferdam.worker.lease.SchedulerTurns;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * A worker's process: a batch of a few slots whose steps read 64 input tokens or make one output
 * token of each sequence, a session with the scheduler, announcements to the routers. A grant is
 * good for its session's time alone, once.
 */
final class SimWorker extends Node {
  static final int SLOTS = 4;
  static final int KV_BLOCKS = 60;
  private static final long STEP_US = 10_000;
  private static final long ANNOUNCE_US = 200_000;
  private static final long ANSWER_US_MAX = 3_000_000;
  private static final int PREFILL_TOKENS = 64;
  private static final int AUDITS_MAX = 10;
  private static final int OUTPUT_TOLD_MIN = 8;

  private final World world;
  private final String pool;
  private final Map<AttemptKey, Sequence> sequences = new LinkedHashMap<>();
  private final Set<AttemptKey> seen = new HashSet<>();
  private @Nullable Wire session;
  private long sessionNumber;
  private SchedulerTurns turns = turns();
  private boolean stepping;
  private int slowness = 1;
  private int served;

  /** An attempt on this worker. */
  private static final class Sequence {
    private final PoolRequest request;
    private final Wire reader;
    private final Consumer<Heard> heard;
    private int prefilled;
    private int output;
    private boolean paused;
    private int preemptions;
    private long firstUs;
    private int auditsWithoutLease;

    private Sequence(PoolRequest request, Wire reader, Consumer<Heard> heard) {
      this.request = request;
      this.reader = reader;
      this.heard = heard;
    }

    private int input() {
      return request.promptTokens() + request.generatedTokens();
    }

    private Served served() {
      return new Served(prefilled, 0, output, 0, 0);
    }
  }

  /** What the reader of a stream hears. */
  sealed interface Heard {
    /**
     * A token.
     *
     * @param index of all output tokens of the request
     */
    record Token(int index, int token) implements Heard {}

    record Finished() implements Heard {}

    record Refused() implements Heard {}
  }

  SimWorker(String name, String pool, World world, long skewMs) {
    super(name, world.time, skewMs);
    this.pool = pool;
    this.world = world;
    started();
  }

  String pool() {
    return pool;
  }

  @Override
  void died() {
    sequences.clear();
    seen.clear();
    session = null;
    sessionNumber = 0;
    turns = turns();
    stepping = false;
  }

  private static SchedulerTurns turns() {
    return new SchedulerTurns(World.SCHEDULERS);
  }

  @Override
  void started() {
    later(1_000, this::attach);
    later(1_000, this::announce);
  }

  private void announce() {
    WorkerLoad load =
        new WorkerLoad(true, running(), SLOTS, KV_BLOCKS, KV_BLOCKS, Set.of(), false, Map.of());
    Worker self =
        new Worker(
            name(),
            0,
            life(),
            pool,
            name() + ":1",
            Set.of(Book.MODEL),
            16,
            "",
            "",
            clockMs(),
            load);
    for (SimRouter router : world.routers) {
      world.network.datagram(this, router, () -> router.announced(self));
    }
    later(ANNOUNCE_US, this::announce);
  }

  private int running() {
    return (int) sequences.values().stream().filter(s -> !s.paused).count();
  }

  private void attach() {
    SimScheduler scheduler = world.schedulers.get(turns.next());
    Wire wire = world.network.connect(this, scheduler);
    session = wire;
    // What was granted under an earlier session is not honoured any more: its leases are gone.
    sessionNumber = 0;
    List<PoolEvent.Running> running = new ArrayList<>();
    for (Sequence s : sequences.values()) {
      running.add(new PoolEvent.Running(s.request, s.served(), 0, s.paused, s.preemptions));
    }
    WorkerDescriptor self =
        new WorkerDescriptor(
            name(), life(), 0, name() + ":1", Set.of(Book.MODEL), SLOTS, KV_BLOCKS, 16, 1_024, 2);
    wire.onEnd(this, () -> lost(wire));
    wire.send(this, () -> scheduler.attach(wire, this, self, running));
    later(
        ANSWER_US_MAX,
        () -> {
          if (session == wire && sessionNumber == 0) {
            wire.close(this);
            lost(wire);
          }
        });
  }

  private void lost(Wire wire) {
    if (session == wire) {
      session = null;
      sessionNumber = 0;
      later(1_000 * turns.failed(world.random), this::attach);
    }
  }

  WorkerDescriptor describe(WorkerDescriptor d, long number) {
    return new WorkerDescriptor(
        d.workerId(),
        d.incarnation(),
        number,
        d.endpoint(),
        d.models(),
        d.slots(),
        d.kvBlocks(),
        d.blockTokens(),
        d.blockBytes(),
        d.adapterSlots());
  }

  /** The scheduler's first word: the session's key. */
  void attached(Wire wire, long number) {
    if (session == wire) {
      sessionNumber = number;
      turns.answered();
    }
  }

  /** A gateway shows a grant. */
  void generate(Wire wire, SimGrant grant, Consumer<Heard> heard) {
    AttemptKey key = grant.request().key();
    boolean good =
        grant.workerId().equals(name())
            && grant.session() == sessionNumber
            && grant.expiresMs() > clockMs()
            && seen.add(key);
    if (!good) {
      wire.send(this, () -> heard.accept(new Heard.Refused()));
      wire.close(this);
      return;
    }
    world.checks.honoured(grant, this);
    sequences.put(key, new Sequence(grant.request(), wire, heard));
    wire.onEnd(this, () -> end(key));
    send(progress(List.of(new PoolEvent.Report(key, Served.NOTHING))));
    wake();
  }

  void revoke(AttemptKey key) {
    Sequence sequence = sequences.get(key);
    if (sequence != null) {
      end(key);
      sequence.reader.close(this);
    }
  }

  void pause(AttemptKey key) {
    Sequence sequence = sequences.get(key);
    if (sequence != null) {
      world.checks.that(!sequence.paused, "%s is paused twice", key);
      sequence.paused = true;
      sequence.preemptions++;
      world.checks.that(sequence.preemptions <= 2, "%s was preempted too often", key);
    }
  }

  void resume(AttemptKey key) {
    Sequence sequence = sequences.get(key);
    if (sequence != null) {
      sequence.paused = false;
      wake();
    }
  }

  private void wake() {
    if (!stepping) {
      stepping = true;
      later(STEP_US * slowness, this::step);
    }
  }

  private void step() {
    stepping = false;
    List<PoolEvent.Report> reports = new ArrayList<>();
    int served = 0;
    for (Sequence s : List.copyOf(sequences.values())) {
      if (s.paused || served == SLOTS) {
        continue;
      }
      served++;
      serve(s);
      if (sequences.containsKey(s.request.key())) {
        reports.add(new PoolEvent.Report(s.request.key(), s.served()));
      }
    }
    if (!reports.isEmpty()) {
      send(progress(reports));
    }
    if (served > 0) {
      wake();
    }
  }

  private void serve(Sequence s) {
    if (s.prefilled < s.input()) {
      s.prefilled = Math.min(s.input(), s.prefilled + PREFILL_TOKENS);
      return;
    }
    int index = s.request.generatedTokens() + s.output;
    s.output++;
    s.firstUs = s.output == 1 ? world.time.nowUs() : s.firstUs;
    Heard token = new Heard.Token(index, world.tokenOf(s.request.key(), index));
    s.reader.send(this, () -> s.heard.accept(token));
    if (index + 1 >= world.outputOf(s.request.key())) {
      s.reader.send(this, () -> s.heard.accept(new Heard.Finished()));
      s.reader.close(this);
      tell(s);
      end(s.request.key());
    }
  }

  /** The fact of an attempt that was served to its end, as every router reads it. */
  private void tell(Sequence s) {
    served++;
    if (s.preemptions == 0 && s.output >= OUTPUT_TOLD_MIN) {
      double tokenMs = (world.time.nowUs() - s.firstUs) / 1_000.0 / (s.output - 1);
      for (SimRouter router : world.routers) {
        world.network.datagram(
            this, router, () -> router.served(this, s.request.tenant(), tokenMs));
      }
    }
  }

  /** Requests that it served to their end. */
  int served() {
    return served;
  }

  /** From now on each step takes so many times as long. */
  void slowness(int times) {
    slowness = times;
  }

  private void end(AttemptKey key) {
    Sequence over = sequences.remove(key);
    if (over != null) {
      PoolEvent.Report last = new PoolEvent.Report(key, over.served());
      send(number -> new PoolEvent.Ended(name(), number, last));
    }
  }

  private LongFunction<PoolEvent> progress(List<PoolEvent.Report> reports) {
    return number -> new PoolEvent.Progress(name(), number, reports);
  }

  /** Reports; now and then twice. */
  private void send(LongFunction<PoolEvent> event) {
    Wire wire = session;
    if (wire == null) {
      return;
    }
    int copies = world.random.nextDouble() < world.faultRate() ? 2 : 1;
    for (int copy = 0; copy < copies; copy++) {
      for (SimScheduler scheduler : world.schedulers) {
        if (wire.joins(scheduler)) {
          wire.send(this, () -> scheduler.report(wire, event));
        }
      }
    }
  }

  /** Everything here is leased, but for what the messages on their way have still to say. */
  void auditLeases(SimScheduler scheduler, Ledger ledger) {
    boolean current =
        ledger.worker(name()).filter(known -> known.session() == sessionNumber).isPresent()
            && world.network.cutForUs(this, scheduler) == 0;
    for (Sequence s : sequences.values()) {
      boolean leased = ledger.lease(s.request.key()).isPresent();
      s.auditsWithoutLease = current && !leased ? s.auditsWithoutLease + 1 : 0;
      world.checks.that(
          s.auditsWithoutLease <= AUDITS_MAX,
          "%s runs on %s without a lease",
          s.request.key(),
          name());
    }
  }

  boolean idle() {
    return sequences.isEmpty() && sessionNumber != 0;
  }
}
