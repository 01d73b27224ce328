package dev.cofferdam.gateway.prompt;

import static dev.cofferdam.gateway.prompt.CharacterKinds.LETTER;
import static dev.cofferdam.gateway.prompt.CharacterKinds.NEWLINE;
import static dev.cofferdam.gateway.prompt.CharacterKinds.NOT_LOWER;
import static dev.cofferdam.gateway.prompt.CharacterKinds.NOT_UPPER;
import static dev.cofferdam.gateway.prompt.CharacterKinds.NUMBER;
import static dev.cofferdam.gateway.prompt.CharacterKinds.OTHER;
import static dev.cofferdam.gateway.prompt.CharacterKinds.SPACE;

import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The patterns by which families of models cut text into words, as their tokenizer.json has them,
 * each beside a way to do the same without a regular expression, which is ten times as fast. Each
 * of them matches at every character.
 */
public enum WordPattern {
  GPT_2("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+") {
    @Override
    int end(byte[] text, int from, int to) {
      int contraction = contraction(text, from, to, false);
      if (contraction > from) {
        return contraction;
      }
      int at = behindSpace(text, from, to);
      int kind = CharacterKinds.at(text, at) & (LETTER | NUMBER | OTHER);
      return kind == 0 ? space(text, from, to, 0) : CharacterKinds.run(text, at, to, kind);
    }
  },
  LLAMA_3(
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
          + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+") {
    @Override
    int end(byte[] text, int from, int to) {
      return lettersOrNumbers(text, from, to, 3);
    }
  },
  QWEN_2(LLAMA_3.regex.replace("{1,3}", "")) {
    @Override
    int end(byte[] text, int from, int to) {
      return lettersOrNumbers(text, from, to, 1);
    }
  },
  /** Mistral's, since Nemo. Marks count as letters of both cases, and as other characters. */
  TEKKEN(
      "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
          + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*"
          + "|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+") {
    @Override
    int end(byte[] text, int from, int to) {
      int kind = CharacterKinds.at(text, from);
      int next = CharacterKinds.next(text, from);
      boolean mayLead = (kind & (LETTER | NUMBER | NEWLINE)) == 0;
      int end = mayLead ? endingInLowerCase(text, next, to) : -1;
      end = end < 0 ? endingInLowerCase(text, from, to) : end;
      end = end < 0 && mayLead ? inUpperCase(text, next, to) : end;
      end = end < 0 ? inUpperCase(text, from, to) : end;
      if (end >= 0) {
        return end;
      }
      return (kind & NUMBER) != 0 ? next : otherOrSpace(text, from, to, true);
    }
  },
  /** Each number by itself, as SmolLM cuts before it cuts as GPT-2. */
  NUMBERS("\\p{N}") {
    @Override
    int end(byte[] text, int from, int to) {
      int end = CharacterKinds.run(text, from, to, LETTER | SPACE | OTHER);
      return end == from ? CharacterKinds.next(text, from) : end;
    }
  };

  private final String regex;

  WordPattern(String regex) {
    this.regex = regex;
  }

  /** The regular expression, with Unicode's classes. */
  public Pattern pattern() {
    return Pattern.compile(regex, Pattern.UNICODE_CHARACTER_CLASS);
  }

  /** The one that a regular expression is, if it is one of these. */
  static Optional<WordPattern> of(Pattern pattern) {
    boolean unicode = (pattern.flags() & Pattern.UNICODE_CHARACTER_CLASS) != 0;
    return Arrays.stream(values())
        .filter(p -> unicode && p.regex.equals(pattern.pattern()))
        .findFirst();
  }

  /**
   * The end of the word that begins at a place, or of what lies between two.
   *
   * @param text UTF-8
   * @param to end of the text, as far as the pattern sees; behind the place
   */
  abstract int end(byte[] text, int from, int to);

  private static int lettersOrNumbers(byte[] text, int from, int to, int numbersMax) {
    int contraction = contraction(text, from, to, true);
    if (contraction > from) {
      return contraction;
    }
    int kind = CharacterKinds.at(text, from);
    int next = CharacterKinds.next(text, from);
    if ((kind & NUMBER) != 0) {
      for (int n = 1; n < numbersMax && is(text, next, to, NUMBER); n++) {
        next = CharacterKinds.next(text, next);
      }
      return next;
    }
    boolean word = (kind & LETTER) != 0 || ((kind & NEWLINE) == 0 && is(text, next, to, LETTER));
    return word ? CharacterKinds.run(text, next, to, LETTER) : otherOrSpace(text, from, to, false);
  }

  private static boolean is(byte[] text, int at, int to, int kinds) {
    return at < to && (CharacterKinds.at(text, at) & kinds) != 0;
  }

  /** {@code 's|'t|'re|'ve|'m|'ll|'d}; in any case, a long s (U+017F) is one, too. */
  private static int contraction(byte[] text, int from, int to, boolean anyCase) {
    if (text[from] != '\'' || to - from < 2) {
      return from;
    }
    int lower = anyCase ? 0x20 : 0;
    int first = text[from + 1] | lower;
    if (first == 's' || first == 't' || first == 'm' || first == 'd') {
      return from + 2;
    }
    if (to - from < 3) {
      return from;
    }
    int second = text[from + 2] | lower;
    boolean two = (first == 'r' || first == 'v') ? second == 'e' : first == 'l' && second == 'l';
    boolean longS = anyCase && text[from + 1] == (byte) 0xc5 && text[from + 2] == (byte) 0xbf;
    return two || longS ? from + 3 : from;
  }

  /** Behind an optional space, unless it is the last character. */
  private static int behindSpace(byte[] text, int from, int to) {
    return text[from] == ' ' && from + 1 < to ? from + 1 : from;
  }

  /** {@code ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+}, with slashes as with newlines. */
  private static int otherOrSpace(byte[] text, int from, int to, boolean slashes) {
    int at = behindSpace(text, from, to);
    if (!is(text, at, to, OTHER)) {
      return space(text, from, to, NEWLINE);
    }
    int end = CharacterKinds.run(text, at, to, OTHER);
    while (end < to && (text[end] == '\n' || text[end] == '\r' || (slashes && text[end] == '/'))) {
      end++;
    }
    return end;
  }

  /**
   * White space up to the last newline in it; without one, all of it at the end of a text, and up
   * to its last character elsewhere, if there are two.
   */
  private static int space(byte[] text, int from, int to, int newline) {
    int newlines = from;
    int last = from;
    int at = from;
    while (is(text, at, to, SPACE)) {
      last = at;
      boolean ends = (CharacterKinds.at(text, at) & newline) != 0;
      at = CharacterKinds.next(text, at);
      newlines = ends ? at : newlines;
    }
    if (newlines > from) {
      return newlines;
    }
    return at == to || last == from ? at : last;
  }

  /**
   * {@code [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+}: where nothing in lower case
   * follows, the first part gives back up to its last character without case.
   */
  private static int endingInLowerCase(byte[] text, int from, int to) {
    int caseless = -1;
    int at = from;
    while (is(text, at, to, NOT_LOWER)) {
      boolean both = (CharacterKinds.at(text, at) & NOT_UPPER) != 0;
      at = CharacterKinds.next(text, at);
      caseless = both ? at : caseless;
    }
    int end = CharacterKinds.run(text, at, to, NOT_UPPER);
    return end > at ? end : caseless;
  }

  /** {@code [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+}, where nothing in lower case follows. */
  private static int inUpperCase(byte[] text, int from, int to) {
    int end = CharacterKinds.run(text, from, to, NOT_LOWER);
    return end > from ? end : -1;
  }
}
