package dev.cofferdam.scheduler.shard;

import dev.cofferdam.scheduler.admission.ClassQueues;
import dev.cofferdam.scheduler.admission.PoolRequest;
import dev.cofferdam.scheduler.admission.Waiting;
import dev.cofferdam.scheduler.fairness.ClassShares;
import dev.cofferdam.scheduler.fairness.FairQueue;
import dev.cofferdam.scheduler.fairness.Flow;
import dev.cofferdam.scheduler.ledger.Lease;
import dev.cofferdam.scheduler.ledger.Ledger;
import dev.cofferdam.scheduler.ledger.WorkerDescriptor;
import dev.cofferdam.scheduler.preemption.Victims;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Gives what is free to those who are next, and takes it from others where they have to give way. A
 * preempted request keeps its lease and waits before its tenant's others; it goes on where it ran.
 *
 * <p>Not thread-safe.
 */
final class Placing {
  private final PoolSettings settings;
  private final ClassQueues queues;
  private final Ledger ledger;
  private final Charging charging;
  private final Positions positions;
  private final GrantedTickets granted;
  private final Effects effects;
  private final Victims victims;
  private final Map<Long, Paused> paused = new HashMap<>();
  private long pauses;

  /** A preempted request. */
  private record Paused(Lease lease, FairQueue.Entry<Waiting> entry) {}

  Placing(
      PoolSettings settings,
      ClassQueues queues,
      Ledger ledger,
      Charging charging,
      Positions positions,
      GrantedTickets granted,
      Effects effects) {
    this.settings = settings;
    this.queues = queues;
    this.ledger = ledger;
    this.charging = charging;
    this.positions = positions;
    this.granted = granted;
    this.effects = effects;
    this.victims = new Victims(settings.preemption(), ledger, queues);
  }

  /** Grants whatever can be granted. */
  void place(long nowMs) {
    while (placeOne(nowMs)) {
      // Each round grants one request.
    }
  }

  private boolean placeOne(long nowMs) {
    Set<String> reserved = Set.of();
    int classes = queues.ready();
    while (classes != 0) {
      WorkloadClass c = queues.first(classes);
      classes &= ~ClassShares.bit(c);
      if (placeFirst(c, reserved, nowMs)) {
        return true;
      }
      if (ledger.hasFreeSlot() && queues.of(c).hasReady()) {
        reserved = reserved.isEmpty() ? new HashSet<>() : reserved;
        if (placeBehind(c, reserved, nowMs)) {
          return true;
        }
      }
    }
    return false;
  }

  /** Grants the first request of a class in order, others give way for it if they have to. */
  private boolean placeFirst(WorkloadClass c, Set<String> reserved, long nowMs) {
    FairQueue<Waiting> queue = queues.of(c);
    Optional<Flow<Waiting>> next = queue.next();
    while (next.isPresent() && ledger.tenantIsAtBound(next.get().head().item().request())) {
      queue.park(next.get());
      next = queue.next();
    }
    if (next.isEmpty()) {
      return false;
    }
    Flow<Waiting> flow = next.get();
    Waiting head = flow.head().item();
    Optional<WorkerDescriptor> room =
        ledger.hasFreeSlot() ? room(head, reserved) : Optional.empty();
    if (room.isEmpty() && reserved.isEmpty()) {
      // What gave way waits again now, and may even be before it: the order was decided before.
      room = makeRoom(head, nowMs);
    }
    room.ifPresent(worker -> grant(c, flow, worker, nowMs));
    return room.isPresent();
  }

  private Optional<WorkerDescriptor> room(Waiting head, Set<String> reserved) {
    if (!head.isPaused()) {
      return ledger.choose(head.request(), head.attachmentsSeen(), reserved);
    }
    return pausedLease(head)
        .filter(lease -> ledger.canGoOn(lease, reserved))
        .flatMap(lease -> ledger.worker(lease.workerId()));
  }

  private Optional<Lease> pausedLease(Waiting head) {
    return Optional.ofNullable(paused.get(head.ticket())).map(Paused::lease);
  }

  private Optional<WorkerDescriptor> makeRoom(Waiting head, long nowMs) {
    Optional<Victims.Yield> yield =
        victims.yieldTo(head, pausedLease(head), positions.slotExpectedMs(ledger.running()), nowMs);
    if (yield.isEmpty()) {
      return Optional.empty();
    }
    Optional<WorkerDescriptor> worker = ledger.worker(yield.get().workerId());
    for (Lease lease : yield.get().leases()) {
      requeue(lease, nowMs);
      worker.ifPresent(
          w ->
              effects.add(
                  new PoolEffect.Preempt(
                      w.workerId(), w.session(), lease.request(), head.request().tenant())));
    }
    return worker;
  }

