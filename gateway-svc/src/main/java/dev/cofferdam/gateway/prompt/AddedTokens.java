package dev.cofferdam.gateway.prompt;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Finds added tokens in guarded text: the leftmost first, of those that begin at one place the
 * longest. What holds a character of a client's holds a guard or has one behind it, and is none.
 */
final class AddedTokens {
  private record Entry(AddedToken token, String text) {}

  /** By the first character of their texts; longest first. */
  private final Map<Character, List<Entry>> byFirst = new HashMap<>();

  /** The keys of that; nearly all characters of a text are none of them. */
  private final BitSet firsts = new BitSet();

  /** A part of a text: what an added token took, or what lies between two. */
  record Part(int from, int to, @Nullable AddedToken token) {}

  /**
   * @param form what is done to the tokens' texts before they are looked for
   */
  AddedTokens(List<AddedToken> tokens, UnaryOperator<String> form) {
    for (AddedToken token : tokens) {
      String text = form.apply(token.text());
      if (!text.isEmpty()) {
        firsts.set(text.charAt(0));
        byFirst.computeIfAbsent(text.charAt(0), c -> new ArrayList<>()).add(new Entry(token, text));
      }
    }
    byFirst.values().forEach(l -> l.sort(Comparator.comparingInt(e -> -e.text().length())));
  }

  boolean isEmpty() {
    return byFirst.isEmpty();
  }

  /** The parts of a text in order; together they are the text. */
  List<Part> split(String text, char guard) {
    List<Part> parts = new ArrayList<>();
    int start = 0;
    int at = 0;
    while (at < text.length()) {
      Entry entry = firsts.get(text.charAt(at)) ? entryAt(text, at, guard) : null;
      if (entry == null) {
        at++;
        continue;
      }
      int end = at + entry.text().length();
      AddedToken token = entry.token();
      if (!token.singleWord() || standsAlone(text, at, end, guard)) {
        int from = token.stripLeft() ? spaceBefore(text, start, at, guard) : at;
        int to = token.stripRight() ? spaceAfter(text, end, guard) : end;
        if (start < from) {
          parts.add(new Part(start, from, null));
        }
        parts.add(new Part(from, to, token));
        start = to;
        end = to;
      }
      at = end;
    }
    if (start < text.length()) {
      parts.add(new Part(start, text.length(), null));
    }
    return parts;
  }

  private @Nullable Entry entryAt(String text, int at, char guard) {
    for (Entry entry : byFirst.getOrDefault(text.charAt(at), List.of())) {
      int end = at + entry.text().length();
      if (text.startsWith(entry.text(), at)
          && (end == text.length() || text.charAt(end) != guard)) {
        return entry;
      }
    }
    return null;
  }

  private static boolean standsAlone(String text, int from, int to, char guard) {
    int before = from;
    while (before > 0 && text.charAt(before - 1) == guard) {
      before--;
    }
    int after = to;
    while (after < text.length() && text.charAt(after) == guard) {
      after++;
    }
    return (before == 0 || !Characters.isWord(text.codePointBefore(before)))
        && (after == text.length() || !Characters.isWord(text.codePointAt(after)));
  }

  private static int spaceBefore(String text, int from, int to, char guard) {
    int at = to;
    while (at > from && isSpaceOrGuard(text.charAt(at - 1), guard)) {
      at--;
    }
    return at;
  }

  private static int spaceAfter(String text, int from, char guard) {
    int at = from;
    while (at < text.length() && isSpaceOrGuard(text.charAt(at), guard)) {
      at++;
    }
    return at;
  }

  private static boolean isSpaceOrGuard(char c, char guard) {
    return c == guard || Characters.isWhiteSpace(c);
  }
}
