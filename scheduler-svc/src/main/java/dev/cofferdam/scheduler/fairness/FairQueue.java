package dev.cofferdam.scheduler.fairness;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.TreeSet;
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
  private final NavigableSet<Flow<T>> byFinish =
      new TreeSet<>(
          Comparator.comparingDouble((Flow<T> f) -> f.finishTag)
              .thenComparingLong(f -> f.headTicket));
  private final NavigableSet<Flow<T>> byStart =
      new TreeSet<>(
          Comparator.comparingDouble((Flow<T> f) -> f.virtualTime)
              .thenComparingLong(f -> f.headTicket));
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

  /**
   * A request that waits.
   *
   * @param ticket unique, rising with arrival
   * @param cost estimated weighted tokens, above 0
   * @param item the request
   */
  public record Entry<T>(long ticket, double cost, T item) {}

  /** A tenant's account and its waiting requests, oldest first. */
  public static final class Flow<T> {
    private final String tenant;
    private final LinkedHashMap<Long, Entry<T>> waiting = new LinkedHashMap<>();
    private double weight;
    private double virtualTime;
    private double finishTag;
    private long headTicket;
    private int running;
    private boolean parked;

    private Flow(String tenant, double weight) {
      this.tenant = tenant;
      this.weight = weight;
    }

    /** The tenant. */
    public String tenant() {
      return tenant;
    }

    /** The request that is next. */
    public Entry<T> head() {
      return waiting.firstEntry().getValue();
    }

    /** Virtual time, in weighted tokens over weight. */
    public double virtualTime() {
      return virtualTime;
    }
  }

  /** Adds a request behind the tenant's others; the weight counts from now on. */
  public void add(String tenant, double weight, Entry<T> entry) {
    if (!(weight > 0 && weight < Double.POSITIVE_INFINITY && entry.cost > 0)) {
      throw new IllegalArgumentException("weight and cost must be above 0");
    }
    Flow<T> flow = flows.computeIfAbsent(tenant, name -> new Flow<>(name, weight));
    boolean joins = flow.waiting.isEmpty();
    unlink(flow);
    flow.weight = weight;
    flow.waiting.put(entry.ticket, entry);
    waiting++;
    if (joins) {
      lift(flow);
    }
    link(flow);
    prune();
  }

  /** Takes a request out without charging it. */
  public Optional<Entry<T>> remove(String tenant, long ticket) {
    Flow<T> flow = flows.get(tenant);
    if (flow == null || !flow.waiting.containsKey(ticket)) {
      return Optional.empty();
    }
    unlink(flow);
    Entry<T> entry = flow.waiting.remove(ticket);
    waiting--;
    if (flow.waiting.isEmpty()) {
      flow.parked = false;
    }
    link(flow);
    return Optional.ofNullable(entry);
  }

  /** The tenants whose heads may be granted, best first. Not to be changed while it is iterated. */
  public Iterable<Flow<T>> ready() {
    return Collections.unmodifiableSet(byFinish);
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
    unlink(flow);
    final double cost = flow.waiting.pollFirstEntry().getValue().cost;
    waiting--;
    final double start = flow.virtualTime;
    flow.virtualTime += cost / flow.weight;
    latestTag = Math.max(latestTag, flow.virtualTime);
    flow.running++;
    running++;
    link(flow);
    return start;
  }

  /** Counts a request that runs already, without a charge. */
  public void adopt(String tenant, double weight) {
    Flow<T> flow = flows.computeIfAbsent(tenant, name -> new Flow<>(name, weight));
    flow.running++;
    running++;
  }

  /**
   * Charges served tokens beyond what was charged; a negative amount returns what was not served.
   */
  public void charge(String tenant, double weightedTokens) {
    Flow<T> flow = flows.get(tenant);
    if (flow == null || weightedTokens == 0) {
      return;
    }
    unlink(flow);
    flow.virtualTime += weightedTokens / flow.weight;
    latestTag = Math.max(latestTag, flow.virtualTime);
    link(flow);
  }

  /** A request of the tenant runs no more. */
  public void release(String tenant) {
    Flow<T> flow = flows.get(tenant);
    if (flow == null || flow.running == 0) {
      return;
    }
    flow.running--;
    running--;
    if (running == 0 && waiting == 0) {
      // The end of a busy period: whoever comes next starts level.
      virtualTime = Math.max(virtualTime, latestTag);
    }
  }

  /** Sets a tenant aside that may not run more at the moment. It is not waiting for the others. */
  public void park(Flow<T> flow) {
    unlink(flow);
    flow.parked = true;
  }

  /** Brings a tenant back that was set aside. */
  public void unpark(String tenant) {
    Flow<T> flow = flows.get(tenant);
    if (flow == null || !flow.parked) {
      return;
    }
    flow.parked = false;
    lift(flow);
    link(flow);
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

  /** Distance between the most and the least served tenant that wait. */
  public double gap() {
    return byStart.isEmpty() ? 0 : byStart.last().virtualTime - byStart.first().virtualTime;
  }

  /** Requests that wait. */
  public int size() {
    return waiting;
  }

  /** Requests of a tenant that wait. */
  public int size(String tenant) {
    Flow<T> flow = flows.get(tenant);
    return flow == null ? 0 : flow.waiting.size();
  }

  /** Tenants that are remembered. */
  public int flows() {
    return flows.size();
  }

  /** Everything that waits, in no particular order. */
  public List<Entry<T>> entries() {
    List<Entry<T>> all = new ArrayList<>(waiting);
    for (Flow<T> flow : flows.values()) {
      all.addAll(flow.waiting.values());
    }
    return all;
  }

  /**
   * The order in which requests would be granted if nobody came and every estimate held; at most
   * {@code max} of them.
   */
  public List<Entry<T>> order(int max) {
    List<Entry<T>> order = new ArrayList<>(Math.min(max, waiting));
    PriorityQueue<Ahead<T>> opened =
        new PriorityQueue<>(
            Comparator.comparingDouble((Ahead<T> a) -> a.finishTag)
                .thenComparingLong(a -> a.entry.ticket));
    Iterator<Flow<T>> unopened = byFinish.iterator();
    @Nullable Flow<T> next = unopened.hasNext() ? unopened.next() : null;
    while (order.size() < max && (next != null || !opened.isEmpty())) {
      Ahead<T> best = opened.peek();
      if (next != null && (best == null || best.isAfter(next))) {
        opened.add(Ahead.first(next));
        next = unopened.hasNext() ? unopened.next() : null;
      } else if (best != null) {
        opened.poll();
        order.add(best.entry);
        best.following().ifPresent(opened::add);
      }
    }
    return order;
  }

  /** A request in the order to come. */
  private record Ahead<T>(Flow<T> flow, Iterator<Entry<T>> rest, Entry<T> entry, double finishTag) {
    static <T> Ahead<T> first(Flow<T> flow) {
      Iterator<Entry<T>> all = flow.waiting.values().iterator();
      return new Ahead<>(flow, all, all.next(), flow.finishTag);
    }

    boolean isAfter(Flow<T> other) {
      return finishTag > other.finishTag
          || (finishTag == other.finishTag && entry.ticket > other.headTicket);
    }

    Optional<Ahead<T>> following() {
      if (!rest.hasNext()) {
        return Optional.empty();
      }
      Entry<T> after = rest.next();
      return Optional.of(new Ahead<>(flow, rest, after, finishTag + after.cost / flow.weight));
    }
  }

  private void lift(Flow<T> flow) {
    advance();
    flow.virtualTime = Math.max(flow.virtualTime, virtualTime);
  }

  private void advance() {
    if (!byStart.isEmpty()) {
      virtualTime = Math.max(virtualTime, byStart.first().virtualTime);
    }
  }

  private void link(Flow<T> flow) {
    if (flow.waiting.isEmpty() || flow.parked) {
      return;
    }
    Entry<T> head = flow.head();
    flow.headTicket = head.ticket;
    flow.finishTag = flow.virtualTime + head.cost / flow.weight;
    byFinish.add(flow);
    byStart.add(flow);
  }

  private void unlink(Flow<T> flow) {
    if (flow.waiting.isEmpty() || flow.parked) {
      return;
    }
    byFinish.remove(flow);
    byStart.remove(flow);
  }

  /** Forgets idle tenants that a return would lift anyway; beyond the bound, all idle ones. */
  private void prune() {
    if (flows.size() < pruneAt) {
      return;
    }
    advance();
    flows.values().removeIf(f -> idle(f) && f.virtualTime <= virtualTime);
    if (flows.values().stream().filter(FairQueue::idle).count() > idleFlowsMax) {
      flows.values().removeIf(FairQueue::idle);
    }
    pruneAt = Math.max(PRUNE_MIN, 2 * flows.size());
  }

  private static <T> boolean idle(Flow<T> flow) {
    return flow.waiting.isEmpty() && flow.running == 0;
  }
}
