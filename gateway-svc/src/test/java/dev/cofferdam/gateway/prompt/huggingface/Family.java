package dev.cofferdam.gateway.prompt.huggingface;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cofferdam.gateway.prompt.ByteAlphabet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/** The forms in which families of models write tokenizer.json, each with a small vocabulary. */
enum Family {
  /** Normalizers put the mark; older conversions also let added tokens be normalised. */
  LLAMA_2(true),
  LLAMA_2_NORMALIZED_TOKENS(true),
  LLAMA_2_WITHOUT_FALLBACK(true),
  /** Metaspace puts the mark. */
  MISTRAL_1(true),
  MISTRAL_3_ALWAYS_SPLIT(true),
  MISTRAL_3_NEVER(true),
  LLAMA_3(false),
  MISTRAL_NEMO(false),
  QWEN_2(false),
  QWEN_3(false),
  GPT_2(false),
  /** Digits one by one, and no tokens for some bytes. */
  SMOL_LM(false),
  /** No family's: every flag of added tokens, with letters in lower case or composed. */
  FLAGS(false),
  FLAGS_COMPOSED(false);

  private static final JsonMapper JSON = new JsonMapper();
  private static final String LLAMA_3_WORDS =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|"
          + " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  private static final String NEMO_WORDS =
      "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|"
          + "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|"
          + "\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  private static final String LETTERS = letters();

  private final boolean pieces;

  Family(boolean pieces) {
    this.pieces = pieces;
  }

  /** Whether words are spelled in characters, with a mark for spaces. */
  boolean isOfPieces() {
    return pieces;
  }

  /** Texts of the added tokens. */
  List<String> addedTexts() {
    return switch (this) {
      case LLAMA_2, LLAMA_2_NORMALIZED_TOKENS, LLAMA_2_WITHOUT_FALLBACK, MISTRAL_1 ->
          List.of("<unk>", "<s>", "</s>");
      case MISTRAL_3_ALWAYS_SPLIT, MISTRAL_3_NEVER, MISTRAL_NEMO ->
          List.of("<unk>", "<s>", "</s>", "[INST]", "[/INST]");
      case LLAMA_3 ->
          List.of(
              "<|begin_of_text|>",
              "<|end_of_text|>",
              "<|start_header_id|>",
              "<|end_header_id|>",
              "<|eot_id|>");
      case QWEN_2 -> List.of("<|endoftext|>", "<|im_start|>", "<|im_end|>");
      case QWEN_3 -> List.of("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>");
      case GPT_2 -> List.of("<|endoftext|>");
      case SMOL_LM -> List.of("<|endoftext|>", "<|im_start|>", "<|im_end|>");
      case FLAGS, FLAGS_COMPOSED ->
          List.of("<|end|>", "Mask", "<left>", "<right>", "<both>", "<<", "<<Sys>>", "<norm>");
    };
  }

