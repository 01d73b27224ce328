package dev.cofferdam.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Writes a Hugging Face folder's tokenizer and model as GGUF, as llama.cpp's converter does. */
public final class FolderTwin {
  private static final JsonMapper JSON = new JsonMapper();
  private static final int UNUSED = 5;
  private static final Map<String, String> NAMES =
      Map.ofEntries(
          Map.entry("self_attn.q_proj", "attn_q"),
          Map.entry("self_attn.k_proj", "attn_k"),
          Map.entry("self_attn.v_proj", "attn_v"),
          Map.entry("self_attn.o_proj", "attn_output"),
          Map.entry("input_layernorm", "attn_norm"),
          Map.entry("post_attention_layernorm", "ffn_norm"),
          Map.entry("mlp.gate_proj", "ffn_gate"),
          Map.entry("mlp.up_proj", "ffn_up"),
          Map.entry("mlp.down_proj", "ffn_down"),
          Map.entry("model.embed_tokens", "token_embd"),
          Map.entry("model.norm", "output_norm"),
          Map.entry("lm_head", "output"));

  private final Path folder;
  private final GgufWriter file = new GgufWriter();

  private FolderTwin(Path folder) {
    this.folder = folder;
  }

  /**
   * The tokenizer alone.
   *
   * @param splitter name of the rule that cuts text into words; empty for pieces with scores
   */
  public static GgufWriter tokenizer(Path folder, String splitter) {
    FolderTwin twin = new FolderTwin(folder);
    twin.vocabulary(splitter);
    return twin.file;
  }

  /**
   * Tokenizer and model, of architecture llama, with the elements as they are stored in one
   * safetensors file.
   *
   * @param splitter name of the rule that cuts text into words; empty for pieces with scores
   */
  public static GgufWriter model(Path folder, String splitter) {
    FolderTwin twin = new FolderTwin(folder);
    twin.vocabulary(splitter);
    twin.geometry();
    twin.tensors();
    return twin.file;
  }

  private void vocabulary(String splitter) {
    JsonNode root = json("tokenizer.json");
    Map<String, Integer> ids = new HashMap<>();
    Map<String, Integer> kinds = new HashMap<>();
    root.path("model")
        .path("vocab")
        .properties()
        .forEach(
            e -> {
              ids.put(e.getKey(), e.getValue().intValue());
              boolean oneByte = splitter.isEmpty() && e.getKey().matches("<0x[0-9A-F]{2}>");
              kinds.put(e.getKey(), oneByte ? 6 : 1);
            });
    for (JsonNode token : root.path("added_tokens")) {
      String text = token.path("content").asText();
      ids.put(text, token.path("id").intValue());
      kinds.put(text, text.equals("<unk>") ? 2 : token.path("special").asBoolean() ? 3 : 4);
    }
    int size = Collections.max(ids.values()) + 1;
    List<String> tokens = new ArrayList<>();
    List<Integer> types = new ArrayList<>(Collections.nCopies(size, UNUSED));
    List<Float> scores = new ArrayList<>();
    for (int id = 0; id < size; id++) {
      tokens.add("[PAD" + id + "]");
      scores.add((float) -id);
    }
    ids.forEach(
        (text, id) -> {
          tokens.set(id, text);
          types.set(id, kinds.getOrDefault(text, UNUSED));
        });
    file.with("tokenizer.ggml.model", splitter.isEmpty() ? "llama" : "gpt2");
    file.with("tokenizer.ggml.tokens", tokens).with("tokenizer.ggml.token_type", types);
    if (splitter.isEmpty()) {
      file.with("tokenizer.ggml.scores", scores);
    } else {
      file.with("tokenizer.ggml.pre", splitter);
      file.with("tokenizer.ggml.merges", merges(root.path("model").path("merges")));
    }
    special(root, ids);
  }

  private static List<String> merges(JsonNode list) {
    List<String> merges = new ArrayList<>();
    for (JsonNode merge : list) {
      merges.add(
          merge.isArray() ? merge.path(0).asText() + " " + merge.path(1).asText() : merge.asText());
    }
    return merges;
  }

