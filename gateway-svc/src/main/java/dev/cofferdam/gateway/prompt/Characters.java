package dev.cofferdam.gateway.prompt;

/** Unicode's classes of characters, as regular expressions know them (UTS 18, annex C). */
final class Characters {
  private Characters() {}

  /** {@code \s}: the property White_Space. All of it is in the basic plane. */
  static boolean isWhiteSpace(char c) {
    return Character.isSpaceChar(c) || (c >= '\t' && c <= '\r') || c == '\u0085';
  }

  /** {@code \w}: letters, marks, decimal digits, connectors and joiners. */
  static boolean isWord(int codePoint) {
    int type = Character.getType(codePoint);
    return Character.isAlphabetic(codePoint)
        || type == Character.NON_SPACING_MARK
        || type == Character.ENCLOSING_MARK
        || type == Character.COMBINING_SPACING_MARK
        || type == Character.DECIMAL_DIGIT_NUMBER
        || type == Character.CONNECTOR_PUNCTUATION
        || codePoint == 0x200c
        || codePoint == 0x200d;
  }
}
