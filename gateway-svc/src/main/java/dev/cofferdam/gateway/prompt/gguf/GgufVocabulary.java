package dev.cofferdam.gateway.prompt.gguf;

import dev.cofferdam.gateway.prompt.AddedToken;
import dev.cofferdam.gateway.prompt.ByteAlphabet;
import dev.cofferdam.gateway.prompt.PreTokenizer;
import dev.cofferdam.gateway.prompt.TextForm;
import dev.cofferdam.gateway.prompt.UnsupportedModelException;
import dev.cofferdam.gateway.prompt.Vocabulary;
import dev.cofferdam.gateway.prompt.Vocabulary.Merge;
import dev.cofferdam.gateway.prompt.Vocabulary.Spelling;
import dev.cofferdam.gguf.GgufTokenizer;
import dev.cofferdam.gguf.GgufTokenizer.Kind;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The vocabulary in a GGUF file. Tokens for control, for what is unknown, and those that a user
 * defined are added tokens: a template's text may hold them, what a client wrote never does. Unused
 * ones are no text's.
 */
final class GgufVocabulary {
  private static final String TOKENS = "tokenizer.ggml.tokens: ";
  private static final Pattern BYTE = Pattern.compile("<0x([0-9A-Fa-f]{2})>");
  private static final String MARK = "\u2581";

  private final GgufTokenizer tokenizer;
  private final SpecialTokens special;

  /** Ids of the tokens that text is made of. */
  private final Map<String, Integer> ids = new HashMap<>();

  private final List<AddedToken> added = new ArrayList<>();
  private final List<Integer> byteTokens = new ArrayList<>(Collections.nCopies(256, -1));

  GgufVocabulary(GgufTokenizer tokenizer, SpecialTokens special) {
    this.tokenizer = tokenizer;
    this.special = special;
    Map<String, Integer> texts = new HashMap<>();
    for (int id = 0; id < tokenizer.tokens().size(); id++) {
      String text = tokenizer.tokens().get(id);
      Kind kind = text.isEmpty() ? Kind.UNUSED : tokenizer.kinds().get(id);
      if (kind != Kind.UNUSED && texts.put(text, id) != null) {
        throw new UnsupportedModelException(TOKENS + "a token twice");
      }
      sort(id, text, kind);
    }
  }

  private void sort(int id, String text, Kind kind) {
    switch (kind) {
      case NORMAL -> ids.put(text, id);
      case CONTROL, UNKNOWN -> added.add(addedToken(id, text, true));
      case USER_DEFINED -> added.add(addedToken(id, text, false));
      case BYTE -> byteTokens.set(byteOf(text), id);
      case UNUSED, UNDEFINED -> {}
    }
  }

  private static AddedToken addedToken(int id, String text, boolean special) {
    return new AddedToken(id, text, special, false, false, false, false);
  }

  private static int byteOf(String text) {
    Matcher matcher = BYTE.matcher(text);
    if (!matcher.matches()) {
      throw new UnsupportedModelException(TOKENS + "a byte that is not written as <0x00>");
    }
    return Integer.parseInt(matcher.group(1), 16);
  }

  Vocabulary read() {
    return special.ofPieces() ? pieces() : bytewise();
  }

  /** Pieces with scores: spaces are marks, and text begins with one. */
  private Vocabulary pieces() {
    boolean prefixed = tokenizer.settings().getOrDefault("add_space_prefix", true);
    List<TextForm.Step> form = new ArrayList<>();
    if (prefixed) {
      form.add(new TextForm.Step.Prepend(MARK));
    }
    form.add(new TextForm.Step.Replace(" ", MARK));
    boolean fallback = byteTokens.stream().anyMatch(id -> id >= 0);
    boolean complete = byteTokens.stream().allMatch(id -> id >= 0);
    return new Vocabulary(
        words(text -> text.getBytes(StandardCharsets.UTF_8)),
        new PieceMerges(ids, tokenizer.scores()).merges(),
        new Spelling(
            false,
            fallback ? byteTokens : List.of(),
            complete ? OptionalInt.empty() : special.id("unknown"),
            true),
        false,
        added,
        new TextForm(form),
        new PreTokenizer(List.of()),
        special.prefix(true),
        special.suffix(),
        output(text -> text.replace(MARK, " ").getBytes(StandardCharsets.UTF_8)),
        prefixed ? 1 : 0);
  }

  /** Words of bytes, in the alphabet of GPT-2. */
  private Vocabulary bytewise() {
    if (byteTokens.stream().anyMatch(id -> id >= 0)) {
      throw new UnsupportedModelException(TOKENS + "tokens of bytes in a byte-level vocabulary");
    }
    String name = tokenizer.splitter().orElse("default");
    WordRule rule =
        WordRule.of(name)
            .orElseThrow(
                () ->
                    new UnsupportedModelException(
                        "tokenizer.ggml.pre: " + name + " is not supported"));
    return new Vocabulary(
        words(GgufVocabulary::bytes),
        merges(),
        Spelling.BYTES,
        rule.ignoreMerges(),
        added,
        rule.form(),
        rule.words(),
        special.prefix(rule.beginsText()),
        special.suffix(),
        output(GgufVocabulary::bytes),
        0);
  }

  private static byte[] bytes(String word) {
    try {
      return ByteAlphabet.bytes(word);
    } catch (IllegalArgumentException e) {
      throw new UnsupportedModelException(TOKENS + e.getMessage(), e);
    }
  }

  private interface Writing {
    byte[] of(String text);
  }

  private List<Optional<byte[]>> words(Writing spelled) {
    List<Optional<byte[]>> words =
        new ArrayList<>(Collections.nCopies(tokenizer.tokens().size(), Optional.empty()));
    ids.forEach((text, id) -> words.set(id, Optional.of(spelled.of(text))));
    return words;
  }

  private List<byte[]> output(Writing written) {
    List<byte[]> output =
        new ArrayList<>(Collections.nCopies(tokenizer.tokens().size(), new byte[0]));
    ids.forEach((text, id) -> output.set(id, written.of(text)));
    added.forEach(t -> output.set(t.id(), t.text().getBytes(StandardCharsets.UTF_8)));
    for (int b = 0; b < byteTokens.size(); b++) {
      if (byteTokens.get(b) >= 0) {
        output.set(byteTokens.get(b), new byte[] {(byte) b});
      }
    }
    return output;
  }

  private List<Merge> merges() {
    List<Merge> merges = new ArrayList<>(tokenizer.merges().size());
    for (GgufTokenizer.Merge merge : tokenizer.merges()) {
      Integer left = ids.get(merge.left());
      Integer right = ids.get(merge.right());
      Integer result = ids.get(merge.left() + merge.right());
      if (left == null || right == null || result == null) {
        throw new UnsupportedModelException("tokenizer.ggml.merges: a merge of unknown tokens");
      }
      merges.add(new Merge(left, right, result, merges.size()));
    }
    return merges;
  }
}
