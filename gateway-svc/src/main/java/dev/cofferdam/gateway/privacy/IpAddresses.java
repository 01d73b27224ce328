package dev.cofferdam.gateway.privacy;

import org.apache.commons.validator.routines.InetAddressValidator;

/**
 * Addresses of the Internet Protocol: dotted quads of version 4, and of version 6 what has at least
 * three groups, so that "a::b" of a program and loopback are none.
 */
final class IpAddresses implements Detector {
  private static final InetAddressValidator FORMS = InetAddressValidator.getInstance();
  private static final int LENGTH_MAX = 45;
  private static final int GROUPS_MIN = 3;

  @Override
  public void find(String text, Finding found) {
    int i = 0;
    while (i < text.length()) {
      if (!part(text.charAt(i))) {
        i++;
        continue;
      }
      int end = i;
      while (end < text.length() && part(text.charAt(end))) {
        end++;
      }
      address(text, i, end, found);
      i = end;
    }
  }

  private static boolean part(char c) {
    return c == '.' || c == ':' || Character.isLetterOrDigit(c);
  }

  private static void address(String text, int from, int to, Finding found) {
    int start = from;
    int end = to;
    while (end > start && text.charAt(end - 1) == '.') {
      end--;
    }
    while (end > start && text.charAt(end - 1) == ':' && !text.startsWith("::", end - 2)) {
      end--;
    }
    if (end - start < 7 || end - start > LENGTH_MAX + 6) {
      return;
    }
    String word = text.substring(start, end);
    int port = word.indexOf('.') > 0 ? word.indexOf(':') : -1;
    String quad = port > 0 ? word.substring(0, port) : word;
    if (FORMS.isValidInet4Address(quad)) {
      found.at(start, start + quad.length());
    } else if (groups(word) >= GROUPS_MIN && FORMS.isValidInet6Address(word)) {
      found.at(start, end);
    }
  }

  private static int groups(String word) {
    int groups = 0;
    for (int i = 0; i < word.length(); i++) {
      boolean first = i == 0 || word.charAt(i - 1) == ':';
      groups += first && word.charAt(i) != ':' ? 1 : 0;
    }
    return word.indexOf(':') < 0 ? 0 : groups;
  }
}
