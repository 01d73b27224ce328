package dev.cofferdam.scheduler.fairness;

import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PrimitiveIterator;
import org.jspecify.annotations.Nullable;

/**
 * Weighted fair queuing of tenants by virtual finish time.
 *
 * <p>Every tenant has a virtual time: the weighted tokens that it was charged, divided by its
 * weight. A request is charged its estimated cost when it is granted ({@link #grant}); what the
 * estimate got wrong is charged or returned as tokens are served ({@link #charge}). The next
 * request is the head of the tenant with the least finish tag, virtual time + cost / weight;
 * requests of one tenant keep their order; ties go to the request that came first.
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
 * <p>All operations are O(log n) in the number of waiting tenants. Not thread-safe.
 *
 * @param <T> what is queued
 */
public final class FairQueue<T> {
  private static final int PRUNE_MIN = 1_024;

  private final FlowTable<T> flows = new FlowTable<>();

  /** Of those that wait and are not set aside: by finish tag. */
  private final TagHeap byFinish = new TagHeap();

  /**
   * Of those that wait, and some that do no more: by a service time that they had. It never goes
   * back, so that only what comes to the top has to be looked at again.
   */
  private final TagHeap byService = new TagHeap();

  /** Of those that run something: by what runs over the weight, the most first. */
  private final TagHeap byShare = new TagHeap();

  private final int idleFlowsMax;
  private int pruneAt = PRUNE_MIN;
  private double virtualTime;
  private double latestTag;
  private int waiting;
  private int running;
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
      ran(flow, 0);
    }
    return flow;
  }

  /** Adds a request behind the tenant's others. */
  public void add(Flow<T> flow, Entry<T> entry) {
    joins(entry);
    if (flow.waiting == 0) {
      lift(flow, 0);
    }
    flow.link(entry, false);
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
    ran(flow, -1);
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
    return byFinish.isEmpty() ? Optional.empty() : Optional.of(flows.at(byFinish.idAt(0)));
  }

  /** The tenant that runs most over its weight; empty where nothing runs. */
  public Optional<Flow<T>> mostRunning() {
    return byShare.isEmpty() ? Optional.empty() : Optional.of(flows.at(byShare.idAt(0)));
  }

  /** Whether anything may be granted. */
  public boolean hasReady() {
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
    ran(flow, 1);
    place(flow);
    return start;
  }

  /** Counts a request that runs already, without a charge. */
  public void adopt(Flow<T> flow) {
    ran(flow, 1);
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
    ran(flow, -1);
    if (running == 0 && waiting == 0) {
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
    double least = Double.POSITIVE_INFINITY;
    double most = Double.NEGATIVE_INFINITY;
    for (int place = 0; place < byFinish.size(); place++) {
      double time = flows.at(byFinish.idAt(place)).virtualTime;
      least = Math.min(least, time);
      most = Math.max(most, time);
    }
    return byFinish.isEmpty() ? 0 : most - least;
  }

  /**
   * What each tenant that waits, and is not set aside, was served so far: weighted tokens over its
   * weight.
   */
  public Map<String, Double> serviceTimes() {
    Map<String, Double> times = new HashMap<>();
    for (int place = 0; place < byFinish.size(); place++) {
      Flow<T> flow = flows.at(byFinish.idAt(place));
      times.put(flow.tenant(), flow.serviceTime());
    }
    return times;
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
    return OrderAhead.of(inOrder(), max);
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
    double tag = own.virtualTime;
    int ahead = 0;
    for (Entry<T> e = own.first; e != null && e != entry && ahead < max; e = e.after) {
      tag += own.normalised(e.cost);
      ahead++;
    }
    tag += own.normalised(entry.cost);
    return Math.min(max, ahead + ahead(0, tag, own, entry, max));
  }

  /** Of other tenants, from a place of the heap on. */
  private int ahead(int place, double tag, Flow<T> own, Entry<T> entry, int max) {
    if (place >= byFinish.size() || byFinish.tagAt(place) > tag) {
      return 0;
    }
    Flow<T> flow = flows.at(byFinish.idAt(place));
    int count = 0;
    double finish = flow.virtualTime;
    for (Entry<T> e = flow == own ? null : flow.first; e != null && count < max; e = e.after) {
      finish += flow.normalised(e.cost);
      if (finish > tag || (finish == tag && e.ticket > entry.ticket)) {
        break;
      }
      count++;
    }
    for (int child = 1; child <= TagHeap.ARITY && count < max; child++) {
      count += ahead(TagHeap.ARITY * place + child, tag, own, entry, max - count);
    }
    return count;
  }

  /** The tenants in the order of their finish tags. */
  private Iterator<Flow<T>> inOrder() {
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
      Flow<T> least = flows.at(byService.idAt(0));
      if (!least.isReady()) {
        byService.remove(least.id);
      } else if (byService.tagAt(0) < least.serviceTime()) {
        byService.put(least.id, least.serviceTime(), least.id);
      } else {
        virtualTime = Math.max(virtualTime, least.serviceTime());
        return;
      }
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
    Entry<T> head = flow.first;
    if (head == null || flow.parked) {
      byFinish.remove(flow.id);
    } else {
      byFinish.put(flow.id, flow.virtualTime + flow.normalised(head.cost), head.ticket);
      if (!byService.has(flow.id)) {
        byService.put(flow.id, flow.serviceTime(), flow.id);
      }
    }
  }

  /** Counts what runs. */
  private void ran(Flow<T> flow, int more) {
    flow.running += more;
    running += more;
    if (flow.running == 0) {
      flow.ahead = 0;
      byShare.remove(flow.id);
    } else {
      byShare.put(flow.id, -flow.shareWith(0), flow.id);
    }
  }

  /** Forgets idle tenants that a return would lift anyway; beyond the bound, all idle ones. */
  private void prune() {
    if (flows.size() < pruneAt) {
      return;
    }
    advance();
    flows.removeIf(f -> idle(f) && f.virtualTime <= virtualTime, byService::remove);
    if (flows.count(FairQueue::idle) > idleFlowsMax) {
      flows.removeIf(FairQueue::idle, byService::remove);
    }
    pruneAt = Math.max(PRUNE_MIN, 2 * flows.size());
  }

  private static <T> boolean idle(Flow<T> flow) {
    return flow.waiting == 0 && flow.running == 0;
  }
}
