package dev.cofferdam.gateway.ingress.rest;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** Fields of a JSON object by type; null is absent, another type is refused by name. */
public final class Fields {
  private Fields() {}

  /** A field's value. */
  public static Optional<JsonNode> present(JsonNode object, String name) {
    JsonNode value = object.get(name);
    return value == null || value.isNull() ? Optional.empty() : Optional.of(value);
  }

  /** A text, "" where it is absent. */
  public static String text(JsonNode object, String name, String path) {
    return present(object, name)
        .map(
            v -> {
              if (!v.isTextual()) {
                throw invalid(path, "must be a string");
              }
              return v.textValue();
            })
        .orElse("");
  }

  /** A boolean, false where it is absent. */
  public static boolean flag(JsonNode object, String name) {
    return present(object, name)
        .map(
            v -> {
              if (!v.isBoolean()) {
                throw invalid(name, "must be a boolean");
              }
              return v.booleanValue();
            })
        .orElse(false);
  }

  /** A finite number. */
  public static OptionalDouble number(JsonNode object, String name) {
    Optional<JsonNode> value = present(object, name);
    if (value.isEmpty()) {
      return OptionalDouble.empty();
    }
    double number = value.get().doubleValue();
    if (!value.get().isNumber() || !Double.isFinite(number)) {
      throw invalid(name, "must be a number");
    }
    return OptionalDouble.of(number);
  }

  /** An integer of 64 bits. */
  public static OptionalLong integer(JsonNode object, String name) {
    Optional<JsonNode> value = present(object, name);
    if (value.isEmpty()) {
      return OptionalLong.empty();
    }
    if (!value.get().isIntegralNumber() || !value.get().canConvertToLong()) {
      throw invalid(name, "must be an integer of 64 bits");
    }
    return OptionalLong.of(value.get().longValue());
  }

  /** A field that is a string or an array of strings; empty where it is absent. */
  public static List<String> strings(JsonNode object, String name) {
    Optional<JsonNode> value = present(object, name);
    if (value.isEmpty()) {
      return List.of();
    }
    if (value.get().isTextual()) {
      return List.of(value.get().textValue());
    }
    List<String> texts = new ArrayList<>();
    for (JsonNode entry : value.get().isArray() ? value.get() : List.<JsonNode>of(value.get())) {
      if (!entry.isTextual()) {
        throw invalid(name, "must be a string or an array of strings");
      }
      texts.add(entry.textValue());
    }
    return texts;
  }

  /** A refusal of a field that is malformed or out of range. */
  public static RefusedException invalid(String path, String problem) {
    return Refusal.ofParameter(ErrorCode.INVALID_REQUEST, path, path + " " + problem).asException();
  }

  /** A refusal of a field that is known and not offered. */
  public static RefusedException unsupported(String path, String problem) {
    return Refusal.ofParameter(ErrorCode.UNSUPPORTED_PARAMETER, path, path + " " + problem)
        .asException();
  }
}
