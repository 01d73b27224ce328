package dev.cofferdam.scheduler.shard;

import dev.cofferdam.scheduler.admission.AttemptKey;
import dev.cofferdam.scheduler.admission.ClassQueues;
import dev.cofferdam.scheduler.admission.PoolRequest;
import dev.cofferdam.scheduler.admission.Waiting;
import dev.cofferdam.scheduler.fairness.FairQueue;
import dev.cofferdam.scheduler.fairness.Flow;
import dev.cofferdam.scheduler.fairness.OutputForecast;
import dev.cofferdam.scheduler.ledger.Lease;
import dev.cofferdam.scheduler.ledger.Ledger;
import dev.cofferdam.scheduler.ledger.Served;
import dev.cofferdam.scheduler.ledger.WorkerDescriptor;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One pool's scheduler: queues requests, leases room on workers in the order of fair queuing,
 * charges what is served, and settles what workers leave behind when they die. {@code step(event,
 * now) → effects}: no clock, no thread, no I/O; one writer. The same events at the same times have
 * the same effects.
 *
 * <p>A ticket is answered exactly once, with {@code Granted} or {@code Refused}, unless it is
 * withdrawn.
 */
public final class PoolCore {
  private static final long WITHDRAWN_GRACE_MS = 2_000;

  private final PoolSettings settings;
  private final ClassQueues queues;
  private final Ledger ledger = new Ledger();
  private final Charging charging;
  private final Positions positions;
  private final LostAttempts lost;
  private final Timers timers = new Timers();
  private final GrantedTickets granted = new GrantedTickets();
  private long reportAtMs = Long.MIN_VALUE;
  private final Effects effects = new Effects();
  private final Placing placing;

  public PoolCore(PoolSettings settings) {
    this.settings = settings;
    this.queues =
        new ClassQueues(settings.bounds(), settings.floors(), settings.tenantsRememberedMax());
    this.charging =
        new Charging(
            settings.weights(),
            queues,
            new OutputForecast(settings.expectedOutputTokens(), settings.tenantsRememberedMax()));
    this.positions = new Positions(queues, settings.positionsMax());
    this.lost = new LostAttempts(settings.lostWindowMs());
    this.placing = new Placing(settings, queues, ledger, charging, positions, granted, effects);
  }

  /**
   * Takes an event.
   *
   * @param nowMs milliseconds since the epoch; never goes back
   * @return what is to be done, in this order
   */
  public List<PoolEffect> step(PoolEvent event, long nowMs) {
    switch (event) {
      case PoolEvent.Enqueue e -> enqueue(e.ticket(), e.request(), nowMs);
      case PoolEvent.Withdraw e -> withdraw(e.ticket(), nowMs);
      case PoolEvent.WorkerAttached e -> attached(e.worker(), e.running(), nowMs);
      case PoolEvent.Progress e -> progress(e, nowMs);
      case PoolEvent.Ended e -> ended(e, nowMs);
      case PoolEvent.WorkerLost e -> workerLost(e.workerId(), e.session(), nowMs);
      case PoolEvent.Guaranteed e -> {
        ledger.guarantee(e.guarantees());
        place(nowMs);
      }
      case PoolEvent.Tick e -> tick(nowMs);
    }
    return effects.take();
  }

  /** The pool as it stands. */
  public PoolStats stats() {
    Map<WorkloadClass, Integer> waiting = new EnumMap<>(WorkloadClass.class);
    Map<WorkloadClass, Double> gaps = new EnumMap<>(WorkloadClass.class);
    for (WorkloadClass c : WorkloadClass.values()) {
      waiting.put(c, queues.of(c).size());
      gaps.put(c, queues.of(c).gap());
    }
    return new PoolStats(
        waiting,
        gaps,
        ledger.running(),
        ledger.suspended(),
        ledger.slots(),
        ledger.workers(),
        lost.size());
  }

  /** What each tenant has in the pool. */
  public List<TenantLoad> tenants() {
    return TenantLoad.of(queues.waiting().stream().map(Waiting::request).toList(), ledger.leases());
  }

