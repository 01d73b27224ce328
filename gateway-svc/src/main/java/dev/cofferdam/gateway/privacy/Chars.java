package dev.cofferdam.gateway.privacy;

/** What stands at a place of a text; nothing stands outside of it. */
final class Chars {
  private Chars() {}

  static boolean digit(String text, int i) {
    return i >= 0 && i < text.length() && text.charAt(i) >= '0' && text.charAt(i) <= '9';
  }

  static boolean letter(String text, int i) {
    return i >= 0 && i < text.length() && Character.isLetter(text.charAt(i));
  }

  static boolean letterOrDigit(String text, int i) {
    return i >= 0 && i < text.length() && Character.isLetterOrDigit(text.charAt(i));
  }

  /** A space, one that does not break, or a hyphen. */
  static boolean groupSeparator(String text, int i) {
    if (i < 0 || i >= text.length()) {
      return false;
    }
    char c = text.charAt(i);
    return c == ' ' || c == '\u00a0' || c == '\u202f' || c == '-';
  }

  static int endOfDigits(String text, int i) {
    int end = i;
    while (digit(text, end)) {
      end++;
    }
    return end;
  }
}
