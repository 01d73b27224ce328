package dev.cofferdam.gateway.prompt;

import java.util.List;
import java.util.Optional;

/**
 * What a tokenizer's file says.
 *
 * @param tokens bytes of each byte-pair token by id; empty for ids that are none
 * @param merges pairs of ids and what they merge to, lowest rank first
 * @param ignoreMerges every word of the vocabulary is one token
 * @param added tokens beside the vocabulary
 * @param preTokenizer how text is cut into words
 * @param normalizeNfc text is brought to Unicode's composed form first
 * @param prefix tokens before a plain text, such as the begin of text
 */
public record Vocabulary(
    List<Optional<byte[]>> tokens,
    List<Merge> merges,
    boolean ignoreMerges,
    List<AddedToken> added,
    PreTokenizer preTokenizer,
    boolean normalizeNfc,
    List<Integer> prefix) {

  /** Two adjacent tokens that become one. */
  public record Merge(int left, int right, int result) {}
}
