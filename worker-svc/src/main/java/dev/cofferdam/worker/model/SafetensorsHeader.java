package dev.cofferdam.worker.model;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The header of a safetensors file: a JSON object of name → {dtype, shape, data_offsets}. As the
 * format's description demands, tensors fill the data completely, without overlap and without
 * holes.
 *
 * @see <a href="https://github.com/huggingface/safetensors#format">the format</a>
 */
final class SafetensorsHeader {
  /** Most tensors of a file. */
  static final int TENSORS_MAX = 1 << 16;

  private static final int DIMENSIONS_MAX = 8;

  private final String file;
  private final long dataBytes;
  private final Map<String, TensorEntry> entries = new LinkedHashMap<>();

  private SafetensorsHeader(String file, long dataBytes) {
    this.file = file;
    this.dataBytes = dataBytes;
  }

  /**
   * Reads and checks a header.
   *
   * @param dataBytes bytes behind the header
   * @throws ModelLoadException when it is not a header of exactly that many bytes of tensors
   */
  static Map<String, TensorEntry> parse(String file, byte[] json, long dataBytes) {
    SafetensorsHeader header = new SafetensorsHeader(file, dataBytes);
    try (JsonParser parser = StrictJson.parser(json)) {
      header.read(parser);
    } catch (IOException e) {
      throw new ModelLoadException(file + ": malformed header", e);
    }
    header.requireGapless();
    return header.entries;
  }

  private void read(JsonParser parser) throws IOException {
    require(parser.nextToken() == JsonToken.START_OBJECT, "header is no object");
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      if (name.equals("__metadata__")) {
        skipMetadata(parser);
        continue;
      }
      require(entries.size() < TENSORS_MAX, "more than " + TENSORS_MAX + " tensors");
      entries.put(name, entry(parser, name));
    }
    require(parser.currentToken() == JsonToken.END_OBJECT, "header is no object");
    require(parser.nextToken() == null, "something behind the header's object");
  }

  private void skipMetadata(JsonParser parser) throws IOException {
    require(parser.nextToken() == JsonToken.START_OBJECT, "metadata is no object");
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      require(
          parser.nextToken() == JsonToken.VALUE_STRING, "metadata of something else than strings");
    }
  }

  private TensorEntry entry(JsonParser parser, String name) throws IOException {
    require(parser.nextToken() == JsonToken.START_OBJECT, "a tensor that is no object");
    ElementType type = null;
    List<Long> shape = null;
    List<Long> offsets = null;
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      parser.nextToken();
      switch (field) {
        case "dtype" -> type = type(parser);
        case "shape" -> shape = numbers(parser);
        case "data_offsets" -> offsets = numbers(parser);
        default -> throw refused("a tensor with an unknown field");
      }
    }
    if (type == null || shape == null || offsets == null) {
      throw refused("a tensor without dtype, shape or data_offsets");
    }
    require(offsets.size() == 2, "data_offsets that are no pair");
    return checked(name, type, shape, offsets.get(0), offsets.get(1));
  }

  private TensorEntry checked(
      String name, ElementType type, List<Long> shape, long begin, long end) {
    require(begin <= end && end <= dataBytes, "data_offsets outside of the file");
    long bytes = type.bytes();
    try {
      for (long dimension : shape) {
        bytes = Math.multiplyExact(bytes, dimension);
      }
    } catch (ArithmeticException e) {
      throw new ModelLoadException(file + ": a shape that overflows", e);
    }
    require(bytes == end - begin, "a tensor whose shape and data_offsets disagree");
    return new TensorEntry(name, type, shape, begin, end);
  }

  private ElementType type(JsonParser parser) throws IOException {
    require(parser.currentToken() == JsonToken.VALUE_STRING, "a dtype that is no string");
    return switch (parser.getText()) {
      case "F32" -> ElementType.F32;
      case "F16" -> ElementType.F16;
      case "BF16" -> ElementType.BF16;
      default -> throw refused("a dtype other than F32, F16, BF16");
    };
  }

  private List<Long> numbers(JsonParser parser) throws IOException {
    require(parser.currentToken() == JsonToken.START_ARRAY, "a list that is no list");
    List<Long> numbers = new ArrayList<>(4);
    while (parser.nextToken() == JsonToken.VALUE_NUMBER_INT) {
      require(numbers.size() < DIMENSIONS_MAX, "more than " + DIMENSIONS_MAX + " dimensions");
      long value = parser.getLongValue();
      require(value >= 0, "a negative number");
      numbers.add(value);
    }
    require(parser.currentToken() == JsonToken.END_ARRAY, "a list of something else than numbers");
    return numbers;
  }

  private void requireGapless() {
    List<TensorEntry> sorted = new ArrayList<>(entries.values());
    sorted.sort(Comparator.comparingLong(TensorEntry::begin).thenComparingLong(TensorEntry::end));
    long at = 0;
    for (TensorEntry entry : sorted) {
      require(entry.begin() == at, "tensors that overlap or leave a hole");
      at = entry.end();
    }
    require(at == dataBytes, "data that belongs to no tensor");
  }

  private void require(boolean condition, String complaint) {
    if (!condition) {
      throw refused(complaint);
    }
  }

  private ModelLoadException refused(String complaint) {
    return new ModelLoadException(file + ": " + complaint);
  }
}
