package dev.cofferdam.gateway.prompt;

/** What kinds of characters stand in UTF-8 text, as patterns for words tell them apart. */
final class CharacterKinds {
  /** {@code \p{L}}. Each character is a letter, a number, white space or other. */
  static final int LETTER = 1;

  /** {@code \p{N}}. */
  static final int NUMBER = 2;

  /** {@code \s}. */
  static final int SPACE = 4;

  /** {@code [^\s\p{L}\p{N}]}. */
  static final int OTHER = 8;

  /** {@code [\r\n]}. */
  static final int NEWLINE = 16;

  /** {@code [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]}: no lower case. */
  static final int NOT_LOWER = 32;

  /** {@code [\p{Ll}\p{Lm}\p{Lo}\p{M}]}: neither upper case nor title case. */
  static final int NOT_UPPER = 64;

  private static final byte[] ASCII = new byte[128];

  static {
    for (char c = 0; c < ASCII.length; c++) {
      ASCII[c] = (byte) (c == '\r' || c == '\n' ? SPACE | NEWLINE : ofCharacter(c));
    }
  }

  private CharacterKinds() {}

  /** Kinds of the character that begins at a place. */
  static int at(byte[] utf8, int at) {
    byte first = utf8[at];
    return first >= 0 ? ASCII[first] : ofCharacter(codePoint(utf8, at));
  }

  /** Where the character behind that at a place begins. */
  static int next(byte[] utf8, int at) {
    byte first = utf8[at];
    return at + (first >= 0 ? 1 : first < (byte) 0xe0 ? 2 : first < (byte) 0xf0 ? 3 : 4);
  }

  /** The end of the characters from a place on that are of one of some kinds. */
  static int run(byte[] utf8, int from, int to, int kinds) {
    int at = from;
    while (at < to && (at(utf8, at) & kinds) != 0) {
      at = next(utf8, at);
    }
    return at;
  }

  private static int codePoint(byte[] utf8, int at) {
    int end = next(utf8, at);
    int point = utf8[at] & (0x7f >> (end - at));
    for (int i = at + 1; i < end; i++) {
      point = point << 6 | (utf8[i] & 0x3f);
    }
    return point;
  }

  private static int ofCharacter(int point) {
    return switch (Character.getType(point)) {
      case Character.UPPERCASE_LETTER, Character.TITLECASE_LETTER -> LETTER | NOT_LOWER;
      case Character.LOWERCASE_LETTER -> LETTER | NOT_UPPER;
      case Character.MODIFIER_LETTER, Character.OTHER_LETTER -> LETTER | NOT_LOWER | NOT_UPPER;
      case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.COMBINING_SPACING_MARK ->
          OTHER | NOT_LOWER | NOT_UPPER;
      case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER ->
          NUMBER;
      default -> point <= 0xffff && Characters.isWhiteSpace((char) point) ? SPACE : OTHER;
    };
  }
}
