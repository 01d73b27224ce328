package dev.cofferdam.worker.app;

import dev.cofferdam.worker.model.ModelLoadException;
import dev.cofferdam.worker.model.ModelWeights;
import dev.cofferdam.worker.model.gguf.GgufModel;
import java.nio.file.Files;
import java.nio.file.Path;

/** Opens models in all formats. */
final class ModelFiles {
  private ModelFiles() {}

  /**
   * Opens a Hugging Face folder or a GGUF file.
   *
   * @throws ModelLoadException when it cannot be used
   */
  static ModelWeights load(Path model) {
    if (!Files.exists(model)) {
      throw new ModelLoadException(model.getFileName() + ": there is no such model");
    }
    return Files.isRegularFile(model) ? GgufModel.load(model).weights() : ModelWeights.load(model);
  }
}
