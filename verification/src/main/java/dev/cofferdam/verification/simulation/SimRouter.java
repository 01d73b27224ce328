package dev.cofferdam.verification.simulation;

import dev.cofferdam.router.affinity.PrefixIndex;
import dev.cofferdam.router.fleet.Fleet;
import dev.cofferdam.router.fleet.Worker;
import dev.cofferdam.router.health.Ejection;
import dev.cofferdam.router.placement.SchedulerTurns;
import dev.cofferdam.router.routing.Conditions;
import dev.cofferdam.router.routing.Envelope;
import dev.cofferdam.router.routing.Route;
import dev.cofferdam.router.routing.RoutePlanner;
import dev.cofferdam.router.routing.RoutingWeights;
import dev.cofferdam.scheduler.admission.AttemptKey;
import dev.cofferdam.scheduler.admission.Candidate;
import dev.cofferdam.scheduler.admission.PoolRequest;
import dev.cofferdam.vocabulary.TenantId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * A router's process: the real planner on a fleet that workers announce, and the real turns by
 * which it finds the scheduler that leads.
 */
final class SimRouter extends Node {
  private static final long RETRY_US = 150_000;
  private static final long LAST_RESORT_MS = 1_000;
  private static final long NO_WORKER_MS_MAX = 10_000;

  private final World world;
  private Fleet fleet = new Fleet(1_000, 100);
  private Conditions conditions = Conditions.fair();
  private RoutePlanner planner = planner();
  private final Map<String, SchedulerTurns> turns = new TreeMap<>();

  SimRouter(String name, World world, long skewMs) {
    super(name, world.time, skewMs);
    this.world = world;
  }

  private RoutePlanner planner() {
    return new RoutePlanner(new Book(), new PrefixIndex(1_000), RoutingWeights.DEFAULT, conditions);
  }

  @Override
  void died() {
    fleet = new Fleet(1_000, 100);
    conditions = Conditions.fair();
    planner = planner();
    turns.clear();
  }

  /** A worker says that it lives; late or twice or out of order, it does not matter. */
  void announced(Worker worker) {
    if (fleet.isCurrent(worker.id(), worker.incarnation())) {
      fleet.load(worker.id(), worker.incarnation(), worker.load(), clockMs());
      return;
    }
    var unused =
        fleet.join(
            new Worker(
                worker.id(),
                worker.number(),
                worker.incarnation(),
                worker.pool(),
                worker.endpoint(),
                worker.models(),
                worker.blockTokens(),
                worker.zone(),
                worker.tenant(),
                clockMs(),
                worker.load()),
            worker.incarnation(),
            clockMs());
  }

  /**
   * A fact of the usage topic: an attempt was served to its end, so many ms from token to token.
   */
  void served(SimWorker worker, TenantId tenant, double tokenMs) {
    conditions
        .workers()
        .served(
            worker.pool(), Book.MODEL, worker.name(), tenant, isShared(worker), tokenMs, clockMs());
    observed(worker, tenant, false);
  }

  /** A fact of the usage topic: an attempt was lost with its worker. */
  void lost(SimWorker worker, TenantId tenant) {
    observed(worker, tenant, true);
  }

  private void observed(SimWorker worker, TenantId tenant, boolean failed) {
    conditions.workers().observe(worker.name(), tenant, isShared(worker), failed, clockMs());
  }

  private static boolean isShared(SimWorker worker) {
    return !worker.pool().equals(Book.GOLD_POOL);
  }

  /** Why a worker gets nothing from this router now. */
  Optional<Ejection> ejection(String workerId) {
    return conditions.workers().ejection(workerId, clockMs());
  }

  /** A gateway's call; the answer comes on its wire. */
  void place(Wire gateway, Envelope envelope, Consumer<SimScheduler.Answer.Decision> answers) {
    new Placement(gateway, envelope, answers, clockMs()).attempt();
  }

