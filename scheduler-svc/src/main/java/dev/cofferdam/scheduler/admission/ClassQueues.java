package dev.cofferdam.scheduler.admission;

import dev.cofferdam.scheduler.fairness.ClassShares;
import dev.cofferdam.scheduler.fairness.FairQueue;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A pool's queues: one fair queue for each class, bounded together. Each class has virtual times of
 * its own, so that a tenant's batch work neither pays for nor delays its chats.
 *
 * <p>Not thread-safe.
 */
public final class ClassQueues {
  private final Map<WorkloadClass, FairQueue<Waiting>> queues = new EnumMap<>(WorkloadClass.class);
  private final Map<Long, Waiting> byTicket = new HashMap<>();
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
      queues.put(c, new FairQueue<>(idleTenantsMax));
    }
  }

  /** The queue of a class. */
  public FairQueue<Waiting> of(WorkloadClass c) {
    FairQueue<Waiting> queue = queues.get(c);
    if (queue == null) {
      throw new IllegalStateException("no queue for " + c);
    }
    return queue;
  }

  /** Why a request cannot wait; empty where it can. */
  public Optional<Refusal> full(PoolRequest request) {
    if (byTicket.size() >= bounds.poolMax()) {
      return Optional.of(Refusal.of(ErrorCode.QUEUE_FULL, "the pool's queue is full"));
    }
    int own = 0;
    for (FairQueue<Waiting> queue : queues.values()) {
      own += queue.size(request.tenant().value());
    }
    return own >= bounds.tenantMax()
        ? Optional.of(Refusal.of(ErrorCode.QUEUE_FULL, "the tenant's share of the queue is full"))
        : Optional.empty();
  }

  /**
   * Takes a request.
   *
   * @param cost estimated weighted tokens
   */
  public void add(Waiting waiting, double cost) {
    PoolRequest request = waiting.request();
    of(request.workloadClass())
        .add(
            request.tenant().value(),
            request.weight(),
            new FairQueue.Entry<>(waiting.ticket(), cost, waiting));
    byTicket.put(waiting.ticket(), waiting);
    byKey.put(request.key(), waiting.ticket());
  }

  /** Takes a request out; empty where it does not wait. */
  public Optional<Waiting> remove(long ticket) {
    Waiting waiting = byTicket.get(ticket);
    if (waiting == null) {
      return Optional.empty();
    }
    of(waiting.request().workloadClass()).remove(waiting.request().tenant().value(), ticket);
    forget(waiting);
    return Optional.of(waiting);
  }

  /**
   * Takes a tenant's head out and charges it.
   *
   * @return its start tag
   */
  public double grant(WorkloadClass c, FairQueue.Flow<Waiting> flow) {
    shares.granted(c, flow.head().cost(), ready());
    Waiting waiting = flow.head().item();
    double start = of(c).grant(flow);
    forget(waiting);
    return start;
  }

  /** The classes that have something to grant, in the order in which they go. */
  public List<WorkloadClass> serviceOrder() {
    return shares.order(ready());
  }

  /** The waiting request of a handle. */
  public Optional<Waiting> find(long ticket) {
    return Optional.ofNullable(byTicket.get(ticket));
  }

  /** The handle under which an attempt waits. */
  public Optional<Long> ticketOf(AttemptKey key) {
    return Optional.ofNullable(byKey.get(key));
  }

  /** A tenant may run more again. */
  public void unpark(String tenant) {
    queues.values().forEach(queue -> queue.unpark(tenant));
  }

  /** Requests that wait in the pool. */
  public int size() {
    return byTicket.size();
  }

  /** Everything that waits, oldest first. */
  public List<Waiting> waiting() {
    List<Waiting> all = new ArrayList<>(byTicket.values());
    all.sort(Comparator.comparingLong(Waiting::ticket));
    return all;
  }

  /** Requests that are ahead of a class as a whole. */
  public int aheadOf(WorkloadClass c) {
    int ahead = 0;
    for (Map.Entry<WorkloadClass, FairQueue<Waiting>> queue : queues.entrySet()) {
      if (queue.getKey().compareTo(c) < 0) {
        ahead += queue.getValue().size();
      }
    }
    return ahead;
  }

  private Set<WorkloadClass> ready() {
    EnumSet<WorkloadClass> ready = EnumSet.noneOf(WorkloadClass.class);
    queues.forEach(
        (c, queue) -> {
          if (queue.hasReady()) {
            ready.add(c);
          }
        });
    return ready;
  }

  private void forget(Waiting waiting) {
    byTicket.remove(waiting.ticket());
    byKey.remove(waiting.request().key(), waiting.ticket());
  }
}