  /** What each tenant that waits was served so far, by class. */
  public Map<WorkloadClass, Map<String, Double>> serviceTimes() {
    Map<WorkloadClass, Map<String, Double>> times = new EnumMap<>(WorkloadClass.class);
    for (WorkloadClass c : WorkloadClass.values()) {
      times.put(c, queues.of(c).serviceTimes());
    }
    return times;
  }

  /** What is leased, to be looked at. */
  public Ledger ledger() {
    return ledger;
  }

  /** What waits, to be looked at. */
  public ClassQueues queues() {
    return queues;
  }

  private void enqueue(long ticket, PoolRequest request, long nowMs) {
    settlePredecessor(request, nowMs);
    if (refusedAsDuplicate(ticket, request, nowMs)) {
      return;
    }
    if (request.deadlineMs() <= nowMs) {
      refuse(ticket, request, ErrorCode.DEADLINE_EXCEEDED, "the deadline has passed", false);
      return;
    }
    Ledger.Outlook outlook = ledger.outlook(request, ledger.attachments());
    if (outlook == Ledger.Outlook.NEVER) {
      refuse(ticket, request, ErrorCode.NO_CAPACITY, tooLarge(request), false);
      return;
    }
    Optional<Refusal> full = queues.full(request);
    if (full.isPresent()) {
      Refusal refusal =
          full.get()
              .withRetryAfter(
                  Duration.ofMillis(
                      Math.max(1_000, positions.waitMs(queues.size(), ledger.running()))));
      effects.add(new PoolEffect.Refused(ticket, request, refusal, false));
      return;
    }
    Waiting waiting = new Waiting(ticket, request, nowMs, ledger.attachments());
    if (outlook == Ledger.Outlook.NO_WORKER) {
      waiting.withoutWorkerSince(nowMs);
    }
    FairQueue.Entry<Waiting> entry = queues.add(waiting, charging.estimate(request));
    timers.set(
        Math.min(request.deadlineMs(), nowMs + settings.bounds().ageMaxMs()),
        ticket,
        t -> queues.find(t).isPresent());
    place(nowMs);
    if (queues.find(ticket).isPresent()) {
      positions.tell(entry, ledger.running(), effects);
    }
  }

  /**
   * A further attempt tells how many tokens the client got of the one before, which is over in the
   * gateway's eyes.
   */
  private void settlePredecessor(PoolRequest request, long nowMs) {
    if (!request.lostItsWorker()) {
      return;
    }
    AttemptKey previous = request.key().previous();
    Optional<LostAttempts.Lost> known = lost.take(previous);
    if (known.isPresent()) {
      effects.add(LostAttempts.usage(known.get().lease(), request.generatedTokens(), nowMs));
      return;
    }
    Optional<Lease> lease = ledger.lease(previous);
    if (lease.isPresent()) {
      // Its worker is still attached: it bills what it served when it ends the attempt, or, should
      // it be lost before that, we bill what the client got.
      lease.get().succeeded(request.generatedTokens());
      revoke(lease.get(), ErrorCode.WORKER_LOST);
    }
    queues.ticketOf(previous).ifPresent(ticket -> supersede(ticket));
  }

  /** A caller that asks again for the same attempt takes the place of its former self. */
  private boolean refusedAsDuplicate(long ticket, PoolRequest request, long nowMs) {
    queues.ticketOf(request.key()).ifPresent(this::supersede);
    Optional<Lease> lease = ledger.lease(request.key());
    if (lease.isEmpty()) {
      return false;
    }
    if (lease.get().started()) {
      refuse(ticket, request, ErrorCode.INVALID_REQUEST, "this attempt runs already", false);
      return true;
    }
    revoke(lease.get(), ErrorCode.CANCELLED);
    end(lease.get());
    return false;
  }

  private void supersede(long ticket) {
    queues
        .remove(ticket)
        .ifPresent(
            old ->
                refuse(
                    ticket,
                    old.request(),
                    ErrorCode.CANCELLED,
                    "a later call took this one's place",
                    true));
  }

