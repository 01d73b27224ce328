package dev.cofferdam.scheduler.fairness;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The order in which requests would be granted if nobody came and every estimate held.
 *
 * @param flow whose request it is
 * @param entry the request
 * @param finishTag its finish tag then
 * @param key what decides its place
 */
record OrderAhead<T>(Flow<T> flow, FairQueue.Entry<T> entry, double finishTag, long key) {

  /**
   * The first requests in that order.
   *
   * @param ready the tenants in the order of their heads
   * @param tags what decides between finish tags
   */
  static <T> List<FairQueue.Entry<T>> of(Iterator<Flow<T>> ready, Tournament tags, int max) {
    List<FairQueue.Entry<T>> order = new ArrayList<>();
    PriorityQueue<OrderAhead<T>> opened =
        new PriorityQueue<>(Comparator.comparingLong((OrderAhead<T> a) -> a.key));
    @Nullable OrderAhead<T> next = head(ready, tags);
    while (order.size() < max && (next != null || !opened.isEmpty())) {
      OrderAhead<T> best = opened.peek();
      if (next != null && (best == null || best.key > next.key)) {
        opened.add(next);
        next = head(ready, tags);
      } else if (best != null) {
        opened.poll();
        order.add(best.entry);
        best.following(tags).ifPresent(opened::add);
      }
    }
    return order;
  }

  /**
   * How many requests are before one.
   *
   * @param own whose it is
   * @param ready the tenants whose heads may be granted, by finish tag
   * @return at most {@code max}
   */
  static <T> int countBefore(
      FairQueue.Entry<T> entry, Flow<T> own, FlowTable<T> flows, Tournament ready, int max) {
    double tag = own.virtualTime;
    int count = 0;
    for (FairQueue.Entry<T> e = own.first; e != null && e != entry && count < max; e = e.after) {
      tag += own.normalised(e.cost());
      count++;
    }
    long key = ready.key(own.id, tag + own.normalised(entry.cost()));
    IntUnaryOperator others = id -> id == own.id ? 0 : countBefore(key, flows.at(id), ready, max);
    return Math.min(max, count + ready.sumBefore(key, max, others));
  }

  private static <T> int countBefore(long key, Flow<T> flow, Tournament ready, int max) {
    double tag = flow.virtualTime;
    int count = 0;
    for (FairQueue.Entry<T> e = flow.first; e != null && count < max; e = e.after) {
      tag += flow.normalised(e.cost());
      if (ready.key(flow.id, tag) > key) {
        break;
      }
      count++;
    }
    return count;
  }

  private static <T> @Nullable OrderAhead<T> head(Iterator<Flow<T>> ready, Tournament tags) {
    if (!ready.hasNext()) {
      return null;
    }
    Flow<T> flow = ready.next();
    return at(flow, flow.head(), flow.finishTag(), tags);
  }

  private static <T> OrderAhead<T> at(
      Flow<T> flow, FairQueue.Entry<T> entry, double finishTag, Tournament tags) {
    return new OrderAhead<>(flow, entry, finishTag, tags.key(flow.id, finishTag));
  }

  private Optional<OrderAhead<T>> following(Tournament tags) {
    return entry
        .following()
        .map(after -> at(flow, after, finishTag + flow.normalised(after.cost()), tags));
  }
}
