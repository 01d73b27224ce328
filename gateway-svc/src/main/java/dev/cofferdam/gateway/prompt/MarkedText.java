package dev.cofferdam.gateway.prompt;

/**
 * A text that knows of each of its characters whether a client wrote it. What a template makes of
 * contents (cuts, trims, joins) keeps the marks, so that nothing of a client's is ever taken for
 * the template's own.
 *
 * @param text the text
 * @param marks a character for each of the text's: {@link #CLIENT} or {@link #OWN}
 */
public record MarkedText(String text, String marks) {
  public static final char OWN = '.';
  public static final char CLIENT = 'c';
  public static final MarkedText EMPTY = own("");

  /**
   * @throws IllegalArgumentException where the lengths differ
   */
  public MarkedText {
    if (text.length() != marks.length()) {
      throw new IllegalArgumentException("marks for another text");
    }
  }

  /** A text of the template's. */
  public static MarkedText own(String text) {
    return new MarkedText(text, String.valueOf(OWN).repeat(text.length()));
  }

  /** A text of a client's. */
  public static MarkedText client(String text) {
    return new MarkedText(text, String.valueOf(CLIENT).repeat(text.length()));
  }

  public boolean isEmpty() {
    return text.isEmpty();
  }

  public MarkedText plus(MarkedText more) {
    return new MarkedText(text + more.text, marks + more.marks);
  }

  public MarkedText substring(int from, int to) {
    return new MarkedText(text.substring(from, to), marks.substring(from, to));
  }
}
