package dev.cofferdam.gateway.prompt;

/**
 * A token beside the byte-pair vocabulary, known by its text.
 *
 * @param id token id
 * @param text at least two characters
 * @param special it steers the model and never shows in output
 * @param stripLeft white space before it belongs to it
 * @param stripRight white space after it belongs to it
 */
public record AddedToken(
    int id, String text, boolean special, boolean stripLeft, boolean stripRight) {

  /**
   * @throws IllegalArgumentException for a text that could not be guarded against in content
   */
  public AddedToken {
    if (text.length() < 2) {
      throw new IllegalArgumentException("added token " + id + ": text shorter than 2 characters");
    }
  }
}
