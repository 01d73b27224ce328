package dev.cofferdam.gateway.ingress.rest;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The fields that an object may have. What is not offered is refused by name, unless it asks for
 * what happens anyway.
 *
 * @param read fields that are read
 * @param harmless fields that change nothing here, with the values that may be asked for
 */
public record KnownFields(Set<String> read, Map<String, Predicate<JsonNode>> harmless) {
  public KnownFields {
    read = Set.copyOf(read);
    harmless = Map.copyOf(harmless);
  }

  /** Fields that are read, and no other. */
  public static KnownFields only(String... read) {
    return new KnownFields(Set.of(read), Map.of());
  }

  /**
   * Checks an object.
   *
   * @param path of the object, "" for a body
   * @throws dev.cofferdam.vocabulary.RefusedException UNSUPPORTED_PARAMETER naming the field
   */
  public void check(JsonNode object, String path) {
    for (Map.Entry<String, JsonNode> field : object.properties()) {
      String name = field.getKey();
      if (read.contains(name) || field.getValue().isNull()) {
        continue;
      }
      Predicate<JsonNode> fits = harmless.get(name);
      if (fits == null) {
        throw Fields.unsupported(
            path.isEmpty() ? shown(name) : path + suffix(name), "is not supported");
      }
      if (!fits.test(field.getValue())) {
        throw Fields.unsupported(
            path.isEmpty() ? name : path + "." + name, "is supported with its default value only");
      }
    }
  }

  /** A name that a client made up may be content: only what looks like a parameter is repeated. */
  private static String shown(String name) {
    return looksLikeOne(name) ? name : "a parameter";
  }

  private static String suffix(String name) {
    return looksLikeOne(name) ? "." + name : "";
  }

  private static boolean looksLikeOne(String name) {
    return name.matches("[a-z_]{1,40}");
  }

  /** Whether a value is an empty array. */
  public static boolean isEmptyArray(JsonNode value) {
    return value.isArray() && value.isEmpty();
  }
}
