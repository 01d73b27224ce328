package dev.cofferdam.gateway.prompt;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;

/**
 * Carries marks through what is done to a text: a character that nobody used, the guard, stands
 * behind every character of a client's meanwhile. Guards outlive normalisation, where marks beside
 * the text would lose their places.
 */
final class GuardedText {
  /** Unicode's noncharacters for internal use. */
  private static final char FIRST = '\uFDD0';

  private static final char LAST = '\uFDEF';

  private GuardedText() {}

  /**
   * A text after all steps, marked as before. What guards kept apart has yet to compose ({@link
   * TextForm#compose}).
   *
   * @throws dev.cofferdam.vocabulary.RefusedException INVALID_REQUEST where the text uses all 32
   *     characters that can be a guard
   */
  static MarkedText normalize(MarkedText marked, TextForm form) {
    String text = marked.text();
    if (marked.marks().indexOf(MarkedText.CLIENT) < 0) {
      return MarkedText.own(form.apply(text));
    }
    if (marked.marks().indexOf(MarkedText.OWN) < 0) {
      return MarkedText.client(form.apply(text));
    }
    char guard = guardFor(text);
    return unguarded(form.apply(guarded(marked, guard)), guard);
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

  private static String guarded(MarkedText marked, char guard) {
    String text = marked.text();
    StringBuilder out = new StringBuilder(2 * text.length());
    for (int i = 0; i < text.length(); i++) {
      out.append(text.charAt(i));
      boolean within = Character.isHighSurrogate(text.charAt(i));
      if (marked.marks().charAt(i) == MarkedText.CLIENT && !within) {
        out.append(guard);
      }
    }
    return out.toString();
  }

  private static MarkedText unguarded(String guarded, char guard) {
    StringBuilder text = new StringBuilder(guarded.length());
    StringBuilder marks = new StringBuilder(guarded.length());
    for (int i = 0; i < guarded.length(); i++) {
      if (guarded.charAt(i) != guard) {
        text.append(guarded.charAt(i));
        marks.append(MarkedText.OWN);
      } else if (!text.isEmpty()) {
        int last = text.offsetByCodePoints(text.length(), -1);
        marks.setLength(last);
        marks.repeat(MarkedText.CLIENT, text.length() - last);
      }
    }
    return new MarkedText(text.toString(), marks.toString());
  }
}
