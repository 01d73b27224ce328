package dev.cofferdam.worker.residency;

import dev.cofferdam.worker.execution.ModelExecutor;
import java.util.Optional;

/** Loads models beside the step thread, which goes on with the others meanwhile. */
public interface ModelLoads {

  /** Begins to load a model; {@link #poll} tells how that ended. Does not block. */
  void begin(ServedModel model);

  /** The next load that ended; empty where none did since. */
  Optional<Ended> poll();

  /**
   * How a load ended.
   *
   * @param model the model
   * @param executor with the model loaded and an empty pool; empty when it could not be loaded
   */
  record Ended(ServedModel model, Optional<ModelExecutor> executor) {}
}
