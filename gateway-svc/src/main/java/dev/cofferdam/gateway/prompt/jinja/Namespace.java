package dev.cofferdam.gateway.prompt.jinja;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Variables that a template can set from within a loop. */
record Namespace(Map<String, @Nullable Object> variables) {
  Namespace() {
    this(new HashMap<>());
  }
}
