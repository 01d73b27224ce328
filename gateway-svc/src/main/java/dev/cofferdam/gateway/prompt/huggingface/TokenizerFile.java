package dev.cofferdam.gateway.prompt.huggingface;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cofferdam.gateway.prompt.AddedToken;
import dev.cofferdam.gateway.prompt.ByteAlphabet;
import dev.cofferdam.gateway.prompt.UnsupportedModelException;
import dev.cofferdam.gateway.prompt.Vocabulary;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Reads tokenizer.json: byte-pair encoding over bytes as in GPT-2 or over characters as in
 * SentencePiece. What would give other tokens or other text than Hugging Face's library, and is not
 * offered, is refused by name.
 */
final class TokenizerFile {
  /** More ids than any vocabulary has; bounds what a broken file can ask for. */
  private static final int IDS_MAX = 1 << 22;

  private final JsonNode root;
  private final JsonNode model;
  private final Map<String, Integer> ids = new HashMap<>();
  private final List<AddedToken> added = new ArrayList<>();
  private final List<Integer> prefix = new ArrayList<>();
  private final List<Integer> suffix = new ArrayList<>();

  TokenizerFile(JsonNode root) {
    this.root = root;
    this.model = root.path("model");
  }

  Vocabulary vocabulary() {
    if (!"BPE".equals(model.path("type").asText("BPE"))) {
      throw Steps.unsupported("model type " + model.path("type").asText());
    }
    refuseSet("dropout", "continuing_subword_prefix", "end_of_word_suffix");
    model.path("vocab").properties().forEach(e -> ids.put(e.getKey(), id(e.getValue())));
    readAdded();
    readTemplate();
    PreTokenizerReader words = new PreTokenizerReader(root.path("pre_tokenizer"));
    OutputRule output = new OutputRule(root.path("decoder"), words.isBytewise());
    List<Optional<byte[]>> tokens = tokens(words.isBytewise());
    return new Vocabulary(
        tokens,
        merges(model.path("merges"), ids),
        spelling(words.isBytewise(), tokens),
        model.path("ignore_merges").asBoolean(false),
        added,
        TextFormReader.read(root.path("normalizer"), added),
        words.preTokenizer(),
        prefix,
        suffix,
        output(output),
        output.leadingSpaces());
  }

  private static int id(JsonNode value) {
    int id = value.asInt(-1);
    if (id < 0 || id >= IDS_MAX) {
      throw new UnsupportedModelException("tokenizer.json: a token id out of bounds");
    }
    return id;
  }

  private List<Optional<byte[]>> tokens(boolean bytewise) {
    int size = ids.values().stream().mapToInt(Integer::intValue).max().orElse(-1) + 1;
    List<Optional<byte[]>> tokens = new ArrayList<>(Collections.nCopies(size, Optional.empty()));
    Set<String> addedTexts = addedTexts();
    ids.forEach(
        (entry, id) -> {
          if (!addedTexts.contains(entry)) {
            byte[] word =
                bytewise ? ByteAlphabet.bytes(entry) : entry.getBytes(StandardCharsets.UTF_8);
            tokens.set(id, Optional.of(word));
          }
        });
    return tokens;
  }

  private Set<String> addedTexts() {
    Set<String> texts = new HashSet<>();
    added.forEach(token -> texts.add(token.text()));
    return texts;
  }

  private List<byte[]> output(OutputRule rule) {
    int size = 0;
    for (int id : ids.values()) {
      size = Math.max(size, id + 1);
    }
    for (AddedToken token : added) {
      size = Math.max(size, token.id() + 1);
    }
    List<byte[]> output = new ArrayList<>(Collections.nCopies(size, new byte[0]));
    Set<String> addedTexts = addedTexts();
    ids.forEach(
        (entry, id) -> {
          if (!addedTexts.contains(entry)) {
            output.set(id, rule.bytes(entry));
          }
        });
    added.forEach(token -> output.set(token.id(), rule.bytesOfAdded(token.text())));
    return output;
  }

