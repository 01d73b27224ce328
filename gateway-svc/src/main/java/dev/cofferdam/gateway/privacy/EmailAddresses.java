package dev.cofferdam.gateway.privacy;

/**
 * E-mail addresses in the form that people use (a dot-atom of RFC 5322, letters of all scripts as
 * RFC 6531 has them, and a host name with a dot).
 */
final class EmailAddresses implements Detector {
  private static final int LOCAL_MAX = 64;
  private static final int HOST_MAX = 253;
  private static final String LOCAL_SIGNS = ".!#$%&'*+/=?^_`{|}~-";

  @Override
  public void find(String text, Finding found) {
    int behind = 0;
    for (int at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
      int start = start(text, at, Math.max(behind, at - LOCAL_MAX));
      int end = end(text, at);
      if (start < at && end > at) {
        found.at(start, end);
        behind = end;
      }
    }
  }

  private static int start(String text, int at, int earliest) {
    int start = at;
    while (start > earliest && local(text.charAt(start - 1))) {
      start--;
    }
    while (start < at && !Character.isLetterOrDigit(text.charAt(start))) {
      start++;
    }
    return start;
  }

  private static boolean local(char c) {
    return Character.isLetterOrDigit(c) || LOCAL_SIGNS.indexOf(c) >= 0;
  }

  /** Behind the last label of letters, at least two of them, that follows a dot; -1 for none. */
  private static int end(String text, int at) {
    int last = Math.min(text.length(), at + 1 + HOST_MAX);
    int label = at + 1;
    int end = -1;
    while (label < last) {
      int stop = label;
      boolean letters = true;
      while (stop < last && (Chars.letterOrDigit(text, stop) || text.charAt(stop) == '-')) {
        letters &= Character.isLetter(text.charAt(stop));
        stop++;
      }
      if (stop == label || text.charAt(label) == '-' || text.charAt(stop - 1) == '-') {
        return end;
      }
      if (letters && stop - label >= 2 && label > at + 1) {
        end = stop;
      }
      if (stop >= last || text.charAt(stop) != '.') {
        return end;
      }
      label = stop + 1;
    }
    return end;
  }
}
