package dev.cofferdam.scheduler.fairness;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.function.Predicate;
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
 * <p>The system's virtual time is the least virtual time of the tenants that wait, and never goes
 * back. A tenant that starts to wait is lifted to it: having been idle is no credit, and a tenant
 * that was served alone is not behind those who come later. Idle tenants take no part in the
 * minimum.
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

  private final Map<String, Flow<T>> flows = new HashMap<>();
  private final List<@Nullable Flow<T>> byId = new ArrayList<>();
  private final ArrayDeque<Integer> freeIds = new ArrayDeque<>();

  /** Of those that wait and are not set aside: by finish tag, and by virtual time. */
  private final TagHeap byFinish = new TagHeap();

  private final TagHeap byVirtualTime = new TagHeap();

  /** Of those that run something: by what runs over the weight, the most first. */
  private final TagHeap byShare = new TagHeap();

  private final int idleFlowsMax;
  private int pruneAt = PRUNE_MIN;
  private double virtualTime;
  private double latestTag;
  private int waiting;
  private int running;

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
    private @Nullable Flow<T> flow;
    private @Nullable Entry<T> before;
    private @Nullable Entry<T> after;

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

  /** A tenant's account and its waiting requests, in their order. */
  public static final class Flow<T> {
    private final String tenant;
    private final int id;
    private @Nullable Entry<T> first;
    private @Nullable Entry<T> last;
    private int waiting;
    private double weight;
    private double virtualTime;
    private int running;
    private boolean parked;

    private Flow(String tenant, int id, double weight) {
      this.tenant = tenant;
      this.id = id;
      this.weight = weight;
    }

    /** The tenant. */
    public String tenant() {
      return tenant;
    }

    /**
     * The request that is next.
     *
     * @throws IllegalStateException where nothing waits
     */
    public Entry<T> head() {
      Entry<T> head = first;
      if (head == null) {
        throw new IllegalStateException("nothing waits");
      }
      return head;
    }

    /** Virtual time, in weighted tokens over weight. */
    public double virtualTime() {
      return virtualTime;
    }

    /** What the tenant would run over its weight with so many requests more than now. */
    public double shareWith(int more) {
      return (running + more) / weight;
    }

    double finishTag() {
      return virtualTime + normalised(head().cost);
    }

    double normalised(double cost) {
      return cost / weight;
    }

    private void link(Entry<T> entry, boolean inFront) {
      Entry<T> oldFirst = first;
      Entry<T> oldLast = last;
      if (oldFirst == null || oldLast == null) {
        first = entry;
        last = entry;
      } else if (inFront) {
        entry.after = oldFirst;
        oldFirst.before = entry;
        first = entry;
      } else {
        entry.before = oldLast;
        oldLast.after = entry;
        last = entry;
      }
      entry.flow = this;
      waiting++;
    }

    private void unlink(Entry<T> entry) {
      Entry<T> before = entry.before;
      Entry<T> after = entry.after;
      if (before == null) {
        first = after;
      } else {
        before.after = after;
      }
      if (after == null) {
        last = before;
      } else {
        after.before = before;
      }
      entry.before = null;
      entry.after = null;
      entry.flow = null;
      waiting--;
    }
  }

  /** Adds a request behind the tenant's others; the weight counts from now on. */
  public void add(String tenant, double weight, Entry<T> entry) {
    Flow<T> flow = joining(tenant, weight, entry);
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
  public void bringBack(String tenant, double weight, Entry<T> entry, double unserved) {
    Flow<T> flow = joining(tenant, weight, entry);
    boolean joins = flow.waiting == 0;
    flow.virtualTime -= unserved / flow.weight;
    if (joins) {
      lift(flow, unserved / flow.weight);
    }
    flow.link(entry, true);
    waiting++;
    ran(flow, -1);
    place(flow);
  }

  private Flow<T> joining(String tenant, double weight, Entry<T> entry) {
    if (!(weight > 0 && weight < Double.POSITIVE_INFINITY && entry.cost > 0)) {
      throw new IllegalArgumentException("weight and cost must be above 0");
    }
    if (entry.flow != null) {
      throw new IllegalStateException("it waits already");
    }
    Flow<T> flow = flow(tenant, weight);
    if (flow.weight != weight) {
      flow.weight = weight;
      ran(flow, 0);
    }
    return flow;
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
      flow.parked = false;
    }
    place(flow);
    return true;
  }

  /** The tenants whose heads may be granted, best first. Not to be changed while it is iterated. */
  public Iterable<Flow<T>> ready() {
    return Walk::new;
  }

  /** The tenant whose head is next; empty where nothing may be granted. */
  public Optional<Flow<T>> next() {
    return byFinish.isEmpty() ? Optional.empty() : Optional.of(at(byFinish.idAt(0)));
  }

  /** The tenant that runs most over its weight; empty where nothing runs. */
  public Optional<Flow<T>> mostRunning() {
    return byShare.isEmpty() ? Optional.empty() : Optional.of(at(byShare.idAt(0)));
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
    flow.virtualTime += head.cost / flow.weight;
    latestTag = Math.max(latestTag, flow.virtualTime);
    ran(flow, 1);
    place(flow);
    return start;
  }

  /** Counts a request that runs already, without a charge. */
  public void adopt(String tenant, double weight) {
    ran(flow(tenant, weight), 1);
  }

  /**
   * Charges served tokens beyond what was charged; a negative amount returns what was not served.
   */
  public void charge(String tenant, double weightedTokens) {
    Flow<T> flow = flows.get(tenant);
    if (flow == null || weightedTokens == 0) {
      return;
    }
    flow.virtualTime += weightedTokens / flow.weight;
    latestTag = Math.max(latestTag, flow.virtualTime);
    place(flow);
  }

  /** A request of the tenant runs no more. */
  public void release(String tenant) {
    Flow<T> flow = flows.get(tenant);
    if (flow == null || flow.running == 0) {
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
    flow.parked = true;
    place(flow);
  }

  /** Brings a tenant back that was set aside. */
  public void unpark(String tenant) {
    Flow<T> flow = flows.get(tenant);
    if (flow == null || !flow.parked) {
      return;
    }
    flow.parked = false;
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
    if (byVirtualTime.isEmpty()) {
      return 0;
    }
    double most = byVirtualTime.tagAt(0);
    for (int place = 1; place < byVirtualTime.size(); place++) {
      most = Math.max(most, byVirtualTime.tagAt(place));
    }
    return most - byVirtualTime.tagAt(0);
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
    return OrderAhead.of(new Walk(), max);
  }

  /** The tenants in the order of their finish tags: a heap's places, opened as they are reached. */
  private final class Walk implements Iterator<Flow<T>> {
    private int next = byFinish.isEmpty() ? -1 : 0;
    private @Nullable PriorityQueue<Integer> open;

    @Override
    public boolean hasNext() {
      return next >= 0;
    }

    @Override
    public Flow<T> next() {
      if (next < 0) {
        throw new NoSuchElementException();
      }
      Flow<T> flow = at(byFinish.idAt(next));
      openChildren(next);
      return flow;
    }

    private void openChildren(int place) {
      PriorityQueue<Integer> places = open;
      if (places == null) {
        places =
            new PriorityQueue<>(
                Comparator.comparingDouble((Integer p) -> byFinish.tagAt(p))
                    .thenComparingLong(p -> byFinish.tieAt(p)));
        open = places;
      }
      for (int child = 4 * place + 1; child <= 4 * place + 4 && child < byFinish.size(); child++) {
        places.add(child);
      }
      Integer least = places.poll();
      next = least == null ? -1 : least;
    }
  }

  private Flow<T> at(int id) {
    Flow<T> flow = byId.get(id);
    if (flow == null) {
      throw new IllegalStateException("no tenant has id " + id);
    }
    return flow;
  }

  private Flow<T> flow(String tenant, double weight) {
    Flow<T> known = flows.get(tenant);
    if (known != null) {
      return known;
    }
    Integer free = freeIds.poll();
    Flow<T> flow = new Flow<>(tenant, free == null ? byId.size() : free, weight);
    if (free == null) {
      byId.add(flow);
    } else {
      byId.set(free, flow);
    }
    flows.put(tenant, flow);
    return flow;
  }

  /**
   * @param advantage how far behind the system's virtual time it may be
   */
  private void lift(Flow<T> flow, double advantage) {
    advance();
    flow.virtualTime = Math.max(flow.virtualTime, virtualTime - advantage);
  }

  private void advance() {
    if (!byVirtualTime.isEmpty()) {
      virtualTime = Math.max(virtualTime, byVirtualTime.tagAt(0));
    }
  }

  /** Puts a tenant where its tags, and whether it waits, want it. */
  private void place(Flow<T> flow) {
    Entry<T> head = flow.first;
    if (head == null || flow.parked) {
      byFinish.remove(flow.id);
      byVirtualTime.remove(flow.id);
    } else {
      byFinish.put(flow.id, flow.virtualTime + head.cost / flow.weight, head.ticket);
      byVirtualTime.put(flow.id, flow.virtualTime, flow.id);
    }
  }

  /** Counts what runs. */
  private void ran(Flow<T> flow, int more) {
    flow.running += more;
    running += more;
    if (flow.running == 0) {
      byShare.remove(flow.id);
    } else {
      byShare.put(flow.id, -flow.running / flow.weight, flow.id);
    }
  }

  /** Forgets idle tenants that a return would lift anyway; beyond the bound, all idle ones. */
  private void prune() {
    if (flows.size() < pruneAt) {
      return;
    }
    advance();
    forget(f -> idle(f) && f.virtualTime <= virtualTime);
    if (flows.values().stream().filter(FairQueue::idle).count() > idleFlowsMax) {
      forget(FairQueue::idle);
    }
    pruneAt = Math.max(PRUNE_MIN, 2 * flows.size());
  }

  private void forget(Predicate<Flow<T>> condition) {
    flows
        .values()
        .removeIf(
            flow -> {
              boolean goes = condition.test(flow);
              if (goes) {
                byId.set(flow.id, null);
                freeIds.add(flow.id);
              }
              return goes;
            });
  }

  private static <T> boolean idle(Flow<T> flow) {
    return flow.waiting == 0 && flow.running == 0;
  }
}
