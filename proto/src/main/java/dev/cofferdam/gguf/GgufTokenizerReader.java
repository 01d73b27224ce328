package dev.cofferdam.gguf;

import dev.cofferdam.gguf.GgufTokenizer.Kind;
import dev.cofferdam.gguf.GgufTokenizer.Merge;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads and checks the pairs that begin with {@code tokenizer.}. */
public final class GgufTokenizerReader {
  private static final String PREFIX = "tokenizer.ggml.";

  private final GgufMetadata metadata;

  public GgufTokenizerReader(GgufMetadata metadata) {
    this.metadata = metadata;
  }

  /**
   * The tokenizer, if the file has one.
   *
   * @throws GgufException when it is inconsistent or of an unknown kind
   */
  public Optional<GgufTokenizer> read() {
    return metadata.text(PREFIX + "model").map(this::read);
  }

  private GgufTokenizer read(String model) {
    if (!model.equals("gpt2") && !model.equals("llama")) {
      throw metadata.refused(PREFIX + "model", "only gpt2 and llama are supported");
    }
    if (metadata.has(PREFIX + "precompiled_charsmap")) {
      throw metadata.refused(PREFIX + "precompiled_charsmap", "not supported");
    }
    List<String> tokens =
        metadata.list(PREFIX + "tokens", String.class, "strings").orElseGet(List::of);
    if (tokens.isEmpty()) {
      throw metadata.refused(PREFIX + "tokens", "missing or empty");
    }
    List<Merge> merges = merges();
    List<Double> scores = scores(tokens.size());
    if (model.equals("gpt2") && merges.isEmpty()) {
      throw metadata.refused(PREFIX + "merges", "missing or empty");
    }
    if (model.equals("llama") && scores.isEmpty()) {
      throw metadata.refused(PREFIX + "scores", "missing or empty");
    }
    return new GgufTokenizer(
        model,
        metadata.text(PREFIX + "pre"),
        tokens,
        kinds(tokens.size()),
        scores,
        merges,
        special(tokens.size()),
        settings(),
        metadata.text("tokenizer.chat_template"));
  }

  private List<Kind> kinds(int count) {
    String key = PREFIX + "token_type";
    Optional<List<Long>> ids = metadata.list(key, Long.class, "whole numbers");
    if (ids.isEmpty()) {
      return Collections.nCopies(count, Kind.NORMAL);
    }
    requireCount(key, ids.get(), count);
    List<Kind> kinds = new ArrayList<>(count);
    for (long id : ids.get()) {
      if (id < 0 || id >= Kind.values().length) {
        throw metadata.refused(key, "an unknown kind");
      }
      kinds.add(Kind.values()[(int) id]);
    }
    return kinds;
  }

  private List<Double> scores(int count) {
    String key = PREFIX + "scores";
    Optional<List<Double>> scores = metadata.list(key, Double.class, "numbers");
    if (scores.isEmpty()) {
      return List.of();
    }
    requireCount(key, scores.get(), count);
    if (!scores.get().stream().allMatch(Double::isFinite)) {
      throw metadata.refused(key, "a score that is not finite");
    }
    return scores.get();
  }

  private List<Merge> merges() {
    String key = PREFIX + "merges";
    List<String> lines = metadata.list(key, String.class, "strings").orElseGet(List::of);
    List<Merge> merges = new ArrayList<>(lines.size());
    for (String line : lines) {
      int space = line.indexOf(' ');
      if (space < 1 || space == line.length() - 1 || line.indexOf(' ', space + 1) >= 0) {
        throw metadata.refused(key, "a merge that is no pair");
      }
      merges.add(new Merge(line.substring(0, space), line.substring(space + 1)));
    }
    return merges;
  }

  private Map<String, Integer> special(int count) {
    Map<String, Integer> special = new HashMap<>();
    for (String name : List.of("bos", "eos", "eot", "eom", "unknown", "padding")) {
      String key = PREFIX + name + "_token_id";
      Optional<Long> id = metadata.whole(key);
      if (id.isPresent()) {
        if (id.get() < 0 || id.get() >= count) {
          throw metadata.refused(key, "not a token");
        }
        special.put(name, Math.toIntExact(id.get()));
      }
    }
    return special;
  }

  private Map<String, Boolean> settings() {
    Map<String, Boolean> settings = new HashMap<>();
    for (String name : List.of("add_bos_token", "add_eos_token", "add_space_prefix")) {
      metadata.flag(PREFIX + name).ifPresent(value -> settings.put(name, value));
    }
    return settings;
  }

  private void requireCount(String key, List<?> list, int count) {
    if (list.size() != count) {
      throw metadata.refused(key, "not as many as tokens");
    }
  }
}
