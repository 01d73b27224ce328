package dev.cofferdam.router.routing;

/**
 * How much each scorer counts.
 *
 * @param prefix share of the input that is cached
 * @param load free slots and memory
 * @param model model in memory
 * @param adapter adapter in memory
 * @param tenant same worker as last time
 * @param zone same zone as the router
 */
public record RoutingWeights(
    double prefix, double load, double model, double adapter, double tenant, double zone) {
  /**
   * A cached prefix saves compute; load comes close behind, so that one hot prefix does not drown a
   * worker. A model that is to be loaded first costs seconds, but a worker that is full costs more.
   * Another zone is taken where the own one is a fifth busier.
   */
  public static final RoutingWeights DEFAULT = new RoutingWeights(3, 2.5, 2, 1, 0.25, 0.5);

  public RoutingWeights {
    if (prefix < 0
        || load < 0
        || model < 0
        || adapter < 0
        || tenant < 0
        || zone < 0
        || prefix + load + model + adapter + tenant + zone <= 0) {
      throw new IllegalArgumentException("routing weights must not be negative, and not all zero");
    }
  }
}