  /** What a word consists of, and what becomes of that for which there is no token. */
  private Vocabulary.Spelling spelling(boolean bytewise, List<Optional<byte[]>> tokens) {
    boolean fallback = model.path("byte_fallback").asBoolean(false);
    List<Integer> bytes = new ArrayList<>(Collections.nCopies(256, -1));
    for (int b = 0; b < 256; b++) {
      bytes.set(b, ids.getOrDefault(String.format("<0x%02X>", b), -1));
    }
    List<Integer> single = bytewise ? singleBytes(tokens) : fallback ? bytes : List.of();
    boolean complete = !single.isEmpty() && isComplete(single);
    if (bytewise && fallback && !complete) {
      throw Steps.unsupported("byte_fallback beside ByteLevel");
    }
    JsonNode unknown = model.path("unk_token");
    boolean dropped = complete || !unknown.isTextual();
    int unknownId = dropped ? -1 : ids.getOrDefault(unknown.asText(), -1);
    if (!dropped && unknownId < 0) {
      throw Steps.unsupported("an unk_token outside of the vocabulary");
    }
    return new Vocabulary.Spelling(
        bytewise,
        fallback && !bytewise ? bytes : List.of(),
        dropped ? OptionalInt.empty() : OptionalInt.of(unknownId),
        model.path("fuse_unk").asBoolean(false));
  }

  private static List<Integer> singleBytes(List<Optional<byte[]>> tokens) {
    List<Integer> single = new ArrayList<>(Collections.nCopies(256, -1));
    for (int id = 0; id < tokens.size(); id++) {
      byte[] token = tokens.get(id).orElse(new byte[0]);
      if (token.length == 1) {
        single.set(token[0] & 0xff, id);
      }
    }
    return single;
  }

  /** Whether each byte that UTF-8 uses has a token. */
  private static boolean isComplete(List<Integer> bytes) {
    for (int b = 0; b < 0xf5; b++) {
      if (bytes.get(b) < 0 && b != 0xc0 && b != 0xc1) {
        return false;
      }
    }
    return true;
  }

  private static List<Vocabulary.Merge> merges(JsonNode list, Map<String, Integer> ids) {
    List<Vocabulary.Merge> merges = new ArrayList<>(list.size());
    for (JsonNode entry : list) {
      String left;
      String right;
      if (entry.isArray()) {
        left = entry.path(0).asText();
        right = entry.path(1).asText();
      } else {
        String both = entry.asText();
        int space = both.indexOf(' ');
        if (space < 0) {
          throw new UnsupportedModelException("tokenizer.json: a merge without two parts");
        }
        left = both.substring(0, space);
        right = both.substring(space + 1);
      }
      Integer a = ids.get(left);
      Integer b = ids.get(right);
      Integer merged = ids.get(left + right);
      if (a == null || b == null || merged == null) {
        throw new UnsupportedModelException("tokenizer.json: a merge of unknown tokens");
      }
      merges.add(new Vocabulary.Merge(a, b, merged, merges.size()));
    }
    return merges;
  }

  private void readAdded() {
    for (JsonNode token : root.path("added_tokens")) {
      boolean special = token.path("special").asBoolean(false);
      added.add(
          new AddedToken(
              id(token.path("id")),
              token.path("content").asText(),
              special,
              token.path("normalized").asBoolean(!special),
              token.path("single_word").asBoolean(false),
              token.path("lstrip").asBoolean(false),
              token.path("rstrip").asBoolean(false)));
    }
  }

  /** What is put around a plain text. */
  private void readTemplate() {
    for (JsonNode step : Steps.of(root.path("post_processor"), "processors")) {
      String type = Steps.type(step);
      if ("ByteLevel".equals(type)) {
        continue;
      }
      if (!"TemplateProcessing".equals(type) || !prefix.isEmpty() || !suffix.isEmpty()) {
        throw Steps.unsupported("post-processor " + type + " there");
      }
      List<Integer> side = prefix;
      for (JsonNode part : step.path("single")) {
        if (part.has("Sequence")) {
          if (side == suffix) {
            throw Steps.unsupported("a template that repeats the text");
          }
          side = suffix;
          continue;
        }
        String name = part.path("SpecialToken").path("id").asText();
        for (JsonNode id : step.path("special_tokens").path(name).path("ids")) {
          side.add(id(id));
        }
      }
    }
  }

  private void refuseSet(String... fields) {
    for (String field : fields) {
      JsonNode value = model.path(field);
      boolean unset = value.isMissingNode() || value.isNull() || value.asText().isEmpty();
      if (!unset && !(value.isNumber() && value.asDouble() == 0)) {
        throw Steps.unsupported(field);
      }
    }
  }
}
