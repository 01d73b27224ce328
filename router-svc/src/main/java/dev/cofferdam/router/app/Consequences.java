package dev.cofferdam.router.app;

import dev.cofferdam.router.health.Attempt;
import dev.cofferdam.router.health.Breakers;
import dev.cofferdam.router.rollout.Rollouts;
import dev.cofferdam.router.rollout.grpc.RollBacks;
import dev.cofferdam.router.routing.Conditions;
import dev.cofferdam.router.tenancy.Directory;
import java.time.InstantSource;

/** What follows from the end of an attempt: for its worker, its model or adapter, its rollout. */
final class Consequences {
  private final Directory directory;
  private final Conditions conditions;
  private final Rollouts rollouts;
  private final RollBacks rollBacks;
  private final RouterMetrics metrics;
  private final InstantSource clock;

  Consequences(
      Directory directory,
      Conditions conditions,
      Rollouts rollouts,
      RollBacks rollBacks,
      RouterMetrics metrics,
      InstantSource clock) {
    this.directory = directory;
    this.conditions = conditions;
    this.rollouts = rollouts;
    this.rollBacks = rollBacks;
    this.metrics = metrics;
    this.clock = clock;
  }

  void attemptEnded(Attempt attempt) {
    if (attempt.outcome() == Attempt.Outcome.CANCELLED) {
      return;
    }
    long now = clock.millis();
    boolean shared =
        directory.pool(attempt.pool()).flatMap(pool -> pool.dedicatedTenant()).isEmpty();
    conditions
        .workers()
        .observe(attempt.workerId(), attempt.tenant(), shared, attempt.failed(), now);
    attempt
        .tokenMs()
        .ifPresent(
            ms ->
                conditions
                    .workers()
                    .served(
                        attempt.pool(),
                        attempt.model(),
                        attempt.workerId(),
                        attempt.tenant(),
                        shared,
                        ms,
                        now));
    conditions
        .breakers()
        .observe(
            new Breakers.Key(attempt.model(), attempt.adapterVersion()),
            attempt.tenant(),
            attempt.failed(),
            now);
    rollouts
        .observe(attempt, now)
        .ifPresent(
            failed -> {
              metrics.rolledBack();
              rollBacks.carryOut(failed);
            });
    if (!attempt.failed()) {
      metrics.firstToken(attempt.pool(), attempt.queueWaitMs() + attempt.prefillMs(), now);
    }
  }
}
