package dev.cofferdam.gateway.prompt;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * A template's text around what clients wrote, in which client text is guarded: a character that
 * nobody used stands inside everything that could begin an added token, so that no added token is
 * found there: an added token holds no guard and is not followed by one. {@link #plain} takes it
 * out again.
 *
 * <p>The template sees the real content but for the guard, so trimming and most tests on content
 * work. The alternative, rendering placeholders, lost: a template's own trimming did not reach the
 * content.
 *
 * @param text rendered text
 * @param guard the character
 */
public record GuardedText(String text, char guard) {
  /** Unicode's noncharacters for internal use. */
  private static final char FIRST = '\uFDD0';

  private static final char LAST = '\uFDEF';

  /** Content without the guard. */
  String plain(int from, int to) {
    String piece = text.substring(from, to);
    return piece.indexOf(guard) < 0 ? piece : piece.replace(String.valueOf(guard), "");
  }

  /**
   * A guard that no text holds.
   *
   * @throws dev.cofferdam.vocabulary.RefusedException INVALID_REQUEST where all 32 are in use
   */
  public static char guardFor(List<String> texts) {
    for (char c = FIRST; c <= LAST; c++) {
      char candidate = c;
      if (texts.stream().noneMatch(t -> t.indexOf(candidate) >= 0)) {
        return candidate;
      }
    }
    throw Refusal.of(ErrorCode.INVALID_REQUEST, "content uses every noncharacter of Unicode")
        .asException();
  }

  /**
   * Content with the guard after each character that could begin an added token, and after its
   * first that is no white space, so that none begins in the template and ends in the content
   * either.
   *
   * @param begins whether a code point could begin an added token
   */
  static String protect(String content, IntPredicate begins, char guard) {
    StringBuilder out = new StringBuilder(content.length() + 16);
    boolean first = true;
    int next;
    for (int i = 0; i < content.length(); i = next) {
      int c = content.codePointAt(i);
      next = i + Character.charCount(c);
      out.appendCodePoint(c);
      boolean isFirst = first && !isPythonSpace(c);
      if (isFirst || begins.test(c)) {
        out.append(guard);
      }
      first &= !isFirst;
    }
    return out.toString();
  }

  /** What templates trim: Python's white space. */
  private static boolean isPythonSpace(int c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85;
  }
}
