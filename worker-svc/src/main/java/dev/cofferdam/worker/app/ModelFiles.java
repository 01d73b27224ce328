package dev.cofferdam.worker.app;

import dev.cofferdam.worker.model.ModelLoadException;
import dev.cofferdam.worker.model.ModelWeights;
import java.nio.file.Files;
import java.nio.file.Path;

/** Opens models in all formats. */
final class ModelFiles {
  private ModelFiles() {}

  /**
   * Opens a Hugging Face folder.
   *
   * @throws ModelLoadException when it cannot be used
   */
  static ModelWeights load(Path model) {
    if (!Files.exists(model)) {
      throw new ModelLoadException(model.getFileName() + ": there is no such model");
    }
    return ModelWeights.load(model);
  }
}
