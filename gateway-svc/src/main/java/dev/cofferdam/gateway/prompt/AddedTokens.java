package dev.cofferdam.gateway.prompt;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Finds added tokens in marked text: the leftmost first, of those that begin at one place the
 * longest. What holds a character of a client's is none.
 */
final class AddedTokens {
  /** A beginning of their texts; the token of which it is all. */
  private static final class Node {
    private final Map<Character, Node> next = new HashMap<>();
    private @Nullable AddedToken token;
  }

  private record Found(AddedToken token, int end) {}

  private final Node root = new Node();

  /** A part of a text: what an added token took, or what lies between two. */
  record Part(int from, int to, @Nullable AddedToken token) {}

  /**
   * @param form what is done to the tokens' texts before they are looked for
   */
  AddedTokens(List<AddedToken> tokens, UnaryOperator<String> form) {
    for (AddedToken token : tokens) {
      String text = form.apply(token.text());
      Node node = root;
      for (int i = 0; i < text.length(); i++) {
        node = node.next.computeIfAbsent(text.charAt(i), unused -> new Node());
      }
      if (!text.isEmpty() && node.token == null) {
        node.token = token;
      }
    }
  }

  boolean isEmpty() {
    return root.next.isEmpty();
  }

  /** The parts of a text in order; together they are the text. */
  List<Part> split(MarkedText marked) {
    String text = marked.text();
    List<Part> parts = new ArrayList<>();
    int start = 0;
    int at = ownFrom(marked, 0);
    while (at < text.length()) {
      Found found = longestAt(marked, at);
      int end = at + 1;
      if (found != null) {
        end = found.end();
        AddedToken token = found.token();
        if (!token.singleWord() || standsAlone(text, at, end)) {
          int from = token.stripLeft() ? spaceBefore(text, start, at) : at;
          end = token.stripRight() ? spaceAfter(text, end) : end;
          if (start < from) {
            parts.add(new Part(start, from, null));
          }
          parts.add(new Part(from, end, token));
          start = end;
        }
      }
      at = ownFrom(marked, end);
    }
    if (start < text.length()) {
      parts.add(new Part(start, text.length(), null));
    }
    return parts;
  }

  /** The next character that no client wrote; the end where there is none. */
  private static int ownFrom(MarkedText marked, int from) {
    String marks = marked.marks();
    if (from < marks.length() && marks.charAt(from) == MarkedText.OWN) {
      return from;
    }
    int own = marks.indexOf(MarkedText.OWN, from);
    return own < 0 ? marks.length() : own;
  }

  private @Nullable Found longestAt(MarkedText marked, int from) {
    Found longest = null;
    Node node = root;
    for (int at = from;
        at < marked.text().length() && marked.marks().charAt(at) == MarkedText.OWN;
        at++) {
      node = node.next.get(marked.text().charAt(at));
      if (node == null) {
        break;
      }
      if (node.token != null) {
        longest = new Found(node.token, at + 1);
      }
    }
    return longest;
  }

  private static boolean standsAlone(String text, int from, int to) {
    return (from == 0 || !Characters.isWord(text.codePointBefore(from)))
        && (to == text.length() || !Characters.isWord(text.codePointAt(to)));
  }

  private static int spaceBefore(String text, int from, int to) {
    int at = to;
    while (at > from && Characters.isWhiteSpace(text.charAt(at - 1))) {
      at--;
    }
    return at;
  }

  private static int spaceAfter(String text, int from) {
    int at = from;
    while (at < text.length() && Characters.isWhiteSpace(text.charAt(at))) {
      at++;
    }
    return at;
  }
}
