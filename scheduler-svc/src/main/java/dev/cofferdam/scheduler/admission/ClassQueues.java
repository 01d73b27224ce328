package dev.cofferdam.scheduler.admission;

import dev.cofferdam.scheduler.fairness.ClassShares;
import dev.cofferdam.scheduler.fairness.FairQueue;
import dev.cofferdam.scheduler.fairness.Flow;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A pool's queues: one fair queue for each class, bounded together. Each class has virtual times of
 * its own, so that a tenant's batch work neither pays for nor delays its chats.
 *
 * <p>Not thread-safe.
 */
public final class ClassQueues {
  private static final WorkloadClass[] CLASSES = WorkloadClass.values();

  private final List<FairQueue<Waiting>> queues = new ArrayList<>(CLASSES.length);
  private final Map<Long, FairQueue.Entry<Waiting>> byTicket = new HashMap<>();
  private final Map<AttemptKey, Long> byKey = new HashMap<>();
  private final ClassShares shares;
  private final QueueBounds bounds;

  /**
   * @param floors floors of the less urgent classes
   * @param idleTenantsMax bound of the idle tenants that are remembered in each class
   */
  public ClassQueues(QueueBounds bounds, Map<WorkloadClass, Double> floors, int idleTenantsMax) {
    this.bounds = bounds;
    this.shares = new ClassShares(floors);
    for (WorkloadClass c : WorkloadClass.values()) {
      queues.add(c.ordinal(), new FairQueue<>(idleTenantsMax));
    }
  }

  /** The queue of a class. */
  public FairQueue<Waiting> of(WorkloadClass c) {
    return queues.get(c.ordinal());
  }

  /**
   * Why a request cannot wait; empty where it can. One that lost its worker had its turn already,
   * and there are no more of these than there were slots.
   */
  public Optional<Refusal> full(PoolRequest request) {
    if (request.lostItsWorker()) {
      return Optional.empty();
    }
    if (byTicket.size() >= bounds.poolMax()) {
      return Optional.of(Refusal.of(ErrorCode.QUEUE_FULL, "the pool's queue is full"));
    }
    int own = 0;
    for (FairQueue<Waiting> queue : queues) {
      own += queue.size(request.tenant().value());
    }
    return own >= bounds.tenantMax()
        ? Optional.of(Refusal.of(ErrorCode.QUEUE_FULL, "the tenant's share of the queue is full"))
        : Optional.empty();
  }

  /**
   * Takes a request: one that lost its worker before its tenant's others, any other behind them.
   *
   * @param cost estimated weighted tokens
   * @return its place
   */
  public FairQueue.Entry<Waiting> add(Waiting waiting, double cost) {
    PoolRequest request = waiting.request();
    FairQueue.Entry<Waiting> entry = new FairQueue.Entry<>(waiting.ticket(), cost, waiting);
    FairQueue<Waiting> queue = of(request.workloadClass());
    Flow<Waiting> flow = queue.account(request.tenant().value(), request.weight());
    if (request.lostItsWorker()) {
      queue.addFirst(flow, entry);
    } else {
      queue.add(flow, entry);
    }
    byTicket.put(waiting.ticket(), entry);
    byKey.put(request.key(), waiting.ticket());
    return entry;
  }

  /**
   * Takes a preempted request back, before its tenant's others. Neither ticket nor attempt finds
   * it; it is no part of {@link #size}.
   *
   * @param cost estimated weighted tokens that it still needs
   * @param unserved weighted tokens that it was charged and not served
   * @return what to hand to {@link #drop}
   */
  public FairQueue.Entry<Waiting> bringBack(Waiting paused, double cost, double unserved) {
    PoolRequest request = paused.request();
    FairQueue.Entry<Waiting> entry = new FairQueue.Entry<>(paused.ticket(), cost, paused);
    FairQueue<Waiting> queue = of(request.workloadClass());
    queue.bringBack(queue.account(request.tenant().value(), request.weight()), entry, unserved);
    return entry;
  }

  /** Takes a preempted request out that is not to go on, if it waits still. */
  public void drop(FairQueue.Entry<Waiting> paused) {
    of(paused.item().request().workloadClass()).remove(paused);
  }

  /** Takes a request out; empty where it does not wait. */
  public Optional<Waiting> remove(long ticket) {
    FairQueue.Entry<Waiting> entry = byTicket.get(ticket);
    if (entry == null) {
      return Optional.empty();
    }
    of(entry.item().request().workloadClass()).remove(entry);
    forget(entry.item());
    return Optional.of(entry.item());
  }

  /**
   * Takes a tenant's head out and charges it.
   *
   * @return its start tag
   */
  public double grant(WorkloadClass c, Flow<Waiting> flow) {
    shares.granted(c, flow.head().cost(), ready());
    Waiting waiting = flow.head().item();
    double start = of(c).grant(flow);
    forget(waiting);
    return start;
  }

  /** The classes that have something to grant: {@link ClassShares#bit} of each. */
  public int ready() {
    int ready = 0;
    for (WorkloadClass c : CLASSES) {
      ready |= of(c).hasReady() ? ClassShares.bit(c) : 0;
    }
    return ready;
  }

  /** Which of some classes goes first. */
  public WorkloadClass first(int classes) {
    return shares.first(classes);
  }

  /** Whether a class more urgent than this one has something to grant. */
  public boolean moreUrgentThan(WorkloadClass c) {
    return (ready() & (ClassShares.bit(c) - 1)) != 0;
  }

  /** The waiting request of a handle. */
  public Optional<Waiting> find(long ticket) {
    return Optional.ofNullable(byTicket.get(ticket)).map(FairQueue.Entry::item);
  }

  /** The handle under which an attempt waits. */
  public Optional<Long> ticketOf(AttemptKey key) {
    return Optional.ofNullable(byKey.get(key));
  }

  /** A tenant may run more again. */
  public void unpark(String tenant) {
    queues.forEach(queue -> queue.unpark(tenant));
  }

  /** Requests that wait in the pool for their first answer. */
  public int size() {
    return byTicket.size();
  }

  /** Everything that waits for its first answer, oldest first. */
  public List<Waiting> waiting() {
    List<Waiting> all = new ArrayList<>(byTicket.size());
    byTicket.values().forEach(entry -> all.add(entry.item()));
    all.sort(Comparator.comparingLong(Waiting::ticket));
    return all;
  }

  /** Requests that are ahead of a class as a whole. */
  public int aheadOf(WorkloadClass c) {
    int ahead = 0;
    for (int more = 0; more < c.ordinal(); more++) {
      ahead += queues.get(more).size();
    }
    return ahead;
  }

  private void forget(Waiting waiting) {
    byTicket.remove(waiting.ticket());
    byKey.remove(waiting.request().key(), waiting.ticket());
  }
}
