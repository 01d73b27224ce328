package dev.cofferdam.scheduler.shard;

import dev.cofferdam.scheduler.admission.ClassQueues;
import dev.cofferdam.scheduler.admission.Waiting;
import dev.cofferdam.scheduler.fairness.FairQueue;
import dev.cofferdam.scheduler.ledger.Lease;
import dev.cofferdam.vocabulary.WorkloadClass;

/**
 * Where requests stand, and how long they will probably wait. Positions are those of the order to
 * come if nobody else came, the more urgent classes first; floors are left out.
 *
 * <p>Not thread-safe.
 */
final class Positions {
  private static final int EXACT_MAX = 16;
  private static final double HOLD_NEWEST_SHARE = 0.1;

  private final ClassQueues queues;
  private final int positionsMax;
  private double meanHoldMs;

  Positions(ClassQueues queues, int positionsMax) {
    this.queues = queues;
    this.positionsMax = positionsMax;
  }

  /** A lease ended normally. */
  void ended(Lease lease, long nowMs) {
    double held = lease.ranMs(nowMs);
    meanHoldMs = meanHoldMs == 0 ? held : meanHoldMs + HOLD_NEWEST_SHARE * (held - meanHoldMs);
  }

  /** Tells one request, exactly where it is near the front, else how many wait in its class. */
  void tell(FairQueue.Entry<Waiting> entry, int running, Effects effects) {
    WorkloadClass c = entry.item().request().workloadClass();
    int ahead = queues.of(c).ahead(entry, EXACT_MAX);
    int within = ahead < EXACT_MAX ? ahead : queues.of(c).size() - 1;
    tell(entry.item(), queues.aheadOf(c) + within, running, effects);
  }

  /** Tells everyone whose position changed. */
  void tellAll(int running, Effects effects) {
    int place = 0;
    for (WorkloadClass c : WorkloadClass.values()) {
      for (FairQueue.Entry<Waiting> entry : queues.of(c).order(Math.max(0, positionsMax - place))) {
        tell(entry.item(), place++, running, effects);
      }
    }
  }

  /**
   * How long the request at a position waits. By Little's law the pool ends as many requests in the
   * mean time that one holds its lease as run now; 0 before the first has ended.
   */
  long waitMs(int position, int running) {
    return Math.round((position + 1) * meanHoldMs / Math.max(1, running));
  }

  /** When the next slot is free, with so many running; below 0 before the first has ended. */
  long slotExpectedMs(int running) {
    return meanHoldMs == 0 ? -1 : waitMs(0, running);
  }

  private void tell(Waiting waiting, int position, int running, Effects effects) {
    if (!waiting.isPaused() && waiting.moved(position)) {
      effects.add(new PoolEffect.Queued(waiting.ticket(), position, waitMs(position, running)));
    }
  }
}
