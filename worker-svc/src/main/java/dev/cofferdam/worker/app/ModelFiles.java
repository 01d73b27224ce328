package dev.cofferdam.worker.app;

import dev.cofferdam.gguf.GgufException;
import dev.cofferdam.gguf.ModelPath;
import dev.cofferdam.worker.model.ModelLoadException;
import dev.cofferdam.worker.model.ModelWeights;
import dev.cofferdam.worker.model.gguf.GgufModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Opens models in all formats. */
final class ModelFiles {
  private ModelFiles() {}

  /**
   * Opens a Hugging Face folder or a GGUF file, wherever {@link ModelPath} finds it.
   *
   * @throws ModelLoadException when it cannot be used
   */
  static ModelWeights load(Path model) {
    Optional<Path> gguf;
    try {
      gguf = ModelPath.gguf(model);
    } catch (GgufException e) {
      throw new ModelLoadException(String.valueOf(e.getMessage()), e);
    }
    if (gguf.isEmpty() && !Files.exists(model)) {
      throw new ModelLoadException(model.getFileName() + ": there is no such model");
    }
    return gguf.map(file -> GgufModel.load(file).weights())
        .orElseGet(() -> ModelWeights.load(model));
  }
}
