package dev.cofferdam.gateway.prompt;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;

/**
 * A template's text in which a character that nobody used, the guard, stands behind every character
 * of a client's: what holds a guard or is followed by one is no added token. Guards outlive
 * normalisation, where marks beside the text would lose their places.
 *
 * @param text rendered text with guards
 * @param guard the character
 */
record GuardedText(String text, char guard) {
  /** Unicode's noncharacters for internal use. */
  private static final char FIRST = '\uFDD0';

  private static final char LAST = '\uFDEF';

  /**
   * @throws dev.cofferdam.vocabulary.RefusedException INVALID_REQUEST where the text uses all 32
   *     characters that can be a guard
   */
  static GuardedText of(MarkedText marked) {
    String text = marked.text();
    char guard = guardFor(text);
    StringBuilder out = new StringBuilder(2 * text.length());
    for (int i = 0; i < text.length(); i++) {
      out.append(text.charAt(i));
      boolean within = Character.isHighSurrogate(text.charAt(i));
      if (marked.marks().charAt(i) == MarkedText.CLIENT && !within) {
        out.append(guard);
      }
    }
    return new GuardedText(out.toString(), guard);
  }

  private static char guardFor(String text) {
    for (char c = FIRST; c <= LAST; c++) {
      if (text.indexOf(c) < 0) {
        return c;
      }
    }
    throw Refusal.of(ErrorCode.INVALID_REQUEST, "content uses every noncharacter of Unicode")
        .asException();
  }

  /** A part without guards. */
  String plain(int from, int to) {
    String piece = text.substring(from, to);
    return piece.indexOf(guard) < 0 ? piece : piece.replace(String.valueOf(guard), "");
  }
}