  /** As the router's own placement: plan, ask, again while there is no worker or no scheduler. */
  private final class Placement {
    private final Wire gateway;
    private final Envelope envelope;
    private final Consumer<SimScheduler.Answer.Decision> answers;
    private final long startedMs;
    private boolean over;

    Placement(
        Wire gateway,
        Envelope envelope,
        Consumer<SimScheduler.Answer.Decision> answers,
        long startedMs) {
      this.gateway = gateway;
      this.envelope = envelope;
      this.answers = answers;
      this.startedMs = startedMs;
      gateway.onEnd(SimRouter.this, () -> over = true);
    }

    void attempt() {
      if (over) {
        return;
      }
      long now = clockMs();
      Route route =
          planner.plan(
              envelope,
              fleet.view(),
              new RoutePlanner.Moment(now, startedMs),
              now - startedMs >= LAST_RESORT_MS);
      switch (route) {
        case Route.Refused refused -> answer(new SimScheduler.Answer.Refused(refused.refusal()));
        case Route.NoWorker none -> {
          if (now - startedMs >= NO_WORKER_MS_MAX) {
            answer(new SimScheduler.Answer.Refused(none.refusal()));
          } else {
            later(RETRY_US, this::attempt);
          }
        }
        case Route.Ranked ranked -> ask(ranked);
      }
    }

    private void ask(Route.Ranked ranked) {
      world.checks.routed(SimRouter.this, envelope, ranked);
      SchedulerTurns pool = turns.computeIfAbsent(ranked.pool(), unused -> new SchedulerTurns());
      pool.ask(clockMs())
          .ifPresentOrElse(turn -> ask(ranked, pool, turn), () -> later(RETRY_US, this::attempt));
    }

    private void ask(Route.Ranked ranked, SchedulerTurns pool, int turn) {
      SimScheduler scheduler = world.schedulers.get(turn % world.schedulers.size());
      Wire wire = world.network.connect(SimRouter.this, scheduler);
      wire.onEnd(
          SimRouter.this,
          () -> {
            pool.failed(turn);
            later(RETRY_US, this::attempt);
          });
      gateway.onEnd(
          SimRouter.this,
          () -> {
            over = true;
            wire.close(SimRouter.this);
          });
      PoolRequest request = request(ranked);
      wire.send(
          SimRouter.this,
          () ->
              scheduler.enqueue(
                  wire,
                  ranked.pool(),
                  request,
                  given -> {
                    pool.answered(turn);
                    if (given instanceof SimScheduler.Answer.Decision decision) {
                      wire.close(SimRouter.this);
                      answer(decision);
                    }
                  }));
    }

    private void answer(SimScheduler.Answer.Decision given) {
      if (!over) {
        over = true;
        if (given instanceof SimScheduler.Answer.Granted granted) {
          planner.served(envelope.tenant(), granted.grant().workerId());
        }
        gateway.send(SimRouter.this, () -> answers.accept(given));
        gateway.close(SimRouter.this);
      }
    }

    private PoolRequest request(Route.Ranked ranked) {
      List<Candidate> candidates =
          ranked.candidates().stream()
              .map(c -> new Candidate(c.workerId(), c.score(), c.cachedTokens()))
              .toList();
      return new PoolRequest(
          new AttemptKey(envelope.requestId(), envelope.attempt()),
          envelope.operation(),
          envelope.tenant(),
          ranked.tenant().tier().label(),
          ranked.tenant().limits().weight(),
          envelope.model(),
          envelope.adapter(),
          ranked.adapterVersion(),
          envelope.workloadClass(),
          envelope.promptTokens(),
          envelope.generatedTokens(),
          envelope.outputTokensMax(),
          Long.MAX_VALUE,
          candidates,
          ranked.tenant().limits().concurrentRequests(),
          ranked.tenant().limits().kvBytesMax(),
          false,
          Map.of());
    }
  }
}
