package dev.cofferdam.gateway.ingress.openai;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** Fields of a JSON object by type; null is absent, another type is refused by name. */
final class Fields {
  private Fields() {}

  static Optional<JsonNode> present(JsonNode object, String name) {
    JsonNode value = object.get(name);
    return value == null || value.isNull() ? Optional.empty() : Optional.of(value);
  }

  static String text(JsonNode object, String name, String path) {
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

  static boolean flag(JsonNode object, String name) {
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

  static OptionalDouble number(JsonNode object, String name) {
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

  static OptionalLong integer(JsonNode object, String name) {
    Optional<JsonNode> value = present(object, name);
    if (value.isEmpty()) {
      return OptionalLong.empty();
    }
    if (!value.get().isIntegralNumber() || !value.get().canConvertToLong()) {
      throw invalid(name, "must be an integer of 64 bits");
    }
    return OptionalLong.of(value.get().longValue());
  }

  static RefusedException invalid(String path, String problem) {
    return Refusal.ofParameter(ErrorCode.INVALID_REQUEST, path, path + " " + problem).asException();
  }

  static RefusedException unsupported(String path, String problem) {
    return Refusal.ofParameter(ErrorCode.UNSUPPORTED_PARAMETER, path, path + " " + problem)
        .asException();
  }
}
