package dev.cofferdam.gateway.prompt;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts text into words before byte-pair encoding; each step cuts the pieces of the step before.
 * Immutable.
 */
public final class PreTokenizer {
  private final List<Step> steps;

  /** The last steps, where they are patterns that are known: they cut UTF-8. */
  private final WordPattern[] patterns;

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

  /** Takes words as ranges of UTF-8 text. */
  interface Words {
    void word(byte[] text, int from, int to);
  }

  public PreTokenizer(List<Step> steps) {
    int known = steps.size();
    while (known > 0 && pattern(steps.get(known - 1)).isPresent()) {
      known--;
    }
    this.steps = List.copyOf(steps.subList(0, known));
    this.patterns =
        steps.stream()
            .skip(known)
            .flatMap(step -> pattern(step).stream())
            .toArray(WordPattern[]::new);
  }

  private static Optional<WordPattern> pattern(Step step) {
    return step instanceof Step.Isolate isolate
        ? WordPattern.of(isolate.pattern())
        : Optional.empty();
  }

  /**
   * Hands over the words of a text in order.
   *
   * @param first it is the beginning of a text, not what follows on an added token
   */
  void split(String text, boolean first, Words words) {
    if (text.isEmpty()) {
      return;
    }
    List<String> pieces = List.of(text);
    for (Step step : steps) {
      List<String> finer = new ArrayList<>();
      for (int p = 0; p < pieces.size(); p++) {
        cut(step, pieces.get(p), first && p == 0, finer::add);
      }
      pieces = finer;
    }
    for (String piece : pieces) {
      byte[] utf8 = piece.getBytes(StandardCharsets.UTF_8);
      cut(0, utf8, 0, utf8.length, words);
    }
  }

  private void cut(int pattern, byte[] text, int from, int to, Words words) {
    if (pattern == patterns.length) {
      words.word(text, from, to);
      return;
    }
    int end;
    for (int at = from; at < to; at = end) {
      end = patterns[pattern].end(text, at, to);
      cut(pattern + 1, text, at, end, words);
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
