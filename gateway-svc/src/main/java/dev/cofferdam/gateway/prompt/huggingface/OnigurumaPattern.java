package dev.cofferdam.gateway.prompt.huggingface;

import dev.cofferdam.gateway.prompt.UnsupportedModelException;
import java.util.ArrayDeque;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Writes a regular expression of Oniguruma's, whose Ruby syntax Hugging Face's library reads, as
 * Java's. What the two read differently is rewritten, and what is not known to mean the same is
 * refused by name. (<a href="https://github.com/kkos/oniguruma/blob/master/doc/RE">Oniguruma,
 * regular expressions</a>)
 */
final class OnigurumaPattern {
  private final String source;
  private final StringBuilder out = new StringBuilder();
  private final ArrayDeque<Integer> groups = new ArrayDeque<>();
  private int at;
  private int atom;

  private OnigurumaPattern(String source) {
    this.source = source;
  }

  /**
   * @throws UnsupportedModelException for what is refused
   */
  static Pattern compile(String source) {
    try {
      return Pattern.compile(
          new OnigurumaPattern(source).translate(), Pattern.UNICODE_CHARACTER_CLASS);
    } catch (PatternSyntaxException e) {
      throw new UnsupportedModelException("tokenizer.json: pattern: " + e.getDescription(), e);
    }
  }

  private String translate() {
    while (at < source.length()) {
      char c = source.charAt(at);
      switch (c) {
        case '(' -> open();
        case ')' -> close();
        case '{' -> interval();
        case '|', '*', '+', '?' -> copy(1);
        default -> {
          atom = out.length();
          atom(c);
        }
      }
    }
    return out.toString();
  }

  private void atom(char c) {
    switch (c) {
      case '\\' -> escape();
      case '[' -> characterClass();
      case '.' -> replace(1, "[^\n]");
      case '$' -> replace(1, "(?=\n|\\z)");
      case '^' -> replace(1, "(?:\\A|(?<=\n)(?!\\z))");
      default -> copy(Character.charCount(source.codePointAt(at)));
    }
  }

  private void open() {
    groups.push(out.length());
    for (String kind : new String[] {"(?:", "(?i:", "(?=", "(?!", "(?<=", "(?<!", "(?>"}) {
      if (source.startsWith(kind, at)) {
        copy(kind.length());
        return;
      }
    }
    if (source.startsWith("(?", at)) {
      throw refused("a group (?" + charAt(at + 2));
    }
    copy(1);
  }

  private void close() {
    if (groups.isEmpty()) {
      throw refused("a group that ends only");
    }
    atom = groups.pop();
    copy(1);
  }

  /** Ruby's "+" after an interval repeats it, where Java's makes it possessive. */
  private void interval() {
    int end = source.indexOf('}', at);
    String bounds = end < 0 ? "" : source.substring(at + 1, end);
    if (!bounds.matches("\\d*,\\d+|\\d+,?")) {
      throw refused("a brace");
    }
    char after = charAt(end + 1);
    if (after == '?' && bounds.indexOf(',') < 0) {
      throw refused("an optional interval");
    }
    if (after == '+' || after == '*') {
      out.insert(atom, "(?:");
    }
    out.append('{').append(bounds.startsWith(",") ? "0" : "").append(bounds).append('}');
    if (after == '+' || after == '*') {
      out.append(')');
    }
    at = end + 1;
  }

  private void escape() {
    char c = charAt(at + 1);
    switch (c) {
      case 's', 'S', 'd', 'D', 'w', 'W', 'r', 'n', 't', 'f' -> copy(2);
      case 'v' -> replace(2, "\\x0b");
      case 'A', 'z' -> copy(2);
      case 'p', 'P' -> property(c);
      case 'u' -> copy(6);
      case 'x' -> {
        if (charAt(at + 2) != '{') {
          throw refused("a byte");
        }
        copy(source.indexOf('}', at) + 1 - at);
      }
      default -> {
        if (c == 0 || Character.isLetterOrDigit(c)) {
          throw refused("an escape \\" + c);
        }
        copy(2);
      }
    }
  }

  private void property(char kind) {
    int end = source.indexOf('}', at);
    if (charAt(at + 2) != '{' || end < 0) {
      throw refused("a property without braces");
    }
    String name = source.substring(at + 3, end);
    boolean negated = name.startsWith("^");
    String plain = negated ? name.substring(1) : name;
    String java = plain.matches("[A-Z][a-z]?") ? plain : "Is" + script(plain);
    boolean inverse = negated != (kind == 'P');
    replace(end + 1 - at, (inverse ? "\\P{" : "\\p{") + java + "}");
  }

  private static String script(String name) {
    try {
      return Character.UnicodeScript.forName(name).name();
    } catch (IllegalArgumentException e) {
      throw refused("the property " + name);
    }
  }

  private void characterClass() {
    if (source.startsWith("[:", at)) {
      throw refused("a POSIX class");
    }
    copy(charAt(at + 1) == '^' ? 2 : 1);
    if (charAt(at) == ']') {
      throw refused("a class that begins with a bracket");
    }
    while (at < source.length() && source.charAt(at) != ']') {
      switch (source.charAt(at)) {
        case '[' -> characterClass();
        case '\\' -> escapeInClass();
        default -> copy(1);
      }
    }
    if (at == source.length()) {
      throw refused("a class without end");
    }
    copy(1);
  }

  private void escapeInClass() {
    if ("Az".indexOf(charAt(at + 1)) >= 0) {
      throw refused("an escape \\" + charAt(at + 1) + " in a class");
    }
    escape();
  }

  private void copy(int length) {
    int end = at + length;
    if (length <= 0 || end > source.length()) {
      throw refused("an end too early");
    }
    out.append(source, at, end);
    at = end;
  }

  private void replace(int length, String java) {
    out.append(java);
    at += length;
  }

  private char charAt(int i) {
    return i < source.length() ? source.charAt(i) : 0;
  }

  private static UnsupportedModelException refused(String what) {
    return new UnsupportedModelException(
        "tokenizer.json: a pattern with " + what + " is not supported");
  }
}
