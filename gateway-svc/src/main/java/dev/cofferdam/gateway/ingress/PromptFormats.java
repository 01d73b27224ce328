package dev.cofferdam.gateway.ingress;

import dev.cofferdam.gateway.prompt.PromptFormat;
import dev.cofferdam.gateway.tenancy.ModelEntry;

/** The prompt formats of the models at hand. */
public interface PromptFormats {
  /**
   * A model's format.
   *
   * @throws dev.cofferdam.vocabulary.RefusedException DEPENDENCY_UNAVAILABLE where the model's
   *     files are not at hand
   */
  PromptFormat of(ModelEntry model);

  /** Whether it is in memory, or has to be read first. */
  default boolean inMemory(ModelEntry model) {
    return true;
  }
}
