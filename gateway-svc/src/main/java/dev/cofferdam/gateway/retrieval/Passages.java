package dev.cofferdam.gateway.retrieval;

import java.util.ArrayList;
import java.util.List;

/**
 * Cuts texts into passages of {@value #CHARS_MAX} characters at most: behind a paragraph where one
 * ends in the passage's second half, else behind a sentence, a line, a word, or in the middle of
 * one; never within a character. Put together again, passages are the text.
 */
public final class Passages {
  /** Characters (UTF-16 units) of a passage at most. */
  public static final int CHARS_MAX = 1_200;

  private Passages() {}

  /** The passages of a text, in order; none of an empty text. */
  public static List<String> of(String text) {
    List<String> passages = new ArrayList<>();
    int from = 0;
    while (from < text.length()) {
      int to = end(text, from);
      passages.add(text.substring(from, to));
      from = to;
    }
    return passages;
  }

  private static int end(String text, int from) {
    if (text.length() - from <= CHARS_MAX) {
      return text.length();
    }
    int most = from + CHARS_MAX;
    int least = from + CHARS_MAX / 2;
    int sentence = -1;
    int line = -1;
    int word = -1;
    for (int i = most; i > least; i--) {
      char last = text.charAt(i - 1);
      if (last == '\n') {
        if (text.charAt(i - 2) == '\n') {
          return i;
        }
        line = Math.max(line, i);
      } else if (Character.isWhitespace(last)) {
        word = Math.max(word, i);
        if (".!?".indexOf(text.charAt(i - 2)) >= 0) {
          sentence = Math.max(sentence, i);
        }
      }
    }
    int cut = sentence >= 0 ? sentence : line >= 0 ? line : word >= 0 ? word : most;
    return Character.isLowSurrogate(text.charAt(cut)) ? cut - 1 : cut;
  }
}