  private void withdraw(long ticket, long nowMs) {
    if (queues.remove(ticket).isPresent()) {
      place(nowMs);
      return;
    }
    // The grant may have arrived all the same, on a call that was cancelled a moment later. If so,
    // its worker will report it.
    granted
        .take(ticket)
        .flatMap(ledger::lease)
        .ifPresent(lease -> lease.keepUnusedUntil(nowMs + WITHDRAWN_GRACE_MS));
  }

  private void attached(WorkerDescriptor worker, List<PoolEvent.Running> running, long nowMs) {
    Optional<WorkerDescriptor> old = ledger.worker(worker.workerId());
    if (old.isPresent() && isNewer(old.get(), worker)) {
      effects.add(new PoolEffect.SessionClosed(worker.workerId(), worker.session()));
      return;
    }
    if (old.isPresent()) {
      effects.add(new PoolEffect.SessionClosed(worker.workerId(), old.get().session()));
      workerLost(worker.workerId(), old.get().session(), nowMs);
    }
    ledger.attach(worker);
    for (PoolEvent.Running attempt : running) {
      resume(worker, attempt, nowMs);
    }
    // What the same process does not run any more has ended there, and was billed there.
    lost.takeOf(worker.workerId(), worker.incarnation());
    place(nowMs);
  }

  private static boolean isNewer(WorkerDescriptor old, WorkerDescriptor other) {
    return old.incarnation() > other.incarnation()
        || (old.incarnation() == other.incarnation() && old.session() > other.session());
  }

  private void resume(WorkerDescriptor worker, PoolEvent.Running attempt, long nowMs) {
    AttemptKey key = attempt.request().key();
    if (ledger.lease(key).isPresent()) {
      return;
    }
    Optional<LostAttempts.Lost> known = lost.take(key);
    PoolRequest request = known.map(l -> l.lease().request()).orElse(attempt.request());
    queues.ticketOf(key).ifPresent(this::supersede);
    Served served = attempt.served();
    FairQueue<Waiting> queue = queues.of(request.workloadClass());
    Flow<Waiting> flow = queue.account(tenant(request), request.weight());
    queue.adopt(flow);
    Lease lease =
        ledger.adopt(
            request,
            flow,
            worker.workerId(),
            known.isPresent() ? known.get().lease().charged() : charging.cost(request, served),
            known.isPresent() ? known.get().lease().grantedMs() : nowMs,
            attempt.queueWaitMs());
    charging.report(lease, served, nowMs);
    lease.preempted(attempt.preemptions());
    if (attempt.paused()) {
      placing.adoptPaused(lease, attempt.preemptions(), nowMs);
    }
  }

  private void progress(PoolEvent.Progress e, long nowMs) {
    if (!isCurrent(e.workerId(), e.session())) {
      return;
    }
    for (PoolEvent.Report report : e.reports()) {
      ledger
          .lease(report.key())
          .filter(lease -> lease.workerId().equals(e.workerId()))
          .ifPresentOrElse(
              lease -> charging.report(lease, report.served(), nowMs),
              () -> revokeUnleased(e.workerId(), e.session(), report.key()));
    }
  }

  private void ended(PoolEvent.Ended e, long nowMs) {
    if (!isCurrent(e.workerId(), e.session())) {
      return;
    }
    Optional<Lease> lease =
        ledger.lease(e.last().key()).filter(l -> l.workerId().equals(e.workerId()));
    if (lease.isEmpty()) {
      return;
    }
    charging.report(lease.get(), e.last().served(), nowMs);
    charging.learn(lease.get());
    positions.ended(lease.get(), nowMs);
    end(lease.get());
    place(nowMs);
  }

  private void workerLost(String workerId, long session, long nowMs) {
    if (!isCurrent(workerId, session)) {
      return;
    }
    long incarnation = ledger.worker(workerId).map(WorkerDescriptor::incarnation).orElse(0L);
    for (Lease lease : ledger.detach(workerId)) {
      placing.forget(lease);
      charging.settle(lease);
      Integer next = lease.successorGeneratedTokens();
      if (next != null) {
        effects.add(LostAttempts.usage(lease, next, nowMs));
      } else {
        lost.add(lease, incarnation, nowMs);
      }
    }
    place(nowMs);
  }

