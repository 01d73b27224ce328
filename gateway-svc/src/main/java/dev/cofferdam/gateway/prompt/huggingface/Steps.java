package dev.cofferdam.gateway.prompt.huggingface;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cofferdam.gateway.prompt.UnsupportedModelException;
import java.util.ArrayList;
import java.util.List;

/** Reads what the parts of tokenizer.json have in common. */
final class Steps {
  private Steps() {}

  /** The parts of a Sequence in order, a single step, or nothing. */
  static List<JsonNode> of(JsonNode node, String parts) {
    if (node.isMissingNode() || node.isNull()) {
      return List.of();
    }
    if (!"Sequence".equals(type(node))) {
      return List.of(node);
    }
    List<JsonNode> steps = new ArrayList<>();
    node.path(parts).forEach(part -> steps.addAll(of(part, parts)));
    return steps;
  }

  static String type(JsonNode step) {
    return step.path("type").asText();
  }

  static UnsupportedModelException unsupported(String what) {
    return new UnsupportedModelException("tokenizer.json: " + what + " is not supported");
  }
}
