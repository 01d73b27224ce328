package dev.cofferdam.scheduler.ledger;

import dev.cofferdam.scheduler.admission.AttemptKey;
import dev.cofferdam.scheduler.admission.Candidate;
import dev.cofferdam.scheduler.admission.PoolRequest;
import dev.cofferdam.scheduler.admission.Waiting;
import dev.cofferdam.scheduler.fairness.Flow;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * What every worker of a pool has and who holds it. Nothing is granted that is not leased here
 * first, and a lease never takes more than is free. What a worker reports as running when it
 * attaches is taken as it is, even beyond its capacity; nothing is leased on it then until enough
 * has ended.
 *
 * <p>Not thread-safe.
 */
public final class Ledger {
  /** Score of a worker that the router had not seen when it ranked. */
  private static final double NEWCOMER_SCORE = 0.5;

  /** What free slots weigh beside the router's score, whose view of the load is older. */
  private static final double FREE_WEIGHT = 0.25;

  /** What an adapter slot that is in use already weighs: requests of one adapter are grouped. */
  private static final double GROUPED_BONUS = 0.05;

  private final Map<String, WorkerAccount> workers = new TreeMap<>();
  private final Map<AttemptKey, Lease> leases = new HashMap<>();
  private final Map<String, TenantUse> tenants = new HashMap<>();
  private Guarantees guarantees = Guarantees.NONE;
  private final int[] borrowed = new int[WorkloadClass.values().length];
  private int slots;
  private int running;
  private int withFreeSlot;
  private int attachments;

  /** Whether a request can be placed at all. */
  public enum Outlook {
    /** A worker that may serve it is attached, and large enough. */
    POSSIBLE,
    /** No worker that may serve it is attached. */
    NO_WORKER,
    /** Every worker that may serve it is too small, or the tenant's own bound is. */
    NEVER
  }

  private static final class TenantUse {
    private int running;
    private long kvBytes;
  }

  /** Opens the account of a worker. Its former account must be closed. */
  public void attach(WorkerDescriptor worker) {
    if (workers.putIfAbsent(
            worker.workerId(), new WorkerAccount(worker, attachments + 1, guarantees))
        != null) {
      throw new IllegalStateException("worker is attached already: " + worker.workerId());
    }
    attachments++;
    withFreeSlot++;
    slots += worker.slots();
  }

  /** What tenants are sure of from now on; leases that there are stay. */
  public void guarantee(Guarantees next) {
    guarantees = next;
    for (WorkerAccount account : workers.values()) {
      account.kv.values().forEach(pool -> pool.guarantee(next));
    }
  }

  /** How often a worker was attached so far. */
  public int attachments() {
    return attachments;
  }

  /** Closes the account of a worker; the leases that it held are free. */
  public List<Lease> detach(String workerId) {
    WorkerAccount account = workers.get(workerId);
    if (account == null) {
      return List.of();
    }
    List<Lease> lost = new ArrayList<>(account.leases.values());
    lost.forEach(lease -> release(lease.key()));
    workers.remove(workerId);
    withFreeSlot--;
    slots -= account.descriptor.slots();
    return lost;
  }

  /** An attached worker. */
  public Optional<WorkerDescriptor> worker(String workerId) {
    return Optional.ofNullable(workers.get(workerId)).map(account -> account.descriptor);
  }

  /** Attached workers. */
  public int workers() {
    return workers.size();
  }

  /** Batch slots of all workers. */
  public int slots() {
    return slots;
  }

  /** Leases held, those of preempted requests left out. */
  public int running() {
    return running;
  }

  /** Preempted requests. */
  public int suspended() {
    return leases.size() - running;
  }

  /** Running leases of a class that use room which a more urgent class may ask back. */
  public int borrowed(WorkloadClass c) {
    return borrowed[c.ordinal()];
  }

  /** All leases. */
  public Collection<Lease> leases() {
    return Collections.unmodifiableCollection(leases.values());
  }

  /** The lease of an attempt. */
  public Optional<Lease> lease(AttemptKey key) {
    return Optional.ofNullable(leases.get(key));
  }

  /** Whether any worker has a batch slot free. */
  public boolean hasFreeSlot() {
    return withFreeSlot > 0;
  }

  /** Whether the tenant's own bounds keep a request from running now. */
  public boolean tenantIsAtBound(PoolRequest request) {
    TenantUse use = tenants.get(request.tenant().value());
    if (use == null) {
      return false;
    }
    return (request.runningMax() > 0 && use.running >= request.runningMax())
        || (request.kvBytesMax() > 0
            && use.kvBytes + smallestKvBytes(request) > request.kvBytesMax());
  }

