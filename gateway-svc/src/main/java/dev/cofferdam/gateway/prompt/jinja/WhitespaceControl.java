package dev.cofferdam.gateway.prompt.jinja;

/**
 * Applies Jinja's white space rules to a template's source, with trim_blocks and lstrip_blocks on
 * as Hugging Face has them, so that the engine, whose own rules differ, has none left to apply. (<a
 * href="https://jinja.palletsprojects.com/en/stable/templates/#whitespace-control">Jinja,
 * whitespace control</a>)
 */
final class WhitespaceControl {
  private final String source;
  private final StringBuilder out = new StringBuilder();

  private WhitespaceControl(String source) {
    this.source = source;
  }

  /** The source with its white space settled: no dashes, no lines to trim. */
  static String settle(String source) {
    String body = source.endsWith("\n") ? source.substring(0, source.length() - 1) : source;
    return new WhitespaceControl(body).run();
  }

  private String run() {
    int at = 0;
    boolean stripNext = false;
    boolean trimNewline = false;
    while (at <= source.length()) {
      int tag = nextTag(at);
      StringBuilder text = new StringBuilder(source.substring(at, tag));
      if (stripNext) {
        text.delete(0, leadingSpace(text));
      } else if (trimNewline && !text.isEmpty() && text.charAt(0) == '\n') {
        text.deleteCharAt(0);
      }
      if (tag == source.length()) {
        out.append(text);
        break;
      }
      boolean lineStart = at == 0 || (trimNewline && source.charAt(at) == '\n');
      char kind = source.charAt(tag + 1);
      char before = charAt(tag + 2);
      stripBefore(text, kind, before, lineStart);
      out.append(text);
      int close = closing(tag + 2, kind);
      char after = source.charAt(close - 1);
      int from = tag + 2 + (before == '-' || before == '+' ? 1 : 0);
      int to = after == '-' || (after == '+' && kind == '%') ? close - 1 : close;
      if (kind != '#') {
        out.append('{').append(kind).append(source, from, Math.max(from, to));
        out.append(kind == '{' ? '}' : kind).append('}');
      }
      stripNext = after == '-';
      trimNewline = kind != '{' && after != '+';
      at = close + 2;
    }
    return out.toString();
  }

  private static void stripBefore(StringBuilder text, char kind, char mark, boolean wholeLine) {
    int end = text.length();
    if (mark == '-') {
      while (end > 0 && Character.isWhitespace(text.charAt(end - 1))) {
        end--;
      }
    } else if (kind != '{' && mark != '+') {
      while (end > 0 && (text.charAt(end - 1) == ' ' || text.charAt(end - 1) == '\t')) {
        end--;
      }
      boolean lineStart = end > 0 ? text.charAt(end - 1) == '\n' : wholeLine;
      if (!lineStart) {
        return;
      }
    }
    text.setLength(end);
  }

  private static int leadingSpace(CharSequence text) {
    int n = 0;
    while (n < text.length() && Character.isWhitespace(text.charAt(n))) {
      n++;
    }
    return n;
  }

  private int nextTag(int from) {
    for (int i = from; i + 1 < source.length(); i++) {
      if (source.charAt(i) == '{' && "{%#".indexOf(source.charAt(i + 1)) >= 0) {
        return i;
      }
    }
    return source.length();
  }

  /** Where the closing delimiter begins; quotes in expressions and blocks hide delimiters. */
  private int closing(int from, char kind) {
    char end = kind == '{' ? '}' : kind;
    char quote = 0;
    for (int i = from; i + 1 < source.length(); i++) {
      char c = source.charAt(i);
      if (quote != 0) {
        if (c == '\\') {
          i++;
        } else if (c == quote) {
          quote = 0;
        }
      } else if (kind != '#' && (c == '\'' || c == '"')) {
        quote = c;
      } else if (c == end && source.charAt(i + 1) == '}') {
        return i;
      }
    }
    throw new UnsupportedTemplateException("a tag without end");
  }

  private char charAt(int i) {
    return i < source.length() ? source.charAt(i) : 0;
  }
}