  private void tick(long nowMs) {
    for (long ticket = timers.due(nowMs); ticket >= 0; ticket = timers.due(nowMs)) {
      queues.remove(ticket).ifPresent(waiting -> refuseAsLate(waiting, nowMs));
    }
    for (LostAttempts.Lost l : lost.takeExpired(nowMs)) {
      effects.add(LostAttempts.usage(l.lease(), null, nowMs));
    }
    for (Lease lease : List.copyOf(ledger.leases())) {
      if (lease.isUnused(nowMs)) {
        revoke(lease, ErrorCode.BAD_GRANT);
        end(lease);
      }
    }
    granted.forgetBefore(nowMs - settings.unusedLeaseMs());
    placing.place(nowMs);
    if (nowMs >= reportAtMs) {
      reportAtMs = nowMs + settings.reportIntervalMs();
      lookForWorkers(nowMs);
      positions.tellAll(ledger.running(), effects);
    }
  }

  private void refuseAsLate(Waiting waiting, long nowMs) {
    PoolRequest request = waiting.request();
    if (request.deadlineMs() <= nowMs) {
      refuse(
          waiting.ticket(), request, ErrorCode.DEADLINE_EXCEEDED, "the deadline has passed", true);
    } else {
      refuse(
          waiting.ticket(), request, ErrorCode.QUEUE_TIMEOUT, "waited too long in the queue", true);
    }
  }

  /** Refuses what no attached worker can serve, after a while in which one may come back. */
  private void lookForWorkers(long nowMs) {
    for (Waiting waiting : queues.waiting()) {
      PoolRequest request = waiting.request();
      switch (ledger.outlook(request, waiting.attachmentsSeen())) {
        case POSSIBLE -> waiting.withoutWorkerSince(Waiting.NEVER);
        case NEVER -> {
          queues.remove(waiting.ticket());
          refuse(waiting.ticket(), request, ErrorCode.NO_CAPACITY, tooLarge(request), true);
        }
        case NO_WORKER -> {
          if (waiting.withoutWorkerSinceMs() == Waiting.NEVER) {
            waiting.withoutWorkerSince(nowMs);
          } else if (nowMs - waiting.withoutWorkerSinceMs()
              >= settings.bounds().workerWaitMsMax()) {
            queues.remove(waiting.ticket());
            refuse(waiting.ticket(), request, ErrorCode.NO_CAPACITY, "no worker is attached", true);
          }
        }
      }
    }
  }

  private void place(long nowMs) {
    placing.place(nowMs);
  }

  /** Frees a lease and returns what was charged and not served. */
  private void end(Lease lease) {
    placing.forget(lease);
    ledger.release(lease.key());
    charging.settle(lease);
  }

  private void revoke(Lease lease, ErrorCode code) {
    placing.forget(lease);
    ledger
        .worker(lease.workerId())
        .ifPresent(
            worker ->
                effects.add(
                    new PoolEffect.Revoke(
                        worker.workerId(), worker.session(), lease.key(), code.wireName())));
  }

  /**
   * A grant that is valid still was shown after its lease was revoked, so that the worker did not
   * know of what it was to end.
   */
  private void revokeUnleased(String workerId, long session, AttemptKey key) {
    effects.add(new PoolEffect.Revoke(workerId, session, key, ErrorCode.BAD_GRANT.wireName()));
  }

  private boolean isCurrent(String workerId, long session) {
    return ledger.worker(workerId).filter(worker -> worker.session() == session).isPresent();
  }

  private static String tenant(PoolRequest request) {
    return request.tenant().value();
  }

  private static String tooLarge(PoolRequest request) {
    return "no worker of the pool, or the tenant's KV bound, has room for "
        + request.contextTokens()
        + " tokens";
  }

  private void refuse(
      long ticket, PoolRequest request, ErrorCode code, String message, boolean wasAdmitted) {
    Refusal refusal = Refusal.of(code, message);
    if (code.retryable()) {
      refusal =
          refusal.withRetryAfter(
              Duration.ofMillis(
                  Math.max(1_000, positions.waitMs(queues.size(), ledger.running()))));
    }
    effects.add(new PoolEffect.Refused(ticket, request, refusal, wasAdmitted));
  }
}
