package dev.cofferdam.gateway.prompt;

import java.nio.charset.StandardCharsets;

/** Finds one stop text in a stream of bytes (Knuth, Morris and Pratt 1977). */
final class StopMatcher {
  private final String text;
  private final byte[] stop;
  private final int[] fallback;
  private int matched;

  StopMatcher(String text) {
    this.text = text;
    this.stop = text.getBytes(StandardCharsets.UTF_8);
    this.fallback = new int[stop.length];
    int k = 0;
    for (int i = 1; i < stop.length; i++) {
      while (k > 0 && stop[i] != stop[k]) {
        k = fallback[k - 1];
      }
      if (stop[i] == stop[k]) {
        k++;
      }
      fallback[i] = k;
    }
  }

  /** Takes a byte; true where it completes the stop text. To be called no more after that. */
  boolean accept(byte b) {
    while (matched > 0 && stop[matched] != b) {
      matched = fallback[matched - 1];
    }
    if (stop[matched] == b) {
      matched++;
    }
    return matched == stop.length;
  }

  String text() {
    return text;
  }

  /** Bytes at the stream's end that may be the stop text's beginning. */
  int matched() {
    return matched;
  }
}
