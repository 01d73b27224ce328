package dev.cofferdam.gguf;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The tokenizer inside of a GGUF file, as it stands there. It is consistent: all ids are those of
 * tokens, and the lists have one entry for each token.
 *
 * @param model "gpt2" (byte-level pairs by merges) or "llama" (pieces by scores)
 * @param splitter name of the rule that splits text into words, if the file says one
 * @param tokens text of each token id; in the byte alphabet of GPT-2, or with U+2581 for spaces
 * @param kinds kind of each token id
 * @param scores score of each token id; empty where the model has none
 * @param merges pairs by rank; empty where the model has none
 * @param special ids by name: "bos", "eos", "eot", "eom", "unknown", "padding", as far as the file
 *     says them
 * @param settings booleans by name: "add_bos_token", "add_eos_token", "add_space_prefix", as far as
 *     the file says them
 * @param chatTemplate Jinja template of a conversation, if there is one
 */
public record GgufTokenizer(
    String model,
    Optional<String> splitter,
    List<String> tokens,
    List<Kind> kinds,
    List<Double> scores,
    List<Merge> merges,
    Map<String, Integer> special,
    Map<String, Boolean> settings,
    Optional<String> chatTemplate) {

  /** What a token is for, in the order of the numbers in a file. */
  public enum Kind {
    UNDEFINED,
    NORMAL,
    UNKNOWN,
    CONTROL,
    USER_DEFINED,
    UNUSED,
    BYTE
  }

  /** Two pieces that become one. */
  public record Merge(String left, String right) {}

  public GgufTokenizer {
    tokens = List.copyOf(tokens);
    kinds = List.copyOf(kinds);
    scores = List.copyOf(scores);
    merges = List.copyOf(merges);
    special = Map.copyOf(special);
    settings = Map.copyOf(settings);
  }
}
