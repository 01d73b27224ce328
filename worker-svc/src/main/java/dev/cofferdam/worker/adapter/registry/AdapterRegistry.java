package dev.cofferdam.worker.adapter.registry;

import dev.cofferdam.worker.adapter.BadAdapterException;
import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.adapter.PeftAdapterReader;
import dev.cofferdam.worker.model.ModelConfig;
import dev.cofferdam.worker.model.ModelLoadException;
import dev.cofferdam.worker.model.StrictJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.regex.Pattern;

/**
 * Adapters in folders below one root. A folder is named relative to the root, and nothing outside
 * of the root is ever read, whatever the name says and wherever links lead.
 */
public final class AdapterRegistry {
  private static final int CONFIG_BYTES_MAX = 1 << 20;
  private static final int WEIGHT_BYTES_MAX = 1 << 30;
  private static final Pattern SEGMENT = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,127}");
  private static final Pattern VERSION = Pattern.compile("[0-9a-f]{64}");
  private static final int SEGMENTS_MAX = 8;

  private final Path root;
  private final PeftAdapterReader reader;

  /**
   * @param root folder below which the adapters lie
   * @param model the model that they are for
   */
  public AdapterRegistry(Path root, ModelConfig model) {
    this.root = root;
    this.reader = new PeftAdapterReader(model);
  }

  /**
   * Loads an adapter.
   *
   * @param folder its folder relative to the root, segments separated by {@code /}
   * @param expectedVersion the version that was authorised, 64 hexadecimal digits
   * @throws BadAdapterException when it is missing, malformed, does not fit the model, or is
   *     another version
   */
  public LoraAdapter load(String folder, String expectedVersion) {
    if (!VERSION.matcher(expectedVersion).matches()) {
      throw new BadAdapterException("version: not 64 hexadecimal digits");
    }
    String[] segments = segments(folder);
    byte[] config = bytes(segments, PeftAdapterReader.CONFIG, CONFIG_BYTES_MAX);
    byte[] weights = bytes(segments, PeftAdapterReader.WEIGHTS, WEIGHT_BYTES_MAX);
    if (!same(PeftAdapterReader.version(config, weights), expectedVersion)) {
      throw new BadAdapterException(
          "version: the adapter's files are not those of the version asked for");
    }
    return reader.read(segments[segments.length - 1], config, weights);
  }

  /**
   * The version of the adapter that lies in a folder now.
   *
   * @throws BadAdapterException when it is missing or unreadable
   */
  public String version(String folder) {
    String[] segments = segments(folder);
    return PeftAdapterReader.version(
        bytes(segments, PeftAdapterReader.CONFIG, CONFIG_BYTES_MAX),
        bytes(segments, PeftAdapterReader.WEIGHTS, WEIGHT_BYTES_MAX));
  }

  private static boolean same(String a, String b) {
    return MessageDigest.isEqual(
        a.getBytes(StandardCharsets.US_ASCII), b.getBytes(StandardCharsets.US_ASCII));
  }

  private static String[] segments(String folder) {
    String[] segments = folder.split("/", -1);
    if (segments.length > SEGMENTS_MAX) {
      throw new BadAdapterException("folder: more than " + SEGMENTS_MAX + " segments");
    }
    for (String segment : segments) {
      if (!SEGMENT.matcher(segment).matches()) {
        throw new BadAdapterException("folder: not a plain path below the root of the adapters");
      }
    }
    return segments;
  }

  private byte[] bytes(String[] segments, String name, int bytesMax) {
    Path file = root;
    for (String segment : segments) {
      file = file.resolve(segment);
    }
    try {
      Path real = file.resolve(name).toRealPath();
      if (!real.startsWith(root.toRealPath())) {
        throw new BadAdapterException(name + ": outside of the root of the adapters");
      }
      return StrictJson.bytes(real, bytesMax);
    } catch (IOException e) {
      throw new BadAdapterException(name + ": missing", e);
    } catch (ModelLoadException e) {
      throw new BadAdapterException(e);
    }
  }
}
