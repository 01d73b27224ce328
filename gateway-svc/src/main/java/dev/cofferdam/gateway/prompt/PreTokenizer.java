package dev.cofferdam.gateway.prompt;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts text into words before byte-pair encoding: each step cuts the pieces of the step before at
 * the matches of its pattern, and keeps what lies between the matches (Hugging Face's "Isolated").
 */
public final class PreTokenizer {
  private final List<Pattern> steps;
  private final boolean prefixSpace;

  /**
   * @param patterns one for each step; white space and case are Unicode's
   * @param prefixSpace a space is put before text that does not start with one
   * @throws java.util.regex.PatternSyntaxException for a pattern that Java does not know
   */
  public PreTokenizer(List<String> patterns, boolean prefixSpace) {
    this.steps =
        patterns.stream().map(p -> Pattern.compile(p, Pattern.UNICODE_CHARACTER_CLASS)).toList();
    this.prefixSpace = prefixSpace;
  }

  /** Hands over the words of a text in order; together they are the text. */
  void split(CharSequence text, Consumer<CharSequence> words) {
    if (text.isEmpty()) {
      return;
    }
    CharSequence whole = prefixSpace && text.charAt(0) != ' ' ? " " + text : text;
    if (steps.size() == 1) {
      cut(steps.getFirst(), whole, words);
      return;
    }
    List<CharSequence> pieces = List.of(whole);
    for (Pattern step : steps) {
      List<CharSequence> finer = new ArrayList<>();
      for (CharSequence piece : pieces) {
        cut(step, piece, finer::add);
      }
      pieces = finer;
    }
    pieces.forEach(words);
  }

  private static void cut(Pattern pattern, CharSequence text, Consumer<CharSequence> words) {
    Matcher matcher = pattern.matcher(text);
    int end = 0;
    while (matcher.find()) {
      if (matcher.start() > end) {
        words.accept(text.subSequence(end, matcher.start()));
      }
      if (matcher.end() > matcher.start()) {
        words.accept(text.subSequence(matcher.start(), matcher.end()));
      }
      end = matcher.end();
    }
    if (end < text.length()) {
      words.accept(text.subSequence(end, text.length()));
    }
  }
}
