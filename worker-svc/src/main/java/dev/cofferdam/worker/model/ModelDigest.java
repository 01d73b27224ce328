package dev.cofferdam.worker.model;

import dev.cofferdam.gguf.GgufException;
import dev.cofferdam.gguf.ModelPath;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

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
   * A file as it looks without reading it.
   *
   * @param modified when its content was last written, which can be set to any time
   * @param changed when anything of it was, which the file system alone sets; null where it does
   *     not (other than Unix)
   * @param key what the file system knows it by; null where it has none
   */
  public record Stamp(
      long bytes, FileTime modified, @Nullable Object changed, @Nullable Object key) {
    private static Stamp of(Path file) throws IOException {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      boolean unix = file.getFileSystem().supportedFileAttributeViews().contains("unix");
      return new Stamp(
          attributes.size(),
          attributes.lastModifiedTime(),
          unix ? Files.getAttribute(file, "unix:ctime") : null,
          attributes.fileKey());
    }
  }

  /**
   * The digest of a model folder, or of the one file of a model in GGUF, as 64 hexadecimal digits,
   * see {@link FolderDigest}. Reads every byte of the weights.
   *
   * @throws ModelLoadException when a file is unreadable, or there is no {@code config.json}
   */
  public static String of(Path folder) {
    return FolderDigest.of(ofFiles(folder, ModelDigest::sha256));
  }

  /**
   * What the same files look like, by their names: where it is equal to what it was before a digest
   * was taken, so is the digest.
   *
   * @throws ModelLoadException as {@link #of}
   */
  public static Map<String, Stamp> stamps(Path folder) {
    return ofFiles(folder, Stamp::of);
  }

  /** What is said of a file. */
  private interface Reading<T> {
    T of(Path file) throws IOException;
  }

  private static <T> TreeMap<String, T> ofFiles(Path folder, Reading<T> reading) {
    TreeMap<String, T> all = new TreeMap<>();
    Optional<Path> gguf = gguf(folder);
    if (gguf.isPresent()) {
      try {
        all.put(String.valueOf(gguf.get().getFileName()), reading.of(gguf.get()));
      } catch (IOException e) {
        throw new ModelLoadException("model file: unreadable", e);
      }
      return all;
    }
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        String name = String.valueOf(file.getFileName());
        if (Files.isRegularFile(file) && (NAMES.contains(name) || name.endsWith(".safetensors"))) {
          all.put(name, reading.of(file));
        }
      }
    } catch (IOException e) {
      throw new ModelLoadException("model folder: unreadable", e);
    }
    if (!all.containsKey("config.json")) {
      throw new ModelLoadException("config.json: missing");
    }
    return all;
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