  /** Writes tokenizer.json into a folder. */
  Path write(Path folder) {
    ObjectNode root = JSON.createObjectNode();
    root.put("version", "1.0");
    root.putNull("truncation").putNull("padding");
    List<String> vocabulary = new ArrayList<>();
    List<String[]> merges = new ArrayList<>();
    if (pieces) {
      pieceVocabulary(vocabulary, merges);
    } else {
      byteVocabulary(vocabulary, merges);
    }
    root.set("added_tokens", added(vocabulary));
    root.set("normalizer", normalizer());
    root.set("pre_tokenizer", preTokenizer());
    root.set("post_processor", postProcessor(vocabulary));
    root.set(
        "decoder",
        pieces
            ? json(
                """
                {"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},
                {"type":"ByteFallback"},{"type":"Fuse"}%s]}
                """
                    .formatted(
                        this == MISTRAL_3_NEVER
                            ? ""
                            : ",{\"type\":\"Strip\",\"content\":\" \",\"start\":1,\"stop\":0}"))
            : json(
                "{\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"trim_offsets\":true,\"use_regex\":true}"));
    ObjectNode model = root.putObject("model");
    model.put("type", "BPE").putNull("dropout").putNull("continuing_subword_prefix");
    model.putNull("end_of_word_suffix");
    if (pieces) {
      model.put("unk_token", "<unk>");
    } else {
      model.putNull("unk_token");
    }
    model.put("fuse_unk", pieces);
    model.put("byte_fallback", pieces && this != LLAMA_2_WITHOUT_FALLBACK);
    model.put("ignore_merges", this == LLAMA_3);
    ObjectNode vocab = model.putObject("vocab");
    for (int id = 0; id < vocabulary.size(); id++) {
      vocab.put(vocabulary.get(id), id);
    }
    ArrayNode list = model.putArray("merges");
    for (String[] merge : merges) {
      if (this == QWEN_3 || this == MISTRAL_1) {
        list.addArray().add(merge[0]).add(merge[1]);
      } else {
        list.add(merge[0] + " " + merge[1]);
      }
    }
    Path file = folder.resolve("tokenizer.json");
    try {
      Files.write(file, JSON.writeValueAsBytes(root));
      Files.writeString(folder.resolve("chat_template.jinja"), "its own");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return file;
  }

  /** As SentencePiece's models are converted: every way to make a piece is a merge. */
  private void pieceVocabulary(List<String> vocabulary, List<String[]> merges) {
    List<String> words =
        Arrays.stream(TinyBpe.CORPUS.split("(?= )")).map(w -> w.replace(' ', '▁')).toList();
    List<String> alphabet =
        (TinyBpe.CORPUS + "▁")
            .codePoints()
            .filter(c -> c != ' ' && c < 0x4000)
            .sorted()
            .distinct()
            .mapToObj(Character::toString)
            .toList();
    TinyBpe bpe = new TinyBpe(words, alphabet, 250);
    vocabulary.addAll(addedTexts());
    if (this != LLAMA_2_WITHOUT_FALLBACK) {
      for (int b = 0; b < 256; b++) {
        vocabulary.add(String.format("<0x%02X>", b));
      }
    }
    vocabulary.addAll(bpe.symbols.subList(alphabet.size(), bpe.symbols.size()));
    vocabulary.add("▁▁");
    vocabulary.add("▁▁▁▁");
    vocabulary.addAll(alphabet);
    for (String piece : List.copyOf(vocabulary)) {
      for (int i = 1; i < piece.length(); i++) {
        String left = piece.substring(0, i);
        String right = piece.substring(i);
        if (vocabulary.contains(left) && vocabulary.contains(right)) {
          merges.add(new String[] {left, right});
        }
      }
    }
  }

  private void byteVocabulary(List<String> vocabulary, List<String[]> merges) {
    List<String> words = new ArrayList<>();
    Pattern.compile(LLAMA_3_WORDS, Pattern.UNICODE_CHARACTER_CLASS)
        .matcher(this == FLAGS ? TinyBpe.CORPUS.toLowerCase(java.util.Locale.ROOT) : TinyBpe.CORPUS)
        .results()
        .forEach(m -> words.add(alphabetic(m.group().getBytes(StandardCharsets.UTF_8))));
    List<String> alphabet = new ArrayList<>();
    for (int b = 0; b < 256; b++) {
      boolean lacks = this == SMOL_LM && (b == 0xf3 || b >= 0xf5 || b == 0xc0 || b == 0xc1);
      if (!lacks) {
        alphabet.add(alphabetic(new byte[] {(byte) b}));
      }
    }
    TinyBpe bpe = new TinyBpe(words, alphabet, 350);
    boolean first = this == SMOL_LM || this == MISTRAL_NEMO;
    if (first) {
      vocabulary.addAll(addedTexts());
    }
    vocabulary.addAll(bpe.symbols);
    if (this == LLAMA_3) {
      // Words that no merge leads to.
      vocabulary.add("Ġunmergeable");
      vocabulary.add("xyzzy");
    }
    merges.addAll(bpe.merges);
  }

  private static String alphabetic(byte[] bytes) {
    StringBuilder out = new StringBuilder();
    for (byte b : bytes) {
      out.append(LETTERS.charAt(b & 0xff));
    }
    return out.toString();
  }

  /** The byte alphabet's letters by byte. */
  private static String letters() {
    char[] letters = new char[256];
    for (char c = '!'; c < 256 + 68; c++) {
      boolean gap = (c > '~' && c < '\u00a1') || c == '\u00ad';
      if (!gap) {
        letters[ByteAlphabet.bytes(String.valueOf(c))[0] & 0xff] = c;
      }
    }
    return new String(letters);
  }

  private ArrayNode added(List<String> vocabulary) {
    ArrayNode added = JSON.createArrayNode();
    int next = vocabulary.size();
    for (String text : addedTexts()) {
      int known = vocabulary.indexOf(text);
      added
          .addObject()
          .put("id", known >= 0 ? known : next++)
          .put("content", text)
          .put("single_word", text.equals("Mask"))
          .put("lstrip", text.equals("<left>") || text.equals("<both>"))
          .put("rstrip", text.equals("<right>") || text.equals("<both>"))
          .put("normalized", isNormalized(text))
          .put("special", !text.endsWith("think>") && !text.startsWith("<<"));
    }
    return added;
  }

  private boolean isNormalized(String text) {
    return this == LLAMA_2_NORMALIZED_TOKENS
        || text.equals("<norm>")
        || text.equals("<<Sys>>")
        || text.equals("Mask");
  }

  private JsonNode normalizer() {
    return switch (this) {
      case LLAMA_2, LLAMA_2_NORMALIZED_TOKENS, LLAMA_2_WITHOUT_FALLBACK ->
          json(
              """
              {"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},
              {"type":"Replace","pattern":{"String":" "},"content":"▁"}]}
              """);
      case QWEN_2, QWEN_3, FLAGS_COMPOSED -> json("{\"type\":\"NFC\"}");
      case FLAGS -> json("{\"type\":\"Lowercase\"}");
      default -> json("null");
    };
  }

  private JsonNode preTokenizer() {
    return switch (this) {
      case LLAMA_2, LLAMA_2_NORMALIZED_TOKENS, LLAMA_2_WITHOUT_FALLBACK -> json("null");
      case MISTRAL_1 -> metaspace("first", false);
      case MISTRAL_3_ALWAYS_SPLIT -> metaspace("always", true);
      case MISTRAL_3_NEVER -> metaspace("never", false);
      case LLAMA_3 -> splitThenBytes(LLAMA_3_WORDS);
      case MISTRAL_NEMO -> splitThenBytes(NEMO_WORDS);
      case QWEN_2, QWEN_3 -> splitThenBytes(LLAMA_3_WORDS.replace("{1,3}", ""));
      case GPT_2 ->
          json("{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true}");
      case SMOL_LM ->
          json(
              """
              {"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},
              {"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}]}
              """);
      case FLAGS, FLAGS_COMPOSED ->
          json(
              """
              {"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"String":"-"},"behavior":"Isolated","invert":false},
              {"type":"Digits","individual_digits":false},
              {"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}]}
              """);
    };
  }

  private static JsonNode metaspace(String scheme, boolean split) {
    ObjectNode node = JSON.createObjectNode();
    return node.put("type", "Metaspace")
        .put("replacement", "▁")
        .put("prepend_scheme", scheme)
        .put("split", split);
  }

  private static JsonNode splitThenBytes(String words) {
    ObjectNode node = JSON.createObjectNode();
    node.put("type", "Sequence");
    ArrayNode steps = node.putArray("pretokenizers");
    ObjectNode split = steps.addObject();
    split.put("type", "Split").put("behavior", "Isolated").put("invert", false);
    split.putObject("pattern").put("Regex", words);
    steps
        .addObject()
        .put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", true)
        .put("use_regex", false);
    return node;
  }

  private JsonNode postProcessor(List<String> vocabulary) {
    return switch (this) {
      case LLAMA_2, LLAMA_2_NORMALIZED_TOKENS, LLAMA_2_WITHOUT_FALLBACK, MISTRAL_1 ->
          template("<s>", 1, "</s>", this == MISTRAL_1 ? -1 : 2);
      case LLAMA_3 -> template("<|begin_of_text|>", vocabulary.size(), "", -1);
      case FLAGS, FLAGS_COMPOSED -> template("", -1, "<|end|>", vocabulary.size());
      default -> json("null");
    };
  }

  private static JsonNode template(String before, int beforeId, String after, int afterId) {
    ObjectNode node = JSON.createObjectNode();
    node.put("type", "TemplateProcessing");
    ArrayNode single = node.putArray("single");
    ObjectNode special = JSON.createObjectNode();
    if (beforeId >= 0) {
      special(single, special, before, beforeId);
    }
    single.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
    if (afterId >= 0) {
      special(single, special, after, afterId);
    }
    node.putArray("pair")
        .addAll(
            List.of(
                json("{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}"),
                json("{\"Sequence\":{\"id\":\"B\",\"type_id\":1}}")));
    node.set("special_tokens", special);
    return node;
  }

  private static void special(ArrayNode single, ObjectNode special, String text, int id) {
    single.addObject().putObject("SpecialToken").put("id", text).put("type_id", 0);
    ObjectNode entry = special.putObject(text).put("id", text);
    entry.putArray("ids").add(id);
    entry.putArray("tokens").add(text);
  }

  private static JsonNode json(String text) {
    try {
      return JSON.readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
