package dev.cofferdam.verification.simulation;

import dev.cofferdam.scheduler.admission.PoolRequest;
import dev.cofferdam.scheduler.admission.QueueBounds;
import dev.cofferdam.scheduler.ledger.WorkerDescriptor;
import dev.cofferdam.scheduler.shard.PoolCore;
import dev.cofferdam.scheduler.shard.PoolEffect;
import dev.cofferdam.scheduler.shard.PoolEvent;
import dev.cofferdam.scheduler.shard.PoolSettings;
import dev.cofferdam.vocabulary.Refusal;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.LongFunction;

/**
 * A scheduler's process: the real core of each pool, fed by workers and routers. It serves while it
 * leads; one that does not turns everybody away.
 */
final class SimScheduler extends Node {
  private static final long TICK_US = 50_000;
  private static final PoolSettings SETTINGS =
      PoolSettings.DEFAULT.withBounds(new QueueBounds(200, 60, 30_000, 5_000));

  private final World world;
  private final Map<String, PoolCore> cores = new TreeMap<>();
  private final Map<Long, Caller> callers = new HashMap<>();
  private final Map<Long, Session> sessions = new HashMap<>();
  private final Map<String, Long> nowMs = new HashMap<>();
  private long tickets;
  private boolean leads;

  /** A router's call that waits for its answer. */
  private record Caller(Wire wire, Consumer<Answer> answers) {}

  /** A worker's session. */
  private record Session(Wire wire, SimWorker worker, String pool) {}

  /** What a call is answered. */
  sealed interface Answer {
    record Queued() implements Answer {}

    /** The last one of a call. */
    sealed interface Decision extends Answer {}

    record Granted(SimGrant grant) implements Decision {}

    record Refused(Refusal refusal) implements Decision {}
  }

  SimScheduler(String name, World world, long skewMs) {
    super(name, world.time, skewMs);
    this.world = world;
  }

  boolean leads() {
    return leads && up();
  }

  /** It has the lease from now on. */
  void lead() {
    leads = true;
    later(TICK_US, this::tick);
  }

  @Override
  void died() {
    leads = false;
    cores.clear();
    callers.clear();
    sessions.clear();
    nowMs.clear();
    tickets = 0;
  }

  Map<String, PoolCore> cores() {
    return cores;
  }

  private PoolCore core(String pool) {
    return cores.computeIfAbsent(pool, name -> new PoolCore(SETTINGS));
  }

  private void tick() {
    List.copyOf(cores.keySet()).forEach(pool -> step(pool, new PoolEvent.Tick()));
    later(TICK_US, this::tick);
  }

  /** A router asks; the answers go back on the wire. */
  void enqueue(Wire wire, String pool, PoolRequest request, Consumer<Answer> answers) {
    if (!leads) {
      wire.close(this);
      return;
    }
    long ticket = ++tickets;
    callers.put(ticket, new Caller(wire, answers));
    wire.onEnd(
        this,
        () -> {
          callers.remove(ticket);
          step(pool, new PoolEvent.Withdraw(ticket));
        });
    step(pool, new PoolEvent.Enqueue(ticket, request));
  }

  /** A worker attaches with what runs on it; it is told its session's number, its key. */
  void attach(
      Wire wire, SimWorker worker, WorkerDescriptor unnumbered, List<PoolEvent.Running> running) {
    if (!leads) {
      wire.close(this);
      return;
    }
    long session = world.nextSession();
    sessions.put(session, new Session(wire, worker, worker.pool()));
    wire.onEnd(this, () -> lost(session));
    wire.send(this, () -> worker.attached(wire, session));
    step(
        worker.pool(), new PoolEvent.WorkerAttached(worker.describe(unnumbered, session), running));
  }

  private void lost(long session) {
    Session over = sessions.remove(session);
    if (over != null) {
      step(over.pool, new PoolEvent.WorkerLost(over.worker.name(), session));
    }
  }

  /**
   * A worker reports on its session's connection.
   *
   * @param event by the session's number
   */
  void report(Wire wire, LongFunction<PoolEvent> event) {
    sessions.entrySet().stream()
        .filter(entry -> entry.getValue().wire == wire)
        .findFirst()
        .ifPresent(entry -> step(entry.getValue().pool, event.apply(entry.getKey())));
  }

  private void step(String pool, PoolEvent event) {
    long now = nowMs.merge(pool, clockMs(), Math::max);
    List<PoolEffect> effects = core(pool).step(event, now);
    world.checks.ledger(core(pool).ledger(), effects);
    for (PoolEffect effect : effects) {
      perform(pool, effect, now);
    }
  }

  private void perform(String pool, PoolEffect effect, long now) {
    world.trace(name() + " " + effect.getClass().getSimpleName(), effect);
    switch (effect) {
      case PoolEffect.Queued e -> {
        Caller caller = callers.get(e.ticket());
        world.checks.waits(caller != null, e.ticket());
        if (caller != null) {
          caller.wire.send(this, () -> caller.answers.accept(new Answer.Queued()));
        }
      }
      case PoolEffect.Granted e -> {
        world.grants();
        SimGrant grant =
            new SimGrant(e.request(), e.worker().workerId(), e.worker().session(), e.expiresMs());
        world.checks.granted(grant, pool, now);
        answer(e.ticket(), new Answer.Granted(grant));
      }
      case PoolEffect.Refused e -> answer(e.ticket(), new Answer.Refused(e.refusal()));
      case PoolEffect.Revoke e -> tell(e.session(), worker -> worker.revoke(e.key()));
      case PoolEffect.Preempt e -> {
        world.outcome.preemptions++;
        tell(e.session(), worker -> worker.pause(e.request().key()));
      }
      case PoolEffect.Resume e -> tell(e.session(), worker -> worker.resume(e.key()));
      case PoolEffect.SessionClosed e -> {
        Session over = sessions.remove(e.session());
        if (over != null) {
          over.wire.close(this);
        }
      }
      case PoolEffect.AttemptLost e -> world.outcome.lostAttempts++;
    }
  }

  private void answer(long ticket, Answer answer) {
    Caller caller = callers.remove(ticket);
    if (caller != null) {
      caller.wire.send(this, () -> caller.answers.accept(answer));
      caller.wire.close(this);
    }
  }

  private void tell(long session, Consumer<SimWorker> order) {
    Session to = sessions.get(session);
    if (to != null) {
      to.wire.send(this, () -> order.accept(to.worker));
    }
  }
}
