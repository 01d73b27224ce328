package dev.cofferdam.worker.model;

import dev.cofferdam.gguf.GgufException;
import dev.cofferdam.gguf.ModelPath;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Identity of a model: a digest over everything in its folder that decides what it computes and how
 * text becomes tokens. Those files are {@code config.json}, {@code tokenizer.json}, {@code
 * tokenizer_config.json}, {@code special_tokens_map.json}, {@code chat_template.jinja}, {@code
 * *.safetensors} and {@code model.safetensors.index.json}, as far as they are there.
 */
public final class ModelDigest {
  private static final Set<String> NAMES =
      Set.of(
          "config.json",
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "chat_template.jinja",
          "model.safetensors.index.json");

  private ModelDigest() {}

  /**
   * The digest of a model folder, or of the one file of a model in GGUF, as 64 hexadecimal digits,
   * see {@link FolderDigest}. Reads every byte of the weights.
   *
   * @throws ModelLoadException when a file is unreadable, or there is no {@code config.json}
   */
  public static String of(Path folder) {
    TreeMap<String, byte[]> digests = new TreeMap<>();
    Optional<Path> gguf = gguf(folder);
    if (gguf.isPresent()) {
      try {
        digests.put(String.valueOf(gguf.get().getFileName()), sha256(gguf.get()));
      } catch (IOException e) {
        throw new ModelLoadException("model file: unreadable", e);
      }
      return FolderDigest.of(digests);
    }
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        String name = String.valueOf(file.getFileName());
        if (Files.isRegularFile(file) && (NAMES.contains(name) || name.endsWith(".safetensors"))) {
          digests.put(name, sha256(file));
        }
      }
    } catch (IOException e) {
      throw new ModelLoadException("model folder: unreadable", e);
    }
    if (!digests.containsKey("config.json")) {
      throw new ModelLoadException("config.json: missing");
    }
    return FolderDigest.of(digests);
  }

  private static Optional<Path> gguf(Path model) {
    try {
      return ModelPath.gguf(model);
    } catch (GgufException e) {
      throw new ModelLoadException(String.valueOf(e.getMessage()), e);
    }
  }

  private static byte[] sha256(Path file) throws IOException {
    MessageDigest digest = FolderDigest.sha256();
    byte[] buffer = new byte[1 << 18];
    try (InputStream in = Files.newInputStream(file)) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
      }
    }
    return digest.digest();
  }
}
