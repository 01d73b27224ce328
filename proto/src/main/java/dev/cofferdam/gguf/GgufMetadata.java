package dev.cofferdam.gguf;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The key-value pairs of a file. Of the arrays only those of the tokenizer are kept. */
public final class GgufMetadata {
  private static final int PAIRS_MAX = 1 << 16;
  private static final int KEY_BYTES_MAX = 1 << 8;
  private static final int TEXT_BYTES_MAX = 1 << 20;

  /** Several times the largest vocabulary known. */
  private static final int LIST_MAX = 1 << 21;

  private static final int STRING = 8;
  private static final int ARRAY = 9;

  /** Lists that are read; the value is whether their elements are strings. */
  private static final Set<String> LISTS =
      Set.of(
          "tokenizer.ggml.tokens",
          "tokenizer.ggml.scores",
          "tokenizer.ggml.token_type",
          "tokenizer.ggml.merges");

  /** Stands for a list that was skipped. */
  private record SkippedList() {}

  private final String file;

  /** Long, Double, Boolean, String, List of these, or {@link SkippedList}. */
  private final Map<String, Object> values = new HashMap<>();

  private GgufMetadata(String file) {
    this.file = file;
  }

  /**
   * Reads so many pairs.
   *
   * @throws GgufException when they are malformed
   */
  static GgufMetadata read(GgufCursor cursor, long pairs) {
    if (pairs > PAIRS_MAX) {
      throw cursor.refused("more than " + PAIRS_MAX + " metadata pairs");
    }
    GgufMetadata metadata = new GgufMetadata(cursor.name());
    for (long i = 0; i < pairs; i++) {
      String key = cursor.text(KEY_BYTES_MAX);
      int type = cursor.int32();
      Object value = type == ARRAY ? list(cursor, key) : scalar(cursor, type);
      if (metadata.values.put(key, value) != null) {
        throw cursor.refused("a metadata key twice");
      }
    }
    return metadata;
  }

  private static Object list(GgufCursor cursor, String key) {
    int type = cursor.int32();
    long smallest = type == STRING ? Long.BYTES : width(cursor, type);
    long count = cursor.count("the length of a list", cursor.remaining() / smallest);
    if (!LISTS.contains(key)) {
      skip(cursor, type, count);
      return new SkippedList();
    }
    if (count > LIST_MAX) {
      throw cursor.refused("a list of more than " + LIST_MAX);
    }
    List<Object> list = new ArrayList<>((int) count);
    for (long i = 0; i < count; i++) {
      list.add(scalar(cursor, type));
    }
    return list;
  }

  private static void skip(GgufCursor cursor, int type, long count) {
    if (type != STRING) {
      cursor.skip(count * width(cursor, type));
      return;
    }
    for (long i = 0; i < count; i++) {
      cursor.skip(cursor.int64());
    }
  }

  private static int width(GgufCursor cursor, int type) {
    return switch (type) {
      case 0, 1, 7 -> Byte.BYTES;
      case 2, 3 -> Short.BYTES;
      case 4, 5, 6 -> Integer.BYTES;
      case 10, 11, 12 -> Long.BYTES;
      default -> throw cursor.refused("metadata of an unknown type, or a list of lists");
    };
  }

  /** Unsigned 64-bit numbers above the signed ones come out negative, which no reader accepts. */
  private static Object scalar(GgufCursor cursor, int type) {
    return switch (type) {
      case 0 -> (long) (cursor.int8() & 0xFF);
      case 1 -> (long) cursor.int8();
      case 2 -> (long) (cursor.int16() & 0xFFFF);
      case 3 -> (long) cursor.int16();
      case 4 -> cursor.uint32();
      case 5 -> (long) cursor.int32();
      // Its shortest decimal, so that 1e-5 is the 1e-5 of the configuration that it came from.
      case 6 -> Double.valueOf(Float.toString(Float.intBitsToFloat(cursor.int32())));
      case 7 -> flag(cursor);
      case STRING -> cursor.text(TEXT_BYTES_MAX);
      case 10, 11 -> cursor.int64();
      case 12 -> Double.longBitsToDouble(cursor.int64());
      default -> throw cursor.refused("metadata of an unknown type");
    };
  }

  private static Boolean flag(GgufCursor cursor) {
    byte value = cursor.int8();
    if (value != 0 && value != 1) {
      throw cursor.refused("a boolean that is neither 0 nor 1");
    }
    return value == 1;
  }

  /** Whether there is a pair of that key. */
  public boolean has(String key) {
    return values.containsKey(key);
  }

  /**
   * A string.
   *
   * @throws GgufException for a value of another kind; so do the others
   */
  public Optional<String> text(String key) {
    return value(key, String.class, "a string");
  }

  /** A boolean. */
  public Optional<Boolean> flag(String key) {
    return value(key, Boolean.class, "a boolean");
  }

  /** A whole number; one that only unsigned numbers of 64 bits have is negative. */
  public Optional<Long> whole(String key) {
    return value(key, Long.class, "a whole number");
  }

  /** A number with a fraction. */
  public Optional<Double> real(String key) {
    return value(key, Double.class, "a number");
  }

  /** A list whose elements are all of one kind. */
  <T> Optional<List<T>> list(String key, Class<T> kind, String expected) {
    return value(key, List.class, "a list")
        .map(
            list -> {
              List<T> typed = new ArrayList<>(list.size());
              for (Object element : list) {
                if (!kind.isInstance(element)) {
                  throw refused(key, "not " + expected);
                }
                typed.add(kind.cast(element));
              }
              return typed;
            });
  }

  private <T> Optional<T> value(String key, Class<T> kind, String expected) {
    Object value = values.get(key);
    if (value == null) {
      return Optional.empty();
    }
    if (!kind.isInstance(value)) {
      throw refused(key, "not " + expected);
    }
    return Optional.of(kind.cast(value));
  }

  /** A refusal that names the file and a key of it. */
  public GgufException refused(String key, String complaint) {
    return new GgufException(file + ": " + key + ": " + complaint);
  }
}
