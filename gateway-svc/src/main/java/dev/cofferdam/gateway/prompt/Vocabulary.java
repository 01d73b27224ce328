package dev.cofferdam.gateway.prompt;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a tokenizer's file says.
 *
 * @param tokens each byte-pair token by id as words are spelled, in bytes; empty for ids that are
 *     none
 * @param merges pairs of ids and what they merge to
 * @param spelling what a word consists of before anything merges
 * @param ignoreMerges every word of the vocabulary is one token
 * @param added tokens beside the vocabulary
 * @param form what is done to text first
 * @param preTokenizer how text is cut into words
 * @param prefix tokens before a plain text, such as the begin of text
 * @param suffix tokens after a plain text
 * @param output bytes of each id's text, added tokens included
 * @param leadingSpaces spaces at the beginning of an output that are taken off where it stands
 *     alone, because they are put before every text
 */
public record Vocabulary(
    List<Optional<byte[]>> tokens,
    List<Merge> merges,
    Spelling spelling,
    boolean ignoreMerges,
    List<AddedToken> added,
    TextForm form,
    PreTokenizer preTokenizer,
    List<Integer> prefix,
    List<Integer> suffix,
    List<byte[]> output,
    int leadingSpaces) {

  /** U+2581, which stands for a space where words are spelled in characters. */
  private static final byte[] MARK = {(byte) 0xe2, (byte) 0x96, (byte) 0x81};

  /** The same with other tokens before and after a plain text. */
  public Vocabulary around(List<Integer> newPrefix, List<Integer> newSuffix) {
    return new Vocabulary(
        tokens,
        merges,
        spelling,
        ignoreMerges,
        added,
        form,
        preTokenizer,
        newPrefix,
        newSuffix,
        output,
        leadingSpaces);
  }

  /**
   * Bytes before which a word can be cut without changing its tokens, so that a whole text is not
   * one word: the mark of a space, where no merge makes a token that has one inside. Empty where
   * there is no such cut.
   */
  byte[] cut() {
    boolean marked = tokens.stream().anyMatch(t -> Arrays.equals(t.orElse(null), MARK));
    boolean cuts =
        !spelling.bytewise()
            && !ignoreMerges
            && marked
            && merges.stream()
                .noneMatch(
                    m -> tokens.get(m.result()).filter(Vocabulary::hasMarkInside).isPresent());
    return cuts ? MARK.clone() : new byte[0];
  }

  private static boolean hasMarkInside(byte[] token) {
    String text = new String(token, StandardCharsets.UTF_8);
    return text.replaceFirst("^\u2581+", "").indexOf('\u2581') >= 0;
  }

  /**
   * Two adjacent tokens that become one.
   *
   * @param rank the smallest merges first, the leftmost of equals
   */
  public record Merge(int left, int right, int result, int rank) {}

  /**
   * What a word consists of before anything merges.
   *
   * @param bytewise of bytes, as in GPT-2; otherwise of characters
   * @param byteTokens token of each of the 256 bytes, for characters that have no token; empty
   *     where there is no such fallback, -1 for a byte without token
   * @param unknown token of what has none; empty where it is dropped
   * @param fuseUnknown one such token stands for a run of what has none
   */
  public record Spelling(
      boolean bytewise, List<Integer> byteTokens, OptionalInt unknown, boolean fuseUnknown) {
    /** Of bytes, each of which has a token. */
    public static final Spelling BYTES = new Spelling(true, List.of(), OptionalInt.empty(), false);
  }
}
