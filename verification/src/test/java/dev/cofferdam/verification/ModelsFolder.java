package dev.cofferdam.verification;

import dev.cofferdam.gguf.FolderTwin;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.stream.Stream;

/** The models that the tests' mesh serves. */
final class ModelsFolder {
  private ModelsFolder() {}

  /** The sample model as it is, and beside it a copy, and it as one file. */
  static Path make(Path repository) {
    Path models = repository.resolve("verification/target/models");
    Path sample = repository.resolve("models/support-desk");
    try (Stream<Path> files = Files.list(sample)) {
      Path copy = Files.createDirectories(models.resolve("support-desk"));
      Path second = Files.createDirectories(models.resolve(Mesh.SECOND_MODEL));
      for (Path file : files.toList()) {
        Files.copy(file, copy.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
        Files.copy(file, second.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
      }
      Files.write(
          models.resolve(Mesh.GGUF_MODEL + ".gguf"), FolderTwin.model(sample, "llama-bpe").bytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return models;
  }
}