  private void special(JsonNode root, Map<String, Integer> ids) {
    JsonNode config =
        Files.exists(folder.resolve("tokenizer_config.json"))
            ? json("tokenizer_config.json")
            : JSON.createObjectNode();
    for (String name : List.of("bos", "eos")) {
      Integer id = ids.get(config.path(name + "_token").asText());
      if (id != null) {
        file.with("tokenizer.ggml." + name + "_token_id", id);
      }
    }
    boolean before = false;
    boolean after = false;
    boolean seen = false;
    for (JsonNode part : root.findPath("single")) {
      if (part.has("Sequence")) {
        seen = true;
        continue;
      }
      String name = seen ? "eos" : "bos";
      before |= !seen;
      after |= seen;
      int id = ids.getOrDefault(part.path("SpecialToken").path("id").asText(), 0);
      file.with("tokenizer.ggml." + name + "_token_id", id);
    }
    file.with("tokenizer.ggml.add_bos_token", before).with("tokenizer.ggml.add_eos_token", after);
    file.with(
        "tokenizer.chat_template",
        new String(bytes("chat_template.jinja"), StandardCharsets.UTF_8));
  }

  private void geometry() {
    JsonNode config = json("config.json");
    file.with("general.architecture", "llama");
    Map.of(
            "context_length", "max_position_embeddings",
            "embedding_length", "hidden_size",
            "block_count", "num_hidden_layers",
            "feed_forward_length", "intermediate_size",
            "attention.head_count", "num_attention_heads",
            "attention.head_count_kv", "num_key_value_heads",
            "rope.dimension_count", "head_dim")
        .forEach((to, from) -> file.with("llama." + to, config.path(from).intValue()));
    file.with(
        "llama.attention.layer_norm_rms_epsilon", (float) config.path("rms_norm_eps").asDouble());
    file.with("llama.rope.freq_base", (float) config.path("rope_theta").asDouble());
  }

  private void tensors() {
    int head = json("config.json").path("head_dim").intValue();
    ByteBuffer all = ByteBuffer.wrap(bytes("model.safetensors")).order(ByteOrder.LITTLE_ENDIAN);
    int headerBytes = Math.toIntExact(all.getLong());
    byte[] header = new byte[headerBytes];
    all.get(header);
    ByteBuffer data = all.slice();
    for (Map.Entry<String, JsonNode> entry : parse(header).properties()) {
      if (entry.getKey().equals("__metadata__")) {
        continue;
      }
      JsonNode tensor = entry.getValue();
      int from = tensor.path("data_offsets").path(0).intValue();
      byte[] elements = new byte[tensor.path("data_offsets").path(1).intValue() - from];
      data.get(from, elements);
      int dimensions = tensor.path("shape").size();
      long[] shape = new long[dimensions];
      for (int i = 0; i < dimensions; i++) {
        shape[i] = tensor.path("shape").path(i).longValue();
      }
      String name = entry.getKey();
      boolean turned = name.contains("q_proj") || name.contains("k_proj");
      file.add(
          translated(name),
          tensor.path("dtype").asText().equals("BF16") ? GgufWriter.BF16 : GgufWriter.F32,
          turned ? neighbours(elements, (int) shape[0], head) : elements,
          shape);
    }
  }

  private static String translated(String name) {
    String plain = name.replaceAll("\\.weight$", "");
    String suffix = name.substring(plain.length());
    if (!plain.startsWith("model.layers.")) {
      return NAMES.getOrDefault(plain, plain) + suffix;
    }
    String[] parts = plain.split("\\.", 4);
    return "blk." + parts[2] + "." + NAMES.getOrDefault(parts[3], parts[3]) + suffix;
  }

  /** Rows of each head: the halves that are turned together come to lie beside each other. */
  private static byte[] neighbours(byte[] rows, int count, int head) {
    int bytes = rows.length / count;
    byte[] result = new byte[rows.length];
    for (int row = 0; row < count; row++) {
      int within = row % head;
      int to = row - within + 2 * (within % (head / 2)) + within / (head / 2);
      System.arraycopy(rows, row * bytes, result, to * bytes, bytes);
    }
    return result;
  }

  private JsonNode json(String name) {
    return parse(bytes(name));
  }

  private static JsonNode parse(byte[] json) {
    try {
      return JSON.readTree(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private byte[] bytes(String name) {
    try {
      return Files.readAllBytes(folder.resolve(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