  /** Takes over a request that is preempted on its worker already. */
  void adoptPaused(Lease lease, int preemptions, long nowMs) {
    ledger.suspend(lease, nowMs);
    lease.preempted(Math.max(1, preemptions));
    requeue(lease, nowMs);
  }

  private void requeue(Lease lease, long nowMs) {
    pauses++;
    Waiting waiting = Waiting.paused(-pauses, lease.request(), nowMs, lease.workerId());
    double remaining = charging.remaining(lease);
    FairQueue.Entry<Waiting> entry =
        queues.bringBack(waiting, remaining, charging.takeUnserved(lease));
    queues.unpark(lease.request().tenant().value());
    paused.put(waiting.ticket(), new Paused(lease, entry));
  }

  /** A preempted request is not to go on. */
  void forget(Lease lease) {
    if (lease.suspended()) {
      paused
          .values()
          .removeIf(
              p -> {
                boolean hit = p.lease == lease;
                if (hit) {
                  queues.drop(p.entry);
                }
                return hit;
              });
    }
  }

  /**
   * Grants the first request behind the first that fits. Those before it that fit nowhere are
   * bypassed, a bounded number of times: then a worker is kept free for them.
   */
  private boolean placeBehind(WorkloadClass c, Set<String> reserved, long nowMs) {
    FairQueue<Waiting> queue = queues.of(c);
    List<Flow<Waiting>> atBound = new ArrayList<>(0);
    List<Waiting> bypassed = new ArrayList<>(0);
    Flow<Waiting> chosen = null;
    Optional<WorkerDescriptor> room = Optional.empty();
    for (Flow<Waiting> flow : queue.ready()) {
      Waiting head = flow.head().item();
      if (ledger.tenantIsAtBound(head.request())) {
        atBound.add(flow);
        continue;
      }
      room = room(head, reserved);
      if (room.isPresent()) {
        chosen = flow;
        break;
      }
      bypassed.add(head);
      if (head.bypasses() >= settings.bypassesMax()) {
        toReserve(head).ifPresent(reserved::add);
      }
      if (bypassed.size() >= settings.bypassWindow()) {
        break;
      }
    }
    atBound.forEach(queue::park);
    if (chosen == null || room.isEmpty()) {
      return false;
    }
    bypassed.forEach(Waiting::bypass);
    grant(c, chosen, room.get(), nowMs);
    return true;
  }

  private Optional<String> toReserve(Waiting head) {
    return head.isPaused()
        ? Optional.of(head.pausedOn())
        : ledger.toReserve(head.request(), head.attachmentsSeen());
  }

  private void grant(WorkloadClass c, Flow<Waiting> flow, WorkerDescriptor room, long nowMs) {
    Waiting waiting = flow.head().item();
    // Charged is what the order was decided by; what another worker's cache or a newer forecast
    // would say is reconciled as it is served. The bound of the service gap rests on this.
    double cost = flow.head().cost();
    boolean borrowed = !queues.moreUrgentThan(c);
    double startTag = queues.grant(c, flow);
    if (waiting.isPaused()) {
      goOn(waiting, room, cost, borrowed, nowMs);
    } else {
      start(flow, waiting, room, cost, startTag, borrowed, nowMs);
    }
  }

  private void start(
      Flow<Waiting> flow,
      Waiting waiting,
      WorkerDescriptor room,
      double cost,
      double startTag,
      boolean borrowed,
      long nowMs) {
    PoolRequest request = waiting.request();
    long waitedMs = nowMs - waiting.enqueuedMs();
    Lease lease = ledger.take(request, flow, room.workerId(), cost, nowMs, waitedMs, borrowed);
    lease.keepUnusedUntil(nowMs + settings.unusedLeaseMs());
    granted.put(waiting.ticket(), request.key(), nowMs);
    effects.add(
        new PoolEffect.Granted(
            waiting.ticket(),
            request,
            room,
            lease.kvBlocks(),
            startTag,
            waitedMs,
            nowMs + settings.grantTtlMs()));
  }

  private void goOn(
      Waiting waiting, WorkerDescriptor room, double cost, boolean borrowed, long nowMs) {
    Paused over = paused.remove(waiting.ticket());
    if (over == null) {
      throw new IllegalStateException("no lease of " + waiting.request().key());
    }
    ledger.goOn(over.lease, borrowed, nowMs);
    over.lease.charged(over.lease.charged() + cost);
    effects.add(
        new PoolEffect.Resume(
            room.workerId(), room.session(), over.lease.key(), nowMs - waiting.enqueuedMs()));
  }
}
