package dev.cofferdam.gateway.prompt.huggingface;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cofferdam.gateway.prompt.AddedToken;
import dev.cofferdam.gateway.prompt.PreTokenizer;
import dev.cofferdam.gateway.prompt.Vocabulary;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.PatternSyntaxException;

/**
 * Reads tokenizer.json: byte-level BPE with Split, Digits and ByteLevel pre-tokenizers, NFC
 * normalisation, and what a TemplateProcessing puts first. Everything else is refused by name.
 */
final class TokenizerFile {
  private static final String GPT2_WORDS =
      "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

  private final JsonNode root;

  TokenizerFile(JsonNode root) {
    this.root = root;
  }

  Vocabulary vocabulary() {
    JsonNode model = root.path("model");
    if (!"BPE".equals(model.path("type").asText("BPE"))) {
      throw unsupported("model type " + model.path("type").asText());
    }
    refuseSet(model, "dropout", "continuing_subword_prefix", "end_of_word_suffix");
    if (model.path("byte_fallback").asBoolean(false)) {
      throw unsupported("byte_fallback");
    }
    Map<String, Integer> ids = new HashMap<>();
    model.path("vocab").properties().forEach(e -> ids.put(e.getKey(), e.getValue().intValue()));
    List<AddedToken> added = added();
    return new Vocabulary(
        tokens(ids, added),
        merges(model.path("merges"), ids),
        model.path("ignore_merges").asBoolean(false),
        added,
        preTokenizer(),
        isNfc(root.path("normalizer")),
        prefix(root.path("post_processor")));
  }

  private static List<Optional<byte[]>> tokens(Map<String, Integer> ids, List<AddedToken> added) {
    int size = ids.values().stream().mapToInt(Integer::intValue).max().orElse(-1) + 1;
    List<Optional<byte[]>> tokens = new ArrayList<>(Collections.nCopies(size, Optional.empty()));
    List<String> addedTexts = added.stream().map(AddedToken::text).toList();
    ids.forEach(
        (entry, id) -> {
          if (!addedTexts.contains(entry)) {
            tokens.set(id, Optional.of(ByteAlphabet.bytes(entry)));
          }
        });
    return tokens;
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
      merges.add(new Vocabulary.Merge(a, b, merged));
    }
    return merges;
  }

  private List<AddedToken> added() {
    List<AddedToken> added = new ArrayList<>();
    for (JsonNode token : root.path("added_tokens")) {
      if (token.path("single_word").asBoolean(false)) {
        throw unsupported("added token with single_word");
      }
      added.add(
          new AddedToken(
              token.path("id").intValue(),
              token.path("content").asText(),
              token.path("special").asBoolean(false),
              token.path("lstrip").asBoolean(false),
              token.path("rstrip").asBoolean(false)));
    }
    return added;
  }

  private PreTokenizer preTokenizer() {
    List<String> patterns = new ArrayList<>();
    boolean prefixSpace = false;
    boolean byteLevel = false;
    for (JsonNode step : steps(root.path("pre_tokenizer"), "pretokenizers")) {
      String type = step.path("type").asText();
      switch (type) {
        case "Split" -> patterns.add(splitPattern(step));
        case "Digits" ->
            patterns.add(step.path("individual_digits").asBoolean(false) ? "\\p{N}" : "\\p{N}+");
        case "ByteLevel" -> {
          byteLevel = true;
          prefixSpace |= step.path("add_prefix_space").asBoolean(true);
          if (step.path("use_regex").asBoolean(true)) {
            patterns.add(GPT2_WORDS);
          }
        }
        default -> throw unsupported("pre-tokenizer " + type);
      }
    }
    if (!byteLevel) {
      throw unsupported("a pre-tokenizer without ByteLevel");
    }
    try {
      return new PreTokenizer(patterns, prefixSpace);
    } catch (PatternSyntaxException e) {
      throw new UnsupportedModelException("tokenizer.json: pattern: " + e.getDescription(), e);
    }
  }

  private static String splitPattern(JsonNode step) {
    if (!"Isolated".equals(step.path("behavior").asText()) || step.path("invert").asBoolean()) {
      throw unsupported("Split other than isolated");
    }
    JsonNode pattern = step.path("pattern");
    return pattern.has("Regex")
        ? pattern.path("Regex").asText()
        : java.util.regex.Pattern.quote(pattern.path("String").asText());
  }

  private static boolean isNfc(JsonNode normalizer) {
    boolean nfc = false;
    for (JsonNode step : steps(normalizer, "normalizers")) {
      if (!"NFC".equals(step.path("type").asText())) {
        throw unsupported("normalizer " + step.path("type").asText());
      }
      nfc = true;
    }
    return nfc;
  }

  private static List<Integer> prefix(JsonNode postProcessor) {
    List<Integer> prefix = new ArrayList<>();
    for (JsonNode step : steps(postProcessor, "processors")) {
      String type = step.path("type").asText();
      if ("ByteLevel".equals(type)) {
        continue;
      }
      if (!"TemplateProcessing".equals(type)) {
        throw unsupported("post-processor " + type);
      }
      for (JsonNode part : step.path("single")) {
        if (part.has("Sequence")) {
          break;
        }
        String name = part.path("SpecialToken").path("id").asText();
        for (JsonNode id : step.path("special_tokens").path(name).path("ids")) {
          prefix.add(id.intValue());
        }
      }
    }
    return prefix;
  }

  /** The parts of a Sequence, a single step, or nothing. */
  private static List<JsonNode> steps(JsonNode node, String parts) {
    if (node.isMissingNode() || node.isNull()) {
      return List.of();
    }
    if (!"Sequence".equals(node.path("type").asText())) {
      return List.of(node);
    }
    List<JsonNode> steps = new ArrayList<>();
    node.path(parts).forEach(part -> steps.addAll(steps(part, parts)));
    return steps;
  }

  private static void refuseSet(JsonNode model, String... fields) {
    for (String field : fields) {
      JsonNode value = model.path(field);
      if (!value.isMissingNode() && !value.isNull() && !value.asText().isEmpty()) {
        throw unsupported(field);
      }
    }
  }

  private static UnsupportedModelException unsupported(String what) {
    return new UnsupportedModelException("tokenizer.json: " + what + " is not supported");
  }
}