  /** Whether a request can be placed on what is attached. */
  public Outlook outlook(PoolRequest request, int attachmentsSeen) {
    boolean any = false;
    for (WorkerAccount account : workers.values()) {
      if (mayServe(account, request, attachmentsSeen)) {
        any = true;
        if (account.canEverFit(request)) {
          return Outlook.POSSIBLE;
        }
      }
    }
    return any ? Outlook.NEVER : Outlook.NO_WORKER;
  }

  /**
   * The best worker that has room now: the router's score, freshened by what is free. A worker that
   * attached after the request came was unknown to the router, and may serve it too.
   *
   * @param attachmentsSeen {@link #attachments} when the request came
   * @param reserved workers that are kept for another request
   */
  public Optional<WorkerDescriptor> choose(
      PoolRequest request, int attachmentsSeen, Set<String> reserved) {
    WorkerDescriptor best = null;
    double bestValue = 0;
    for (WorkerAccount account : workers.values()) {
      WorkerDescriptor worker = account.descriptor;
      if (reserved.contains(worker.workerId()) || !hasRoom(account, request)) {
        continue;
      }
      Candidate known = candidate(request, worker.workerId());
      if (known == null && account.ordinal <= attachmentsSeen) {
        continue;
      }
      double value =
          (known == null ? NEWCOMER_SCORE : known.score())
              + FREE_WEIGHT * account.slotsFree() / worker.slots()
              + (account.adapters.containsKey(request.adapterSlot()) ? GROUPED_BONUS : 0);
      if (best == null || value > bestValue) {
        best = worker;
        bestValue = value;
      }
    }
    return Optional.ofNullable(best);
  }

  /** Whether a worker may serve a request and has room for it now. */
  public boolean fits(PoolRequest request, int attachmentsSeen, String workerId) {
    WorkerAccount account = workers.get(workerId);
    return account != null
        && mayServe(account, request, attachmentsSeen)
        && hasRoom(account, request);
  }

  /** Whether a worker may serve a request, with room for it or without. */
  public boolean mayServe(PoolRequest request, int attachmentsSeen, String workerId) {
    WorkerAccount account = workers.get(workerId);
    return account != null
        && mayServe(account, request, attachmentsSeen)
        && account.canEverFit(request);
  }

  private boolean hasRoom(WorkerAccount account, PoolRequest request) {
    return account.serves(request)
        && account.canEverFit(request)
        && account.fitsNow(request)
        && kvOfTenantFits(request, account.descriptor);
  }

  /**
   * The worker to keep for a request that was bypassed too often: the one with most blocks free.
   */
  public Optional<String> toReserve(PoolRequest request, int attachmentsSeen) {
    WorkerAccount best = null;
    for (WorkerAccount account : workers.values()) {
      if (mayServe(account, request, attachmentsSeen)
          && account.canEverFit(request)
          && (best == null || blocksFree(account, request) > blocksFree(best, request))) {
        best = account;
      }
    }
    return best == null ? Optional.empty() : Optional.of(best.descriptor.workerId());
  }

  /**
   * Leases room on a worker.
   *
   * @param flow its tenant's account
   * @param charged weighted tokens that were charged ahead
   * @param borrowed whether a more urgent class may ask it back
   * @throws IllegalStateException where there is no room, or the attempt has a lease
   */
  public Lease take(
      PoolRequest request,
      Flow<Waiting> flow,
      String workerId,
      double charged,
      long nowMs,
      long queueWaitMs,
      boolean borrowed) {
    WorkerAccount account = account(workerId);
    if (!account.fitsNow(request)) {
      throw new IllegalStateException("no room on " + workerId);
    }
    Lease lease = new Lease(request, flow, account.descriptor, charged, nowMs, queueWaitMs);
    lease.lend(borrowed);
    return open(lease, account);
  }

  /**
   * Takes the room of a lease back and keeps the lease: its request is preempted. Its worker keeps
   * what it has of it in memory that others may take, and its adapter.
   *
   * @throws IllegalStateException where it is suspended already
   */
  public void suspend(Lease lease, long nowMs) {
    count(lease, -1);
    withFreeSlot += account(lease.workerId()).stop(lease);
    lease.suspend(nowMs);
  }

  /** Undoes a suspension that has not been told to anyone. */
  public void unsuspend(Lease lease, long nowMs) {
    lease.unsuspend(nowMs);
    withFreeSlot -= account(lease.workerId()).run(lease);
    count(lease, 1);
  }

