package dev.cofferdam.gateway.prompt.huggingface;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cofferdam.gateway.prompt.PreTokenizer;
import dev.cofferdam.gateway.prompt.PreTokenizer.Prepend;
import dev.cofferdam.gateway.prompt.PreTokenizer.Step;
import dev.cofferdam.gateway.prompt.WordPattern;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Reads the pre-tokenizer of tokenizer.json. */
final class PreTokenizerReader {
  private final List<Step> steps = new ArrayList<>();
  private final boolean bytewise;

  PreTokenizerReader(JsonNode preTokenizer) {
    boolean byteLevel = false;
    for (JsonNode step : Steps.of(preTokenizer, "pretokenizers")) {
      if (byteLevel) {
        throw Steps.unsupported("a pre-tokenizer after ByteLevel");
      }
      read(step);
      byteLevel = "ByteLevel".equals(Steps.type(step));
    }
    this.bytewise = byteLevel;
  }

  PreTokenizer preTokenizer() {
    return new PreTokenizer(steps);
  }

  /** Whether words are spelled in the byte alphabet. */
  boolean isBytewise() {
    return bytewise;
  }

  private void read(JsonNode step) {
    String type = Steps.type(step);
    switch (type) {
      case "Split" -> steps.add(new Step.Isolate(splitPattern(step)));
      case "Digits" -> {
        boolean single = step.path("individual_digits").asBoolean(false);
        steps.add(
            new Step.Isolate(single ? WordPattern.NUMBERS.pattern() : Pattern.compile("\\p{N}+")));
      }
      case "ByteLevel" -> {
        if (step.path("add_prefix_space").asBoolean(true)) {
          steps.add(new Step.PrefixSpace());
        }
        if (step.path("use_regex").asBoolean(true)) {
          steps.add(new Step.Isolate(WordPattern.GPT_2.pattern()));
        }
      }
      case "Metaspace" -> steps.add(metaspace(step));
      default -> throw Steps.unsupported("pre-tokenizer " + type);
    }
  }

  private static Pattern splitPattern(JsonNode step) {
    if (!"Isolated".equals(step.path("behavior").asText()) || step.path("invert").asBoolean()) {
      throw Steps.unsupported("Split other than isolated");
    }
    JsonNode pattern = step.path("pattern");
    return pattern.has("Regex")
        ? OnigurumaPattern.compile(pattern.path("Regex").asText())
        : Pattern.compile(Pattern.quote(pattern.path("String").asText()));
  }

  /** Before there was a prepend_scheme, add_prefix_space said always or never. */
  private static Step metaspace(JsonNode step) {
    String mark = step.path("replacement").asText();
    if (mark.length() != 1) {
      throw Steps.unsupported("Metaspace with other than one character");
    }
    boolean prefixSpace = step.path("add_prefix_space").asBoolean(true);
    String scheme = step.path("prepend_scheme").asText(prefixSpace ? "always" : "never");
    Prepend prepend =
        switch (scheme) {
          case "always" -> Prepend.ALWAYS;
          case "first" -> Prepend.FIRST;
          case "never" -> Prepend.NEVER;
          default -> throw Steps.unsupported("Metaspace with prepend_scheme " + scheme);
        };
    return new Step.Metaspace(mark.charAt(0), prepend, step.path("split").asBoolean(true));
  }
}
