package dev.cofferdam.gateway.ingress.openai;

import dev.cofferdam.gateway.ingress.rest.Call;
import dev.cofferdam.gateway.ingress.rest.Fields;
import java.util.Optional;

/** Lists that come page by page: {@code ?limit=20&after=<id of the last one>}. */
final class Pages {
  private static final int LIMIT = 20;
  private static final int LIMIT_MAX = 100;
  private static final int CHARS_MAX = 128;

  private Pages() {}

  /** Entries of a page. */
  static int limit(Call call) {
    String text = parameter(call, "limit").orElse(Integer.toString(LIMIT));
    if (!text.matches("[0-9]{1,3}")
        || Integer.parseInt(text) < 1
        || Integer.parseInt(text) > LIMIT_MAX) {
      throw Fields.invalid("limit", "is out of range (expected: 1 to " + LIMIT_MAX + ")");
    }
    return Integer.parseInt(text);
  }

  /** A query parameter; empty where it is absent. */
  static Optional<String> parameter(Call call, String name) {
    String value = call.query().getOrDefault(name, "");
    if (value.length() > CHARS_MAX || value.indexOf('\0') >= 0) {
      throw Fields.invalid(name, "is no name");
    }
    return value.isEmpty() ? Optional.empty() : Optional.of(value);
  }
}
