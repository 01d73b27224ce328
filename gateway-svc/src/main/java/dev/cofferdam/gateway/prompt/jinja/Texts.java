package dev.cofferdam.gateway.prompt.jinja;

import dev.cofferdam.gateway.prompt.MarkedText;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** What Python does with texts. */
final class Texts {
  private Texts() {}

  /** Without white space, or the given characters, at the ends. */
  static MarkedText strip(
      MarkedText text, Optional<String> characters, boolean left, boolean right) {
    String s = text.text();
    int from = 0;
    int to = s.length();
    while (left && from < to && isStripped(s.charAt(from), characters)) {
      from++;
    }
    while (right && to > from && isStripped(s.charAt(to - 1), characters)) {
      to--;
    }
    return text.substring(from, to);
  }

  private static boolean isStripped(char c, Optional<String> characters) {
    return characters.map(set -> set.indexOf(c) >= 0).orElseGet(() -> isSpace(c));
  }

  /** Python's str.isspace: Unicode white space and the information separators. */
  private static boolean isSpace(char c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
  }

  /** The parts between separators, or runs of white space; at most so many cuts. */
  static List<@Nullable Object> split(MarkedText text, Optional<String> separator, long cutsMax) {
    List<@Nullable Object> parts = new ArrayList<>();
    MarkedText rest = separator.isPresent() ? text : strip(text, separator, true, false);
    if (separator.isEmpty() && rest.isEmpty()) {
      return parts;
    }
    long cuts = cutsMax < 0 ? Long.MAX_VALUE : cutsMax;
    for (; cuts > 0; cuts--) {
      int from = cut(rest.text(), separator);
      if (from < 0) {
        break;
      }
      parts.add(rest.substring(0, from));
      int after = from + separator.map(String::length).orElse(0);
      rest = rest.substring(after, rest.text().length());
      if (separator.isEmpty()) {
        rest = strip(rest, separator, true, false);
        if (rest.isEmpty()) {
          return parts;
        }
      }
    }
    parts.add(rest);
    return parts;
  }

  private static int cut(String text, Optional<String> separator) {
    if (separator.isPresent()) {
      if (separator.get().isEmpty()) {
        throw TemplateException.failed("a split without separator");
      }
      return text.indexOf(separator.get());
    }
    int i = 0;
    while (i < text.length() && !isSpace(text.charAt(i))) {
      i++;
    }
    return i < text.length() ? i : -1;
  }

  static MarkedText replace(MarkedText text, String from, MarkedText to, long timesMax) {
    if (from.isEmpty()) {
      throw TemplateException.failed("a replacement of nothing");
    }
    List<@Nullable Object> parts = new ArrayList<>();
    for (Object part : split(text, Optional.of(from), timesMax)) {
      if (!parts.isEmpty()) {
        parts.add(to);
      }
      parts.add(part);
    }
    return Values.join(parts);
  }

  static MarkedText upper(MarkedText text) {
    return each(text, c -> c.toUpperCase(Locale.ROOT));
  }

  static MarkedText lower(MarkedText text) {
    return each(text, c -> c.toLowerCase(Locale.ROOT));
  }

  static MarkedText capitalize(MarkedText text) {
    int first = text.isEmpty() ? 0 : Character.charCount(text.text().codePointAt(0));
    return upper(text.substring(0, first)).plus(lower(text.substring(first, text.text().length())));
  }

  /** Character by character; what one becomes keeps its mark. */
  static MarkedText each(MarkedText text, UnaryOperator<String> change) {
    StringBuilder out = new StringBuilder();
    StringBuilder marks = new StringBuilder();
    int next;
    for (int i = 0; i < text.text().length(); i = next) {
      next = i + Character.charCount(text.text().codePointAt(i));
      String changed = change.apply(text.text().substring(i, next));
      out.append(changed);
      marks.repeat(text.marks().charAt(i), changed.length());
    }
    return new MarkedText(out.toString(), marks.toString());
  }
}
