package dev.cofferdam.router.routing;

import dev.cofferdam.router.health.Breakers;
import dev.cofferdam.router.health.WorkerHealth;

/**
 * What routes depend on besides the records and the fleet.
 *
 * @param workers which workers are ejected
 * @param breakers which models and adapters fail everywhere
 * @param zone the router's own zone, empty where unknown
 */
public record Conditions(WorkerHealth workers, Breakers breakers, String zone) {
  /** Nothing fails, and zones do not matter. */
  public static Conditions fair() {
    return new Conditions(
        new WorkerHealth(WorkerHealth.Settings.DEFAULT),
        new Breakers(Breakers.Settings.DEFAULT),
        "");
  }
}
