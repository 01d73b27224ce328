package dev.cofferdam.gateway.prompt.jinja;

import java.util.ArrayList;
import java.util.List;

/** The tokens of one expression or block, and a place among them. */
final class Tokens {
  private static final String[] OPERATORS = {
    "**", "//", "==", "!=", ">=", "<=", "+", "-", "*", "/", "%", "~", "(", ")", "[", "]", "{", "}",
    ".", ",", ":", "|", "=", ">", "<"
  };

  enum Kind {
    NAME,
    TEXT,
    INTEGER,
    FLOAT,
    OPERATOR,
    END
  }

  /**
   * @param text a name, an operator, a number's digits, or a text's characters
   */
  record Token(Kind kind, String text) {}

  /** Longer than any; what is nested in a tag is read and evaluated by recursion. */
  private static final int TOKENS_MAX = 2_000;

  private static final Token END = new Token(Kind.END, "the end");

  private final List<Token> tokens = new ArrayList<>();
  private int at;

  Tokens(String source) {
    int i = 0;
    while (i < source.length()) {
      char c = source.charAt(i);
      if (Character.isWhitespace(c)) {
        i++;
      } else if (c == '\'' || c == '"') {
        i = text(source, i);
      } else if (c >= '0' && c <= '9') {
        i = number(source, i);
      } else if (Character.isJavaIdentifierStart(c) && c != '$') {
        int end = i;
        while (end < source.length() && Character.isJavaIdentifierPart(source.charAt(end))) {
          end++;
        }
        tokens.add(new Token(Kind.NAME, source.substring(i, end)));
        i = end;
      } else {
        i = operator(source, i);
      }
      if (tokens.size() > TOKENS_MAX) {
        throw new UnsupportedTemplateException("a tag that long");
      }
    }
  }

  private int operator(String source, int from) {
    for (String operator : OPERATORS) {
      if (source.startsWith(operator, from)) {
        tokens.add(new Token(Kind.OPERATOR, operator));
        return from + operator.length();
      }
    }
    throw new UnsupportedTemplateException("the character " + source.charAt(from));
  }

  private int number(String source, int from) {
    int end = from;
    boolean isFloat = false;
    while (end < source.length()) {
      char c = source.charAt(end);
      boolean point =
          c == '.' && !isFloat && end + 1 < source.length() && isDigit(source.charAt(end + 1));
      if (!isDigit(c) && c != '_' && !point) {
        break;
      }
      isFloat |= point;
      end++;
    }
    String digits = source.substring(from, end).replace("_", "");
    tokens.add(new Token(isFloat ? Kind.FLOAT : Kind.INTEGER, digits));
    return end;
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  /** Adjacent texts are one, as in Python. */
  private int text(String source, int from) {
    char quote = source.charAt(from);
    StringBuilder out = new StringBuilder();
    int i = from + 1;
    while (i < source.length() && source.charAt(i) != quote) {
      i = source.charAt(i) == '\\' ? escape(source, i, out) : plain(source, i, out);
    }
    if (i >= source.length()) {
      throw new UnsupportedTemplateException("a text without end");
    }
    Token last = tokens.isEmpty() ? END : tokens.getLast();
    if (last.kind() == Kind.TEXT) {
      tokens.set(tokens.size() - 1, new Token(Kind.TEXT, last.text() + out));
    } else {
      tokens.add(new Token(Kind.TEXT, out.toString()));
    }
    return i + 1;
  }

  private static int plain(String source, int at, StringBuilder out) {
    out.append(source.charAt(at));
    return at + 1;
  }

  private static int escape(String source, int at, StringBuilder out) {
    char c = at + 1 < source.length() ? source.charAt(at + 1) : 0;
    int digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits > 0) {
      try {
        out.appendCodePoint(Integer.parseInt(source, at + 2, at + 2 + digits, 16));
      } catch (NumberFormatException | IndexOutOfBoundsException e) {
        throw new UnsupportedTemplateException("a broken escape");
      }
      return at + 2 + digits;
    }
    int known = "nrtfb\\'\"a".indexOf(c);
    if (known >= 0) {
      out.append("\n\r\t\f\b\\'\"\u0007".charAt(known));
    } else if (isDigit(c) || c == 'N' || c == 'v') {
      throw new UnsupportedTemplateException("the escape \\" + c);
    } else if (c != '\n') {
      out.append('\\').append(c);
    }
    return at + 2;
  }

  Token peek() {
    return peek(0);
  }

  Token peek(int ahead) {
    return at + ahead < tokens.size() ? tokens.get(at + ahead) : END;
  }

  Token next() {
    Token token = peek();
    at++;
    return token;
  }

  boolean isAtEnd() {
    return at >= tokens.size();
  }

  boolean isName(String name) {
    return peek().kind() == Kind.NAME && peek().text().equals(name);
  }

  boolean isOperator(String operator) {
    return peek().kind() == Kind.OPERATOR && peek().text().equals(operator);
  }

  boolean takeName(String name) {
    boolean is = isName(name);
    at += is ? 1 : 0;
    return is;
  }

  boolean takeOperator(String operator) {
    boolean is = isOperator(operator);
    at += is ? 1 : 0;
    return is;
  }

  void expectName(String name) {
    if (!takeName(name)) {
      throw new UnsupportedTemplateException(peek().text() + " in the place of " + name);
    }
  }

  void expectOperator(String operator) {
    if (!takeOperator(operator)) {
      throw new UnsupportedTemplateException(peek().text() + " in the place of " + operator);
    }
  }

  String name() {
    if (peek().kind() != Kind.NAME) {
      throw new UnsupportedTemplateException(peek().text() + " in the place of a name");
    }
    return next().text();
  }

  void end() {
    if (!isAtEnd()) {
      throw new UnsupportedTemplateException(peek().text() + " there");
    }
  }
}
