package dev.cofferdam.gguf;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Where the GGUF file of a model lies; the same answer for all services. */
public final class ModelPath {
  private static final String SUFFIX = ".gguf";
  private static final String CONFIGURATION = "config.json";

  private ModelPath() {}

  /**
   * The GGUF file of a model: the path itself where it is a file; {@code <path>.gguf} where there
   * is nothing of the path's own name; the only {@code *.gguf} of a folder without {@code
   * config.json}. Empty for any other folder, and where nothing is there.
   *
   * @throws GgufException for several files, or a folder that is unreadable
   */
  public static Optional<Path> gguf(Path model) {
    if (Files.isRegularFile(model)) {
      return Optional.of(model);
    }
    if (!Files.exists(model)) {
      return Optional.of(model.resolveSibling(model.getFileName() + SUFFIX))
          .filter(Files::isRegularFile);
    }
    if (Files.exists(model.resolve(CONFIGURATION))) {
      return Optional.empty();
    }
    try (Stream<Path> files = Files.list(model)) {
      List<Path> found =
          files
              .filter(file -> file.toString().endsWith(SUFFIX))
              .filter(Files::isRegularFile)
              .toList();
      if (found.size() > 1) {
        throw new GgufException(model.getFileName() + ": more than one " + SUFFIX + " file");
      }
      return found.stream().findFirst();
    } catch (IOException e) {
      throw new GgufException(model.getFileName() + ": unreadable", e);
    }
  }
}