  /** Whether there is room for a preempted request to go on. */
  public boolean canGoOn(Lease lease, Set<String> reserved) {
    WorkerAccount account = workers.get(lease.workerId());
    return lease.suspended()
        && account != null
        && !reserved.contains(lease.workerId())
        && account.slotsFree() > 0
        && lease.kvBlocks()
            <= account.kv(lease.request().model()).free(lease.request().tenant().value())
        && kvOfTenantFits(lease.request(), account.descriptor);
  }

  /**
   * Leases a preempted request its room again.
   *
   * @param borrowed whether a more urgent class may ask it back
   */
  public void goOn(Lease lease, boolean borrowed, long nowMs) {
    lease.goOn(nowMs);
    lease.lend(borrowed);
    withFreeSlot -= account(lease.workerId()).run(lease);
    count(lease, 1);
  }

  /**
   * Takes what a worker says is running, whether or not there is room.
   *
   * @throws IllegalStateException where the attempt has a lease
   */
  public Lease adopt(
      PoolRequest request,
      Flow<Waiting> flow,
      String workerId,
      double charged,
      long nowMs,
      long queueWaitMs) {
    WorkerAccount account = account(workerId);
    return open(new Lease(request, flow, account.descriptor, charged, nowMs, queueWaitMs), account);
  }

  /** Ends a lease; empty where there is none. */
  public Optional<Lease> release(AttemptKey key) {
    Lease lease = leases.remove(key);
    if (lease == null) {
      return Optional.empty();
    }
    WorkerAccount account = account(lease.workerId());
    account.free(lease);
    if (!lease.suspended()) {
      withFreeSlot += account.stop(lease);
      count(lease, -1);
    }
    return Optional.of(lease);
  }

  /** KV blocks that are leased on a worker. */
  public int kvBlocksTaken(String workerId) {
    return account(workerId).kv.values().stream().mapToInt(KvAccount::taken).sum();
  }

  /** Batch slots that are leased on a worker. */
  public int slotsTaken(String workerId) {
    return account(workerId).running;
  }

  /** Different adapters that are leased on a worker. */
  public int adaptersTaken(String workerId) {
    return account(workerId).adapters.size();
  }

  private Lease open(Lease lease, WorkerAccount account) {
    if (leases.putIfAbsent(lease.key(), lease) != null) {
      throw new IllegalStateException("attempt has a lease already: " + lease.key());
    }
    account.take(lease);
    withFreeSlot -= account.run(lease);
    count(lease, 1);
    return lease;
  }

  /** Counts what runs. */
  private void count(Lease lease, int more) {
    if (lease.suspended()) {
      throw new IllegalStateException("it is preempted: " + lease.key());
    }
    running += more;
    if (lease.borrowed()) {
      borrowed[lease.request().workloadClass().ordinal()] += more;
    }
    String tenant = lease.request().tenant().value();
    TenantUse use = tenants.computeIfAbsent(tenant, unused -> new TenantUse());
    use.running += more;
    use.kvBytes += more * lease.kvBytes();
    if (use.running == 0) {
      tenants.remove(tenant);
    }
  }

  private WorkerAccount account(String workerId) {
    WorkerAccount account = workers.get(workerId);
    if (account == null) {
      throw new IllegalStateException("worker is not attached: " + workerId);
    }
    return account;
  }

  private boolean kvOfTenantFits(PoolRequest request, WorkerDescriptor worker) {
    TenantUse use = tenants.get(request.tenant().value());
    return request.kvBytesMax() == 0
        || use == null
        || use.kvBytes + worker.kvBytes(request) <= request.kvBytesMax();
  }

  private long smallestKvBytes(PoolRequest request) {
    long least = Long.MAX_VALUE;
    for (WorkerAccount account : workers.values()) {
      if (account.serves(request)) {
        least = Math.min(least, account.descriptor.kvBytes(request));
      }
    }
    return least == Long.MAX_VALUE ? 0 : least;
  }

  private static boolean mayServe(WorkerAccount account, PoolRequest request, int attachmentsSeen) {
    return account.serves(request)
        && (account.ordinal > attachmentsSeen
            || candidate(request, account.descriptor.workerId()) != null);
  }

  private static @org.jspecify.annotations.Nullable Candidate candidate(
      PoolRequest request, String workerId) {
    for (Candidate c : request.candidates()) {
      if (c.workerId().equals(workerId)) {
        return c;
      }
    }
    return null;
  }

  private static int blocksFree(WorkerAccount account, PoolRequest request) {
    return account.kv(request.model()).free(request.tenant().value());
  }
}
