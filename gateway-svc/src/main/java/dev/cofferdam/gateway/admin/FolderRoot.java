package dev.cofferdam.gateway.admin;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.cofferdam.gguf.GgufException;
import dev.cofferdam.gguf.ModelPath;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Models and adapters below one root, by names that cannot lead out of it, and the digest that
 * names their content.
 *
 * <p>The digest is what {@code sha256sum FILE... | sha256sum} prints for the plain names of the
 * files that count, in ascending order; workers compute the same.
 */
public final class FolderRoot {
  private static final JsonMapper JSON = new JsonMapper();
  private static final Pattern SEGMENT = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,127}");
  private static final int SEGMENTS_MAX = 8;
  private static final Set<String> MODEL_FILES =
      Set.of(
          "config.json",
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "chat_template.jinja",
          "model.safetensors.index.json");
  private static final Set<String> ADAPTER_FILES =
      Set.of("adapter_config.json", "adapter_model.safetensors");

  private final Path root;

  public FolderRoot(Path root) {
    this.root = root;
  }

  /** Whether a text names a folder below a root: plain segments, separated by {@code /}. */
  public static boolean isPlain(String folder) {
    String[] segments = folder.split("/", -1);
    if (segments.length > SEGMENTS_MAX) {
      return false;
    }
    for (String segment : segments) {
      if (!SEGMENT.matcher(segment).matches()) {
        return false;
      }
    }
    return true;
  }

  /**
   * Digest over a model's configuration, weights and tokenizer, or over its one file in GGUF, 64
   * hexadecimal digits; empty where the model is not below the root, or is neither a folder with
   * {@code config.json} nor one file. Reads every byte.
   */
  public Optional<String> modelDigest(String folder) {
    Optional<Path> gguf;
    try {
      gguf = path(folder).flatMap(ModelPath::gguf);
    } catch (GgufException e) {
      return Optional.empty();
    }
    return gguf.isPresent()
        ? gguf.filter(this::inside).map(file -> digest(List.of(file)))
        : digest(
            folder,
            name -> MODEL_FILES.contains(name) || name.endsWith(".safetensors"),
            Set.of("config.json"));
  }

  /**
   * Digest over an adapter's two files, 64 hexadecimal digits; empty where one of them is not
   * there.
   */
  public Optional<String> adapterDigest(String folder) {
    return digest(folder, ADAPTER_FILES::contains, ADAPTER_FILES);
  }

  /**
   * KV bytes of one token over all layers, as a model's {@code config.json} has them: two vectors
   * of its KV heads in each layer, in the numbers of its weights. Empty where the folder or a field
   * is missing.
   */
  public OptionalLong kvBytesPerToken(String folder) {
    Optional<Path> config =
        path(folder).map(path -> path.resolve("config.json")).filter(this::inside);
    if (config.isEmpty()) {
      return OptionalLong.empty();
    }
    JsonNode json;
    try {
      json = JSON.readTree(Files.readAllBytes(config.get()));
    } catch (IOException e) {
      return OptionalLong.empty();
    }
    long heads = json.path("num_attention_heads").asLong(0);
    long kvHeads = json.path("num_key_value_heads").asLong(heads);
    long perHead =
        json.path("head_dim").asLong(heads == 0 ? 0 : json.path("hidden_size").asLong(0) / heads);
    String type = json.path("dtype").asText(json.path("torch_dtype").asText(""));
    long bytes = type.equals("float32") ? Float.BYTES : Short.BYTES;
    long total = 2 * json.path("num_hidden_layers").asLong(0) * kvHeads * perHead * bytes;
    return total > 0 ? OptionalLong.of(total) : OptionalLong.empty();
  }

  private Optional<String> digest(String folder, Predicate<String> counts, Set<String> needed) {
    Optional<Path> path = path(folder).filter(Files::isDirectory).filter(this::inside);
    if (path.isEmpty()) {
      return Optional.empty();
    }
    List<Path> counted;
    try (Stream<Path> files = Files.list(path.get())) {
      counted =
          files.filter(f -> counts.test(name(f)) && inside(f) && Files.isRegularFile(f)).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return counted.stream().map(FolderRoot::name).toList().containsAll(needed)
        ? Optional.of(digest(counted))
        : Optional.empty();
  }

  private static String digest(List<Path> files) {
    TreeMap<String, String> lines = new TreeMap<>();
    for (Path file : files) {
      lines.put(name(file), HexFormat.of().formatHex(sha256(file)) + "  " + name(file) + "\n");
    }
    MessageDigest digest = sha256();
    lines.values().forEach(line -> digest.update(line.getBytes(StandardCharsets.UTF_8)));
    return HexFormat.of().formatHex(digest.digest());
  }

  private static String name(Path file) {
    return String.valueOf(file.getFileName());
  }

  private Optional<Path> path(String folder) {
    if (!isPlain(folder)) {
      return Optional.empty();
    }
    Path path = root;
    for (String segment : folder.split("/", -1)) {
      path = path.resolve(segment);
    }
    return Optional.of(path);
  }

  /** Links must not lead out of the root either. */
  private boolean inside(Path path) {
    try {
      return path.toRealPath().startsWith(root.toRealPath());
    } catch (IOException e) {
      return false;
    }
  }

  private static byte[] sha256(Path file) {
    MessageDigest digest = sha256();
    byte[] buffer = new byte[1 << 18];
    try (InputStream in = Files.newInputStream(file)) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return digest.digest();
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
