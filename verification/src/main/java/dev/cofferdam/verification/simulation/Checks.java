package dev.cofferdam.verification.simulation;

import dev.cofferdam.router.routing.Envelope;
import dev.cofferdam.router.routing.Route;
import dev.cofferdam.scheduler.admission.AttemptKey;
import dev.cofferdam.scheduler.ledger.Lease;
import dev.cofferdam.scheduler.ledger.Ledger;
import dev.cofferdam.scheduler.shard.PoolEffect;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** What must hold after every event. */
final class Checks {
  private final World world;
  private final Set<AttemptKey> honoured = new HashSet<>();

  Checks(World world) {
    this.world = world;
  }

  /** Fails, with the last events, where a condition does not hold. */
  void that(boolean condition, String message, Object... arguments) {
    if (!condition) {
      throw new AssertionError(
          String.format(Locale.ROOT, message, arguments) + "\n" + world.lastEvents());
    }
  }

  /** A request that is told its position has no answer yet. */
  void waits(boolean waits, long ticket) {
    that(waits, "ticket %s was answered before it was told to wait", ticket);
  }

  /**
   * Only its tenant is placed on a dedicated pool, and that one nowhere else. Who is ejected is
   * offered nothing, unless most are.
   */
  void routed(SimRouter router, Envelope envelope, Route.Ranked route) {
    boolean gold = envelope.tenant().equals(Book.GOLD);
    that(
        gold == route.pool().equals(Book.GOLD_POOL),
        "%s was placed on pool %s",
        envelope.tenant(),
        route.pool());
    long ejected =
        route.candidates().stream().filter(c -> router.ejection(c.workerId()).isPresent()).count();
    that(
        ejected == 0 || 2 * ejected > route.candidates().size(),
        "%s of %s offered workers are ejected",
        ejected,
        route.candidates().size());
  }

  /** A grant says what its pool may give. */
  void granted(SimGrant grant, String pool, long nowMs) {
    that(grant.expiresMs() > nowMs, "a grant is over before it begins: %s", grant);
    that(
        grant.request().tenant().equals(Book.GOLD) == pool.equals(Book.GOLD_POOL),
        "%s was granted on pool %s",
        grant.request().tenant(),
        pool);
  }

  /** An attempt is honoured by one worker, once. */
  void honoured(SimGrant grant, SimWorker worker) {
    that(
        honoured.add(grant.request().key()),
        "%s was honoured twice, then by %s",
        grant.request().key(),
        worker.name());
  }

  /** Whenever something was given out, it was there to be given. */
  void ledger(Ledger ledger, List<PoolEffect> effects) {
    for (PoolEffect effect : effects) {
      if (effect instanceof PoolEffect.Granted g) {
        within(ledger, g.worker().workerId(), g.worker().slots(), g.worker().kvBlocks());
      } else if (effect instanceof PoolEffect.Resume r) {
        within(ledger, r.workerId(), SimWorker.SLOTS, SimWorker.KV_BLOCKS);
      }
    }
    int running = 0;
    for (Lease lease : ledger.leases()) {
      running += lease.suspended() ? 0 : 1;
      that(lease.charged() >= 0, "%s was charged %s", lease.key(), lease.charged());
      that(lease.preemptions() <= 2, "%s was preempted %s times", lease.key(), lease.preemptions());
    }
    that(running == ledger.running(), "%s leases run, not %s", running, ledger.running());
  }

  private void within(Ledger ledger, String workerId, int slots, int kvBlocks) {
    if (ledger.worker(workerId).isPresent()) {
      that(
          ledger.slotsTaken(workerId) <= slots && ledger.kvBlocksTaken(workerId) <= kvBlocks,
          "%s has %s slots and %s blocks taken",
          workerId,
          ledger.slotsTaken(workerId),
          ledger.kvBlocksTaken(workerId));
    }
  }
}
