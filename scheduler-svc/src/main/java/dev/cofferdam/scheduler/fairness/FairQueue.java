package dev.cofferdam.scheduler.fairness;

import java.util.DoubleSummaryStatistics;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PrimitiveIterator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Weighted fair queuing of tenants by virtual finish time.
 *
 * <p>Every tenant has a virtual time: the weighted tokens that it was charged, divided by its
 * weight. A request is charged its estimated cost when it is granted ({@link #grant}); what the
 * estimate got wrong is charged or returned as tokens are served ({@link #charge}). The next
 * request is the head of the tenant with the least finish tag, virtual time + cost / weight;
 * requests of one tenant keep their order. Tags that are equal, but for a rounding that is far
 * below a token ({@link Tournament}), go in the order of the accounts, which is a matter of chance:
 * who goes first is charged for it.
 *
 * <p>The system's virtual time is the least service time of the tenants that wait, and never goes
 * back. A tenant's service time is its virtual time less what it is charged ahead: estimates of
 * requests that run, as far as they are not served. A tenant that starts to wait is lifted to it:
 * having been idle is no credit, and a tenant that was served alone is not behind those who come
 * later. Nor does a newcomer pay for what others are charged ahead: it gets as much ahead first.
 * Idle tenants take no part in the minimum.
 *
 * <p>Sources: P. Goyal, H. Vin, H. Cheng, "Start-time Fair Queueing", SIGCOMM 1996 (tags, system
 * virtual time, end of a busy period); Y. Sheng et al., "Fairness in Serving Large Language
 * Models", OSDI 2024 (virtual token counters charged per served token, lift on return).
 *
 * <p>All operations are O(log n) in the number of tenants, amortised: what only makes a tenant go
 * later is looked at again once it would be the first, and once in a million weighted tokens over
 * weight all tags are counted from a new epoch. Not thread-safe.
 *
 * @param <T> what is queued
 */
public final class FairQueue<T> {
  private static final int PRUNE_MIN = 1_024;

  private final FlowTable<T> flows = new FlowTable<>();

  /** Of those that wait and are not set aside, and of who is emptied: by finish tag. */
  private final Tournament byFinish = new Tournament();

  /**
   * Who was granted its last request. It keeps its place until somebody looks, as mostly its next
   * one has come by then.
   */
  private @Nullable Flow<T> emptied;

  /**
   * Of those that wait, and some that do no more: by a service time that they had. It never goes
   * back, so that only what comes to the top has to be looked at again.
   */
  private final Tournament byService = new Tournament();

  private final RunningShares<T> shares = new RunningShares<>(flows);
  private final int idleFlowsMax;
  private int pruneAt = PRUNE_MIN;
  private double virtualTime;
  private double latestTag;
  private int waiting;
  private int parked;

  /**
   * @param idleFlowsMax bound of the tenants that are remembered beyond those that wait or run
   */
  public FairQueue(int idleFlowsMax) {
    this.idleFlowsMax = idleFlowsMax;
  }

  /** A request that waits, in one queue at a time. */
  public static final class Entry<T> {
    private final long ticket;
    private final double cost;
    private final T item;
    @Nullable Flow<T> flow;
    @Nullable Entry<T> before;
    @Nullable Entry<T> after;

    /**
     * @param ticket unique, rising with arrival
     * @param cost estimated weighted tokens, above 0
     * @param item the request
     */
    public Entry(long ticket, double cost, T item) {
      this.ticket = ticket;
      this.cost = cost;
      this.item = item;
    }

    /** Unique, rising with arrival. */
    public long ticket() {
      return ticket;
    }

    /** Estimated weighted tokens. */
    public double cost() {
      return cost;
    }

    /** The request. */
    public T item() {
      return item;
    }

    Optional<Entry<T>> following() {
      return Optional.ofNullable(after);
    }
  }

  /**
   * A tenant's account; its weight counts from now on. It is remembered until the next call of
   * {@link #add}, and for as long as something of the tenant's waits or runs.
   */
  public Flow<T> account(String tenant, double weight) {
    if (!(weight > 0 && weight < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("weight must be above 0");
    }
    Flow<T> flow = flows.of(tenant, weight);
    if (flow.weight() != weight) {
      flow.weigh(weight);
      shares.ran(flow, 0);
      place(flow);
    }
    return flow;
  }

  /** Adds a request behind the tenant's others. */
  public void add(Flow<T> flow, Entry<T> entry) {
    add(flow, entry, false);
  }

  /** Adds a request before the tenant's others. */
  public void addFirst(Flow<T> flow, Entry<T> entry) {
    add(flow, entry, true);
  }

  private void add(Flow<T> flow, Entry<T> entry, boolean first) {
    joins(entry);
    if (flow.waiting == 0) {
      lift(flow, 0);
    }
    flow.link(entry, first);
    waiting++;
    place(flow);
    prune();
  }

  /**
   * Brings a request back that ran and is to go on later: before the tenant's others, and counted
   * as running no more. What it was charged and not served is returned; it keeps that much of an
   * advantage and no more, however far behind the others its tenant is.
   *
   * @param unserved weighted tokens that it was charged beyond what it was served
   */
  public void bringBack(Flow<T> flow, Entry<T> entry, double unserved) {
    joins(entry);
    boolean joins = flow.waiting == 0;
    // Its service time is what it was: nothing is lifted beyond that.
    flow.virtualTime -= flow.normalised(unserved);
    moveAhead(flow, -unserved);
    if (joins) {
      lift(flow, flow.normalised(unserved));
    }
    flow.link(entry, true);
    waiting++;
    shares.ran(flow, -1);
    place(flow);
  }

  private static void joins(Entry<?> entry) {
    if (!(entry.cost > 0)) {
      throw new IllegalArgumentException("cost must be above 0");
    }
    if (entry.flow != null) {
      throw new IllegalStateException("it waits already");
    }
  }

  /** Takes a request out without charging it; false where it does not wait. */
  public boolean remove(Entry<T> entry) {
    Flow<T> flow = entry.flow;
    if (flow == null) {
      return false;
    }
    flow.unlink(entry);
    waiting--;
    if (flow.waiting == 0) {
      setAside(flow, false);
    }
    place(flow);
    return true;
  }

  /** The tenants whose heads may be granted, best first. Not to be changed while it is iterated. */
  public Iterable<Flow<T>> ready() {
    return this::inOrder;
  }

  /** The tenant whose head is next; empty where nothing may be granted. */
  public Optional<Flow<T>> next() {
    settle();
    return byFinish.isEmpty() ? Optional.empty() : Optional.of(flows.at(byFinish.least()));
  }

  /** The tenant that runs most over its weight; empty where nothing runs. */
  public Optional<Flow<T>> mostRunning() {
    return shares.most();
  }

  /** Whether anything may be granted. */
  public boolean hasReady() {
    settle();
    return !byFinish.isEmpty();
  }

  /**
   * Takes a tenant's head and charges its cost.
   *
   * @return the request's start tag
   */
  public double grant(Flow<T> flow) {
    advance();
    Entry<T> head = flow.head();
    flow.unlink(head);
    waiting--;
    final double start = flow.virtualTime;
    final double cost = flow.normalised(head.cost);
    flow.virtualTime += cost;
    flow.ahead += cost;
    latestTag = Math.max(latestTag, flow.virtualTime);
    shares.ran(flow, 1);
    settle();
    if (flow.isReady()) {
      place(flow);
    } else {
      emptied = flow;
    }
    return start;
  }

  /** Counts a request that runs already, without a charge. */
  public void adopt(Flow<T> flow) {
    shares.ran(flow, 1);
  }

  /** Charges served tokens beyond what was charged. */
  public void charge(Flow<T> flow, double weightedTokens) {
    if (weightedTokens != 0) {
      flow.virtualTime += flow.normalised(weightedTokens);
      latestTag = Math.max(latestTag, flow.virtualTime);
      place(flow);
    }
  }

  /** Some of what a tenant was charged ahead is served now. */
  public void served(Flow<T> flow, double weightedTokens) {
    if (weightedTokens > 0) {
      moveAhead(flow, -weightedTokens);
    }
  }

  /** Some of what a tenant was charged ahead is returned: it will not be served. */
  public void giveBack(Flow<T> flow, double weightedTokens) {
    if (weightedTokens != 0) {
      flow.virtualTime -= flow.normalised(weightedTokens);
      moveAhead(flow, -weightedTokens);
      place(flow);
    }
  }

  private void moveAhead(Flow<T> flow, double weightedTokens) {
    flow.ahead = Math.max(0, flow.ahead + flow.normalised(weightedTokens));
  }

  /** A request of the tenant runs no more. */
  public void release(Flow<T> flow) {
    if (flow.running == 0) {
      return;
    }
    shares.ran(flow, -1);
    if (shares.running() == 0 && waiting == 0) {
      // The end of a busy period: whoever comes next starts level.
      virtualTime = Math.max(virtualTime, latestTag);
    }
  }

  /** Sets a tenant aside that may not run more at the moment. It is not waiting for the others. */
  public void park(Flow<T> flow) {
    setAside(flow, true);
    place(flow);
  }

  /** Brings a tenant back that was set aside. */
  public void unpark(String tenant) {
    Flow<T> flow = parked == 0 ? null : flows.get(tenant);
    if (flow == null || !flow.parked) {
      return;
    }
    setAside(flow, false);
    lift(flow, 0);
    place(flow);
  }

  /** A tenant's account, if it is remembered. */
  public Optional<Flow<T>> find(String tenant) {
    return Optional.ofNullable(flows.get(tenant));
  }

  /** The system's virtual time. */
  public double virtualTime() {
    advance();
    return virtualTime;
  }

  /** A tenant's virtual time; empty for one that is not remembered. */
  public Optional<Double> virtualTime(String tenant) {
    return Optional.ofNullable(flows.get(tenant)).map(Flow::virtualTime);
  }

  /** Distance between the most and the least served tenant that wait; looks at all of them. */
  public double gap() {
    DoubleSummaryStatistics times = inNoOrder().mapToDouble(Flow::virtualTime).summaryStatistics();
    return times.getCount() == 0 ? 0 : times.getMax() - times.getMin();
  }

  /**
   * What each tenant that waits, and is not set aside, was served so far: weighted tokens over its
   * weight.
   */
  public Map<String, Double> serviceTimes() {
    return inNoOrder().collect(Collectors.toMap(Flow::tenant, Flow::serviceTime));
  }

  /** Requests that wait. */
  public int size() {
    return waiting;
  }

  /** Requests of a tenant that wait. */
  public int size(String tenant) {
    Flow<T> flow = flows.get(tenant);
    return flow == null ? 0 : flow.waiting;
  }

  /** Tenants that are remembered. */
  public int flows() {
    return flows.size();
  }

  /**
   * The order in which requests would be granted if nobody came and every estimate held; at most
   * {@code max} of them.
   */
  public List<Entry<T>> order(int max) {
    return OrderAhead.of(inOrder(), byFinish, max);
  }

  /**
   * How many requests are before one in the order to come, if nobody came and every estimate held.
   *
   * @return at most {@code max}, also where its tenant is set aside
   */
  public int ahead(Entry<T> entry, int max) {
    Flow<T> own = entry.flow;
    if (own == null || own.parked) {
      return max;
    }
    settle();
    return OrderAhead.countBefore(entry, own, flows, byFinish, max);
  }

  /** The tenants whose heads may be granted. */
  private Stream<Flow<T>> inNoOrder() {
    settle();
    return byFinish.ids().mapToObj(flows::at);
  }

  /** The tenants in the order of their finish tags. */
  private Iterator<Flow<T>> inOrder() {
    settle();
    PrimitiveIterator.OfInt ids = byFinish.inOrder();
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return ids.hasNext();
      }

      @Override
      public Flow<T> next() {
        return flows.at(ids.nextInt());
      }
    };
  }

  /**
   * @param advantage how far behind the system's virtual time it may be
   */
  private void lift(Flow<T> flow, double advantage) {
    advance();
    flow.virtualTime = Math.max(flow.virtualTime, virtualTime + flow.ahead - advantage);
  }

  private void advance() {
    while (!byService.isEmpty()) {
      Flow<T> least = flows.at(byService.least());
      double time = least.serviceTime();
      if (byService.key(least.id) < byService.key(least.id, time)) {
        byService.put(least.id, time);
      } else if (!least.isReady()) {
        byService.remove(least.id);
      } else {
        virtualTime = Math.max(virtualTime, time);
        break;
      }
    }
    if (virtualTime - byFinish.epoch() > Tournament.WINDOW) {
      byService.startFrom(virtualTime, id -> flows.at(id).serviceTime());
      byFinish.startFrom(virtualTime, id -> flows.at(id).finishTag());
    }
  }

  private void setAside(Flow<T> flow, boolean aside) {
    if (flow.parked != aside) {
      flow.parked = aside;
      parked += aside ? 1 : -1;
    }
  }

  /** Puts a tenant where its tags, and whether it waits, want it. */
  private void place(Flow<T> flow) {
    if (!flow.isReady()) {
      byFinish.remove(flow.id);
      return;
    }
    byFinish.put(flow.id, flow.finishTag());
    if (!byService.has(flow.id)) {
      byService.put(flow.id, flow.serviceTime());
    }
  }

  /** Takes the place of who was granted its last request, if it has no other by now. */
  private void settle() {
    Flow<T> flow = emptied;
    if (flow != null) {
      emptied = null;
      if (!flow.isReady()) {
        byFinish.remove(flow.id);
      }
    }
  }

  /** Forgets idle tenants that a return would lift anyway; beyond the bound, all idle ones. */
  private void prune() {
    if (flows.size() < pruneAt) {
      return;
    }
    settle();
    advance();
    flows.removeIf(f -> idle(f) && f.virtualTime <= virtualTime, this::forget);
    if (flows.count(FairQueue::idle) > idleFlowsMax) {
      flows.removeIf(FairQueue::idle, this::forget);
    }
    pruneAt = Math.max(PRUNE_MIN, 2 * flows.size());
  }

  private void forget(int id) {
    byService.remove(id);
    shares.forget(id);
  }

  private static <T> boolean idle(Flow<T> flow) {
    return flow.waiting == 0 && flow.running == 0;
  }
}
