package dev.cofferdam.gateway.ingress.rest;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * A model as clients write it: "&lt;model&gt;" or "&lt;model&gt;:&lt;adapter&gt;".
 *
 * @param written as it was written, "" where it was not
 * @param model model id, "" for the caller's default
 * @param adapter adapter name, "" for the base model
 */
public record ModelName(String written, String model, String adapter) {
  /** The model of a body. */
  public static ModelName of(JsonNode body) {
    String written = Fields.text(body, "model", "model");
    int colon = written.indexOf(':');
    if (colon < 0) {
      return new ModelName(written, written, "");
    }
    if (colon == written.length() - 1) {
      throw Fields.invalid("model", "names no adapter after its colon");
    }
    return new ModelName(written, written.substring(0, colon), written.substring(colon + 1));
  }

  /** What an answer says of the model: what was written, else the model that was taken. */
  public String shown(Query.Begun begun) {
    return written.isEmpty() ? begun.first().model().id() : written;
  }
}
