package dev.cofferdam.worker.model;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * JSON from files that nobody vouches for: bounded in size and depth, no key twice, nothing behind
 * the end.
 */
public final class StrictJson {
  private static final int DEPTH_MAX = 16;
  private static final int STRING_CHARACTERS_MAX = 1 << 20;
  private static final int NUMBER_CHARACTERS_MAX = 64;

  private static final ObjectMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(DEPTH_MAX)
                          .maxStringLength(STRING_CHARACTERS_MAX)
                          .maxNumberLength(NUMBER_CHARACTERS_MAX)
                          .build())
                  .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private StrictJson() {}

  /**
   * Reads a JSON object.
   *
   * @param name how the message of a refusal calls it
   * @throws ModelLoadException when it is no JSON object
   */
  public static JsonNode object(byte[] bytes, String name) {
    try {
      JsonNode node = MAPPER.readTree(bytes);
      if (node == null || !node.isObject()) {
        throw new ModelLoadException(name + ": not a JSON object");
      }
      return node;
    } catch (IOException e) {
      throw new ModelLoadException(name + ": malformed JSON", e);
    }
  }

  /** A parser with the same limits; for files too large for a tree. */
  static JsonParser parser(byte[] bytes) throws IOException {
    return MAPPER.getFactory().createParser(bytes);
  }

  /**
   * Reads a whole file of at most {@code bytesMax} bytes.
   *
   * @throws ModelLoadException when it is missing, larger, or unreadable
   */
  public static byte[] bytes(Path file, int bytesMax) {
    String name = String.valueOf(file.getFileName());
    if (!Files.isRegularFile(file)) {
      throw new ModelLoadException(name + ": missing");
    }
    try (InputStream in = Files.newInputStream(file)) {
      if (Files.size(file) > bytesMax) {
        throw new ModelLoadException(name + ": larger than " + bytesMax + " bytes");
      }
      byte[] bytes = in.readNBytes(bytesMax);
      if (in.read() >= 0) {
        throw new ModelLoadException(name + ": larger than " + bytesMax + " bytes");
      }
      return bytes;
    } catch (IOException e) {
      throw new ModelLoadException(name + ": unreadable", e);
    }
  }
}
