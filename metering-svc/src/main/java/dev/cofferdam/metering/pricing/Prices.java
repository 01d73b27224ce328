package dev.cofferdam.metering.pricing;

import java.time.Instant;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Prices from a moment on.
 *
 * @param effective the moment
 * @param byModel prices by model and meter, each in the order of its steps, the first of which
 *     begins at 0; the model without a name is every model that has no entry
 */
public record Prices(Instant effective, Map<String, Map<Meter, List<Step>>> byModel) {
  /** The entry of models without one, and of what belongs to no model. */
  public static final String OTHERS = "";

  public Prices {
    Map<String, Map<Meter, List<Step>>> copy = new HashMap<>();
    byModel.forEach(
        (model, meters) -> {
          Map<Meter, List<Step>> steps = new EnumMap<>(Meter.class);
          meters.forEach((meter, list) -> steps.put(meter, ordered(list)));
          copy.put(model, Map.copyOf(steps));
        });
    byModel = Map.copyOf(copy);
  }

  /** The steps of a model's price of a meter; what has no price costs nothing. */
  public List<Step> steps(String model, Meter meter) {
    Map<Meter, List<Step>> own = byModel.get(model);
    Map<Meter, List<Step>> prices = own != null ? own : byModel.getOrDefault(OTHERS, Map.of());
    return prices.getOrDefault(meter, Step.FREE);
  }

  private static List<Step> ordered(List<Step> steps) {
    long before = -1;
    for (Step step : steps) {
      if (step.above() <= before) {
        throw new IllegalArgumentException("steps: expected in rising order");
      }
      before = step.above();
    }
    if (steps.isEmpty() || steps.getFirst().above() != 0) {
      throw new IllegalArgumentException("steps: expected from 0 on");
    }
    return List.copyOf(steps);
  }
}
