package dev.cofferdam.gateway.prompt;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts text into words before byte-pair encoding; each step cuts the pieces of the step before.
 * Immutable.
 */
public final class PreTokenizer {
  private final List<Step> steps;

  /** One step. */
  public sealed interface Step {
    /** Cuts at the matches, and keeps what lies between them (Hugging Face's "Isolated"). */
    record Isolate(Pattern pattern) implements Step {}

    /** Puts a space before each piece that does not start with one. */
    record PrefixSpace() implements Step {}

    /**
     * Writes spaces as a mark, as SentencePiece does.
     *
     * @param mark what stands for a space
     * @param prepend where a mark is put before a piece that does not start with one
     * @param split pieces are cut before each mark
     */
    record Metaspace(char mark, Prepend prepend, boolean split) implements Step {}
  }

  /** Pieces that begin with a mark in any case. */
  public enum Prepend {
    ALWAYS,
    /** The piece that begins the text. */
    FIRST,
    NEVER
  }

  public PreTokenizer(List<Step> steps) {
    this.steps = List.copyOf(steps);
  }

  /**
   * Hands over the words of a text in order.
   *
   * @param first it is the beginning of a text, not what follows on an added token
   */
  void split(String text, boolean first, Consumer<String> words) {
    if (text.isEmpty()) {
      return;
    }
    List<String> pieces = List.of(text);
    for (int i = 0; i < steps.size(); i++) {
      List<String> finer = new ArrayList<>();
      boolean last = i == steps.size() - 1;
      Consumer<String> out = last ? words : finer::add;
      for (int p = 0; p < pieces.size(); p++) {
        cut(steps.get(i), pieces.get(p), first && p == 0, out);
      }
      pieces = finer;
    }
    if (steps.isEmpty()) {
      words.accept(text);
    }
  }

  private static void cut(Step step, String text, boolean first, Consumer<String> out) {
    switch (step) {
      case Step.Isolate isolate -> isolate(isolate.pattern(), text, out);
      case Step.PrefixSpace unused -> out.accept(text.charAt(0) == ' ' ? text : " " + text);
      case Step.Metaspace metaspace -> metaspace(metaspace, text, first, out);
    }
  }

  private static void isolate(Pattern pattern, String text, Consumer<String> out) {
    Matcher matcher = pattern.matcher(text);
    int end = 0;
    while (matcher.find()) {
      if (isWithinCharacter(text, matcher.start())) {
        continue; // After an empty match, Java goes on in the middle of a surrogate pair.
      }
      if (matcher.start() > end) {
        out.accept(text.substring(end, matcher.start()));
      }
      if (matcher.end() > matcher.start()) {
        out.accept(text.substring(matcher.start(), matcher.end()));
      }
      end = matcher.end();
    }
    if (end < text.length()) {
      out.accept(text.substring(end));
    }
  }

  private static boolean isWithinCharacter(String text, int at) {
    return at > 0
        && at < text.length()
        && Character.isSurrogatePair(text.charAt(at - 1), text.charAt(at));
  }

  private static void metaspace(
      Step.Metaspace step, String text, boolean first, Consumer<String> out) {
    String marked = text.replace(' ', step.mark());
    boolean prepends =
        step.prepend() == Prepend.ALWAYS || (step.prepend() == Prepend.FIRST && first);
    String whole = prepends && marked.charAt(0) != step.mark() ? step.mark() + marked : marked;
    int start = 0;
    for (int next = 0; step.split() && next >= 0; next = whole.indexOf(step.mark(), start + 1)) {
      if (next > start) {
        out.accept(whole.substring(start, next));
        start = next;
      }
    }
    out.accept(whole.substring(start));
  }
}
