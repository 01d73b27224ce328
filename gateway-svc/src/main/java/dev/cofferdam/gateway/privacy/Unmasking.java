package dev.cofferdam.gateway.privacy;

import java.util.Map;

/**
 * Puts the caller's own values back into one output that comes in pieces. What may be the beginning
 * of a placeholder is held back until it is known. Not thread-safe.
 */
public final class Unmasking {
  private final Map<String, String> values;
  private final int longest;
  private final StringBuilder held = new StringBuilder();

  /** The way back of a masking. */
  public Unmasking(Masking masking) {
    values = masking.values();
    longest = values.keySet().stream().mapToInt(String::length).max().orElse(0);
  }

  /** Takes a piece of output; what is certain now, often empty. */
  public String accept(String piece) {
    if (longest == 0) {
      return piece;
    }
    held.append(piece);
    StringBuilder out = new StringBuilder(held.length());
    int from = 0;
    int open = held.indexOf("[");
    while (open >= 0) {
      out.append(held, from, open);
      from = open;
      int close = held.indexOf("]", open);
      int next = held.indexOf("[", open + 1);
      if (close >= 0 && (next < 0 || close < next)) {
        String name = held.substring(open, close + 1);
        out.append(values.getOrDefault(name, name));
        from = close + 1;
      } else if (next < 0) {
        if (begins(held.substring(open))) {
          held.delete(0, open);
          return out.toString();
        }
        break;
      }
      open = next;
    }
    out.append(held, from, held.length());
    held.setLength(0);
    return out.toString();
  }

  /** Ends the output; what was held back is no placeholder. */
  public String end() {
    String rest = held.toString();
    held.setLength(0);
    return rest;
  }

  private boolean begins(String text) {
    return text.length() < longest
        && values.keySet().stream().anyMatch(name -> name.startsWith(text));
  }
}
