package dev.cofferdam.gateway.prompt.huggingface;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cofferdam.gateway.prompt.AddedToken;
import dev.cofferdam.gateway.prompt.TextForm;
import dev.cofferdam.gateway.prompt.TextForm.Step;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;

/** Reads the normalizer of tokenizer.json. */
final class TextFormReader {
  private TextFormReader() {}

  static TextForm read(JsonNode normalizer, List<AddedToken> added) {
    List<Step> steps = new ArrayList<>();
    for (JsonNode step : Steps.of(normalizer, "normalizers")) {
      steps.add(step(step));
    }
    refuseHardToGuard(steps, added);
    return new TextForm(steps);
  }

  private static Step step(JsonNode step) {
    String type = Steps.type(step);
    return switch (type) {
      case "NFC", "NFD", "NFKC", "NFKD" -> new Step.Unicode(Normalizer.Form.valueOf(type));
      case "Lowercase" -> new Step.Lowercase();
      case "Prepend" -> new Step.Prepend(step.path("prepend").asText());
      case "Replace" -> replace(step);
      default -> throw Steps.unsupported("normalizer " + type);
    };
  }

  private static Step replace(JsonNode step) {
    String from = step.path("pattern").path("String").asText();
    if (from.codePointCount(0, from.length()) != 1) {
      throw Steps.unsupported("normalizer Replace of other than one character");
    }
    return new Step.Replace(from, step.path("content").asText());
  }

  /**
   * An added token that is found in normalised text is kept out of content character by character.
   * That is not enough where one character becomes several, and what is changed after it was
   * composed cannot be composed again.
   */
  private static void refuseHardToGuard(List<Step> steps, List<AddedToken> added) {
    boolean changed =
        steps.stream().anyMatch(Step.Unicode.class::isInstance)
            && steps.stream().anyMatch(Step.Lowercase.class::isInstance);
    for (AddedToken token : added) {
      boolean hard = changed || steps.stream().anyMatch(s -> isHard(s, token.text()));
      if (token.normalized() && hard) {
        throw Steps.unsupported("a normalized added token with such a normalizer");
      }
    }
  }

  private static boolean isHard(Step step, String token) {
    boolean ascii = token.chars().allMatch(c -> c < 128);
    return switch (step) {
      case Step.Unicode unicode -> !ascii || unicode.form() != Normalizer.Form.NFC;
      case Step.Lowercase unused -> !ascii || token.length() == 1;
      case Step.Replace replace -> replace.to().length() != 1;
      case Step.Prepend unused -> false;
    };
  }
}
