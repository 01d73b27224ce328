package dev.cofferdam.gateway.prompt;

/**
 * A token beside the byte-pair vocabulary, known by its text.
 *
 * @param id token id
 * @param text not empty
 * @param special it steers the model and never shows in output
 * @param normalized its normalised text is found in normalised text, after all that are not
 * @param singleWord it is none where a letter, digit or underscore touches it
 * @param stripLeft white space before it belongs to it
 * @param stripRight white space after it belongs to it
 */
public record AddedToken(
    int id,
    String text,
    boolean special,
    boolean normalized,
    boolean singleWord,
    boolean stripLeft,
    boolean stripRight) {

  /**
   * @throws IllegalArgumentException for an empty text
   */
  public AddedToken {
    if (text.isEmpty()) {
      throw new IllegalArgumentException("added token " + id + ": no text");
    }
  }
}
