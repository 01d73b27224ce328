package dev.cofferdam.gateway.ingress.rest;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import java.util.Set;

/**
 * Content that is a string or an array of text parts.
 *
 * @param types the {@code type} of parts that hold text
 * @param fields the fields that such a part may have
 */
public record TextParts(Set<String> types, KnownFields fields) {
  /**
   * The text of an object's field, its parts put together.
   *
   * @param path of the field
   */
  public String read(JsonNode object, String name, String path) {
    Optional<JsonNode> content = Fields.present(object, name);
    if (content.isEmpty()) {
      throw Fields.invalid(path, "is missing");
    }
    if (content.get().isTextual()) {
      return content.get().textValue();
    }
    if (!content.get().isArray()) {
      throw Fields.invalid(path, "must be a string or an array of text parts");
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < content.get().size(); i++) {
      text.append(part(content.get().get(i), path + "[" + i + "]"));
    }
    return text.toString();
  }

  private String part(JsonNode part, String path) {
    if (!types.contains(part.path("type").asText())) {
      throw Fields.unsupported(path, "is no text part; others are not supported");
    }
    fields.check(part, path);
    if (!part.path("text").isTextual()) {
      throw Fields.invalid(path + ".text", "must be a string");
    }
    return part.path("text").textValue();
  }
}
