package dev.cofferdam.gateway.prompt.gguf;

import dev.cofferdam.gateway.prompt.UnsupportedModelException;
import dev.cofferdam.gguf.GgufTokenizer;
import dev.cofferdam.gguf.GgufTokenizer.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/** The tokens of a file that have a part in every text: begin, end, unknown. */
final class SpecialTokens {
  /** What vocabularies of scores mean where they say nothing. */
  private static final Map<String, Integer> OF_PIECES = Map.of("unknown", 0, "bos", 1, "eos", 2);

  /** Texts of tokens that end an output besides those which the file names, as in llama.cpp. */
  private static final Set<String> ENDS =
      Set.of(
          "<|eot_id|>",
          "<|eom_id|>",
          "<|end_of_text|>",
          "<|im_end|>",
          "<|endoftext|>",
          "<|end|>",
          "<end_of_turn>",
          "<EOT>",
          "</s>");

  private final GgufTokenizer tokenizer;

  SpecialTokens(GgufTokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /** Whether the vocabulary is of pieces with scores, not of bytes with merges. */
  boolean ofPieces() {
    return tokenizer.model().equals("llama");
  }

  /** The token of a name: "bos", "eos", "eot", "eom", "unknown", "padding". */
  OptionalInt id(String name) {
    Integer id = tokenizer.special().get(name);
    if (id == null && ofPieces()) {
      id = OF_PIECES.get(name);
    }
    return id == null || id >= tokenizer.tokens().size() ? OptionalInt.empty() : OptionalInt.of(id);
  }

  /** Tokens before a plain text. */
  List<Integer> prefix(boolean byDefault) {
    return around("bos", "add_bos_token", byDefault);
  }

  /** Tokens after a plain text. */
  List<Integer> suffix() {
    return around("eos", "add_eos_token", false);
  }

  private List<Integer> around(String name, String setting, boolean byDefault) {
    if (!tokenizer.settings().getOrDefault(setting, byDefault)) {
      return List.of();
    }
    OptionalInt id = id(name);
    if (id.isEmpty()) {
      throw new UnsupportedModelException(
          "tokenizer.ggml." + setting + ": there is no tokenizer.ggml." + name + "_token_id");
    }
    return List.of(id.getAsInt());
  }

  /** Tokens that end an output. */
  List<Integer> stops() {
    TreeSet<Integer> stops = new TreeSet<>();
    for (String name : List.of("eos", "eot", "eom")) {
      id(name).ifPresent(stops::add);
    }
    for (int id = 0; id < tokenizer.tokens().size(); id++) {
      Kind kind = tokenizer.kinds().get(id);
      boolean added = kind == Kind.CONTROL || kind == Kind.USER_DEFINED;
      if (added && ENDS.contains(tokenizer.tokens().get(id))) {
        stops.add(id);
      }
    }
    return new ArrayList<>(stops);
  }

  /** Texts of "bos_token", …, for the template. */
  Map<String, String> texts() {
    Map<String, String> texts = new HashMap<>();
    Map.of("bos", "bos_token", "eos", "eos_token", "unknown", "unk_token", "padding", "pad_token")
        .forEach((id, name) -> id(id).ifPresent(i -> texts.put(name, tokenizer.tokens().get(i))));
    return texts;
  }
}
