package dev.cofferdam.scheduler.shard;

import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.Map;

/**
 * A pool at one moment.
 *
 * @param waiting requests that wait, preempted ones among them, by class
 * @param virtualTimeGap distance between the most and least served tenant that wait, by class, in
 *     weighted tokens over weight
 * @param running leases held
 * @param preempted requests that are preempted at the moment
 * @param slots batch slots of all workers
 * @param workers attached workers
 * @param lost attempts whose worker is lost and whose usage is not stated yet
 */
public record PoolStats(
    Map<WorkloadClass, Integer> waiting,
    Map<WorkloadClass, Double> virtualTimeGap,
    int running,
    int preempted,
    int slots,
    int workers,
    int lost) {
  /** Nothing. */
  public static final PoolStats EMPTY = new PoolStats(Map.of(), Map.of(), 0, 0, 0, 0, 0);

  public PoolStats {
    waiting = Map.copyOf(waiting);
    virtualTimeGap = Map.copyOf(virtualTimeGap);
  }
}
