package dev.cofferdam.gateway.prompt;

import java.text.Normalizer;
import java.util.List;

/** What is done to text before it is cut into words, step by step. Immutable. */
public final class TextForm {
  /** Composition changes nothing where all characters are before the first combining one. */
  private static final char FIRST_TO_COMPOSE = '\u0300';

  private final List<Step> steps;

  /** One step. */
  public sealed interface Step {
    /** Unicode's normal form. */
    record Unicode(Normalizer.Form form) implements Step {}

    /** Each character in lower case by itself. */
    record Lowercase() implements Step {}

    /** A text put before what is not empty. */
    record Prepend(String text) implements Step {}

    /** One text for another. */
    record Replace(String from, String to) implements Step {}
  }

  public TextForm(List<Step> steps) {
    this.steps = List.copyOf(steps);
  }

  String apply(String text) {
    String result = text;
    for (Step step : steps) {
      result = apply(step, result);
    }
    return result;
  }

  /**
   * Completes text that went through all steps with something between its characters that is gone
   * now: what stood apart may compose.
   */
  String compose(String text) {
    String result = text;
    for (Step step : steps) {
      if (step instanceof Step.Unicode) {
        result = apply(step, result);
      }
    }
    return result;
  }

  private static String apply(Step step, String text) {
    return switch (step) {
      case Step.Unicode unicode -> normalize(text, unicode.form());
      case Step.Lowercase unused -> lowercase(text);
      case Step.Prepend prepend -> text.isEmpty() ? text : prepend.text() + text;
      case Step.Replace replace -> text.replace(replace.from(), replace.to());
    };
  }

  private static String normalize(String text, Normalizer.Form form) {
    boolean composed = form == Normalizer.Form.NFC;
    for (int i = 0; composed && i < text.length(); i++) {
      composed = text.charAt(i) < FIRST_TO_COMPOSE;
    }
    return composed ? text : Normalizer.normalize(text, form);
  }

  /** Character by character, so that a final sigma is no other than any sigma. */
  private static String lowercase(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.codePoints()
        .forEach(c -> out.append(Character.toString(c).toLowerCase(java.util.Locale.ROOT)));
    return out.toString();
  }
}
