package dev.cofferdam.load.capacity;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;

/**
 * How many workers a rate needs, by what was used of each resource at a rate that kept the
 * objective. Linear: twice the rate uses twice the slots, KV blocks and time of the same workers,
 * as long as the mix of requests stays. A worker's weights are in its memory whatever the rate, so
 * they are no resource here.
 *
 * @param byResource workers that each resource asks for
 */
public record WorkerPlan(Map<String, Integer> byResource) {
  /** Share of a resource that is planned to be used: the rest is for peaks and lost workers. */
  public static final double PLANNED_SHARE = 0.8;

  public WorkerPlan {
    byResource = Map.copyOf(byResource);
  }

  /**
   * A plan.
   *
   * @param workers that were measured, 1 or more
   * @param measuredRate requests a second at which they were, above 0
   * @param targetRate requests a second that are wanted
   * @param usedShare of each resource of these workers, by its name, at the measured rate
   */
  public static WorkerPlan of(
      int workers, double measuredRate, double targetRate, Map<String, Double> usedShare) {
    Map<String, Integer> byResource = new LinkedHashMap<>();
    usedShare.forEach(
        (name, share) ->
            byResource.put(
                name,
                Math.max(
                    1,
                    (int)
                        Math.ceil(
                            workers * share * targetRate / measuredRate / PLANNED_SHARE - 1e-9))));
    return new WorkerPlan(byResource);
  }

  /** Workers that are enough for every resource; empty where none is known. */
  public OptionalInt workers() {
    return byResource.values().stream().mapToInt(n -> n).max();
  }

  /** The resource that asks for the most; "-" where none is known. */
  public String binding() {
    return byResource.entrySet().stream()
        .max(
            Map.Entry.<String, Integer>comparingByValue()
                .thenComparing(Map.Entry.comparingByKey(Comparator.reverseOrder())))
        .map(Map.Entry::getKey)
        .orElse("-");
  }
}
