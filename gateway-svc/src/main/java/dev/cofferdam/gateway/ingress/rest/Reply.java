package dev.cofferdam.gateway.ingress.rest;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.function.Supplier;

/** The answer to a {@link Call}. */
public sealed interface Reply {
  /** One JSON object. */
  record Body(JsonNode json) implements Reply {}

  /**
   * Text as it comes; nobody gathers it.
   *
   * @param contentType what it is
   * @param pages the next texts, until there are none; may block
   */
  record Text(String contentType, Supplier<List<String>> pages) implements Reply {}
}
