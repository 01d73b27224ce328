package dev.cofferdam.mesh.web;

import dev.cofferdam.mesh.Caller;
import java.util.Map;

/**
 * What was asked for. Only GET and HEAD come this far.
 *
 * @param caller who asks, by certificate; never anonymous
 * @param path the path, as it came
 * @param query decoded parameters, the first of each name
 */
public record WebRequest(Caller caller, String path, Map<String, String> query) {
  public WebRequest {
    query = Map.copyOf(query);
  }

  /** A parameter; empty text where it is absent. */
  public String parameter(String name) {
    return query.getOrDefault(name, "");
  }
}
