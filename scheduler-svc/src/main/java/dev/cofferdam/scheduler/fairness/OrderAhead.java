package dev.cofferdam.scheduler.fairness;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * The order in which requests would be granted if nobody came and every estimate held.
 *
 * @param flow whose request it is
 * @param entry the request
 * @param finishTag its finish tag then
 */
record OrderAhead<T>(Flow<T> flow, FairQueue.Entry<T> entry, double finishTag) {

  /**
   * The first requests in that order.
   *
   * @param ready the tenants in the order of their heads
   */
  static <T> List<FairQueue.Entry<T>> of(Iterator<Flow<T>> ready, int max) {
    List<FairQueue.Entry<T>> order = new ArrayList<>();
    PriorityQueue<OrderAhead<T>> opened =
        new PriorityQueue<>(
            Comparator.comparingDouble((OrderAhead<T> a) -> a.finishTag)
                .thenComparingLong(a -> a.entry.ticket()));
    @Nullable Flow<T> next = ready.hasNext() ? ready.next() : null;
    while (order.size() < max && (next != null || !opened.isEmpty())) {
      OrderAhead<T> best = opened.peek();
      if (next != null && (best == null || best.isAfter(next))) {
        opened.add(new OrderAhead<>(next, next.head(), next.finishTag()));
        next = ready.hasNext() ? ready.next() : null;
      } else if (best != null) {
        opened.poll();
        order.add(best.entry);
        best.following().ifPresent(opened::add);
      }
    }
    return order;
  }

  private boolean isAfter(Flow<T> other) {
    double otherTag = other.finishTag();
    return finishTag > otherTag
        || (finishTag == otherTag && entry.ticket() > other.head().ticket());
  }

  private Optional<OrderAhead<T>> following() {
    return entry
        .following()
        .map(after -> new OrderAhead<>(flow, after, finishTag + flow.normalised(after.cost())));
  }
}
