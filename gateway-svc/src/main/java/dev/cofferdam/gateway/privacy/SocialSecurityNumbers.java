package dev.cofferdam.gateway.privacy;

import java.util.Locale;

/**
 * Social security numbers of the United States: three, two and four digits with the same separator,
 * or nine together where the text says what they are. Numbers that are never given out are none.
 */
final class SocialSecurityNumbers implements Detector {
  /** Characters before a number in which its name is looked for. */
  private static final int NAME_WITHIN = 32;

  @Override
  public void find(String text, Finding found) {
    int i = 0;
    while (i < text.length()) {
      if (!Chars.digit(text, i)) {
        i++;
        continue;
      }
      int end = Chars.endOfDigits(text, i);
      int behind = outside(text, i - 1) ? behind(text, i, end) : -1;
      if (behind > 0) {
        found.at(i, behind);
      }
      i = Math.max(end, behind);
    }
  }

  private static int behind(String text, int start, int end) {
    if (end - start == 9) {
      boolean number = given(text, start, start + 3, start + 5) && outside(text, end);
      return number && named(text, start) ? end : -1;
    }
    boolean groups =
        end - start == 3
            && Chars.groupSeparator(text, end)
            && Chars.endOfDigits(text, end + 1) == end + 3
            && end + 3 < text.length()
            && text.charAt(end + 3) == text.charAt(end)
            && Chars.endOfDigits(text, end + 4) == end + 8
            && outside(text, end + 8);
    return groups && given(text, start, end + 1, end + 4) ? end + 8 : -1;
  }

  /** Neither letter nor digit, nor a hyphen or dot of something longer. */
  private static boolean outside(String text, int i) {
    if (i < 0 || i >= text.length()) {
      return true;
    }
    char c = text.charAt(i);
    boolean joins = (c == '-' || c == '.') && Chars.digit(text, i + 1) && Chars.digit(text, i - 1);
    return !Character.isLetterOrDigit(c) && !joins;
  }

  private static boolean given(String text, int area, int group, int serial) {
    return !text.startsWith("000", area)
        && !text.startsWith("666", area)
        && text.charAt(area) != '9'
        && !text.startsWith("00", group)
        && !text.startsWith("0000", serial);
  }

  private static boolean named(String text, int start) {
    String before =
        text.substring(Math.max(0, start - NAME_WITHIN), start).toLowerCase(Locale.ROOT);
    return before.contains("ssn") || before.contains("social security");
  }
}
