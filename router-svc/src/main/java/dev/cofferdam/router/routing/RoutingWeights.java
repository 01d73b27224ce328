package dev.cofferdam.router.routing;

/**
 * How much each scorer counts.
 *
 * @param prefix share of the input that is cached
 * @param load free slots and memory
 * @param adapter adapter in memory
 * @param tenant same worker as last time
 */
public record RoutingWeights(double prefix, double load, double adapter, double tenant) {
  /**
   * A cached prefix saves compute; load comes close behind, so that one hot prefix does not drown a
   * worker.
   */
  public static final RoutingWeights DEFAULT = new RoutingWeights(3, 2.5, 1, 0.25);

  public RoutingWeights {
    if (prefix < 0
        || load < 0
        || adapter < 0
        || tenant < 0
        || prefix + load + adapter + tenant <= 0) {
      throw new IllegalArgumentException("routing weights must not be negative, and not all zero");
    }
  }
}
