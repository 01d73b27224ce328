package dev.cofferdam.worker.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/**
 * Reads {@code config.json} of a Hugging Face folder. What would change the model's numbers and is
 * not implemented is refused by its name, never ignored.
 */
public final class ModelConfigReader {
  private static final String FILE = "config.json";
  private static final int FILE_BYTES_MAX = 1 << 20;

  /** Far above any model known; keeps all products of two sizes within a long. */
  private static final int SIZE_MAX = 1 << 24;

  private static final Set<String> TYPES = Set.of("llama", "mistral", "qwen2", "qwen3");

  /** Settings that change the numbers, with the value under which they do not. */
  private static final Map<String, Double> NEUTRAL_NUMBERS =
      Map.of(
          "partial_rotary_factor", 1.0,
          "embedding_multiplier", 1.0,
          "residual_multiplier", 1.0,
          "logits_scaling", 1.0,
          "logit_scale", 1.0);

  private static final Set<String> REFUSED_UNLESS_NULL =
      Set.of(
          "quantization_config",
          "compression_config",
          "attn_logit_softcapping",
          "final_logit_softcapping",
          "attention_multiplier",
          "dual_chunk_attention_config",
          "num_local_experts",
          "num_experts",
          "no_rope_layers");

  private static final Set<String> REFUSED_UNLESS_FALSE =
      Set.of("mlp_bias", "rope_interleaved", "use_qk_norm");

  /** Window of Mistral and Qwen where a configuration does not speak of one. */
  private static final int FIRST_WINDOW = 4096;

  private static final int NO_WINDOW = Integer.MAX_VALUE;

  private final JsonNode root;
  private final String file;

  private ModelConfigReader(JsonNode root, String file) {
    this.root = root;
    this.file = file;
  }

  /**
   * Reads the configuration of a model folder.
   *
   * @throws ModelLoadException when it is missing, malformed or asks for what is not supported
   */
  public static ModelConfig read(Path folder) {
    return parse(StrictJson.bytes(folder.resolve(FILE), FILE_BYTES_MAX));
  }

  /**
   * Reads a configuration.
   *
   * @throws ModelLoadException when it is malformed or asks for what is not supported
   */
  public static ModelConfig parse(byte[] json) {
    return of(StrictJson.object(json, FILE), FILE);
  }

  /**
   * Reads a configuration.
   *
   * @param root as in a {@code config.json}
   * @param file how the message of a refusal calls it
   * @throws ModelLoadException when it is malformed or asks for what is not supported
   */
  public static ModelConfig of(JsonNode root, String file) {
    return new ModelConfigReader(root, file).config();
  }

  private ModelConfig config() {
    String type = type();
    refuseUnsupported();
    int hidden = size("hidden_size");
    int heads = size("num_attention_heads");
    int kvHeads = present("num_key_value_heads") ? size("num_key_value_heads") : heads;
    if (heads % kvHeads != 0) {
      throw refused("num_key_value_heads", "does not divide num_attention_heads");
    }
    boolean bias = type.equals("qwen2") || flag("attention_bias", false);
    int headDimension = headDimension(type, hidden, heads);
    int layers = bounded("num_hidden_layers", 1, 1024);
    int positions = positionsMax(type, layers);
    RopeReader rope = new RopeReader(this, root, headDimension);
    ModelConfig config =
        new ModelConfig(
            type,
            size("vocab_size"),
            hidden,
            size("intermediate_size"),
            layers,
            heads,
            kvHeads,
            headDimension,
            positions,
            positive(root, "rms_norm_eps"),
            rope.theta(),
            rope.scaling(),
            flag("tie_word_embeddings", false),
            bias,
            bias && !type.equals("qwen2"),
            type.equals("qwen3"));
    for (float frequency : config.ropeFrequencies()) {
      if (!Float.isFinite(frequency * SIZE_MAX)) {
        throw refused("rope_theta", "gives angles that are not finite");
      }
    }
    return config;
  }

  private String type() {
    String type = root.path("model_type").asText("");
    if (!TYPES.contains(type)) {
      throw refused("model_type", "only llama, mistral, qwen2 and qwen3 are supported");
    }
    return type;
  }

  private void refuseUnsupported() {
    String activation = root.path("hidden_act").asText("silu");
    if (!activation.equals("silu") && !activation.equals("swish")) {
      throw refused("hidden_act", "only silu is supported");
    }
    for (String name : REFUSED_UNLESS_FALSE) {
      if (flag(name, false)) {
        throw refused(name, "not supported");
      }
    }
    for (String name : REFUSED_UNLESS_NULL) {
      if (present(name)) {
        throw refused(name, "not supported");
      }
    }
    NEUTRAL_NUMBERS.forEach(
        (name, neutral) -> {
          if (present(name) && root.get(name).asDouble(Double.NaN) != neutral) {
            throw refused(name, "only " + neutral + " is supported");
          }
        });
    for (JsonNode layer : root.path("layer_types")) {
      String kind = layer.asText("");
      if (!kind.equals("full_attention") && !kind.equals("sliding_attention")) {
        throw refused("layer_types", "only full_attention and sliding_attention are supported");
      }
    }
  }

  /**
   * Positions up to which full attention is what the model computes: all that it was made for, or
   * one window where any layer has one.
   */
  private int positionsMax(String type, int layers) {
    int window = windowed(type, layers) ? window(type) : NO_WINDOW;
    if (window == NO_WINDOW && slidingLayer()) {
      throw refused("layer_types", "a sliding_attention layer, but no window");
    }
    return Math.min(size("max_position_embeddings"), window);
  }

  private boolean windowed(String type, int layers) {
    if (!type.startsWith("qwen")) {
      return true;
    }
    if (!flag("use_sliding_window", false)) {
      return false;
    }
    return present("layer_types")
        ? slidingLayer()
        : !present("max_window_layers") || bounded("max_window_layers", 0, SIZE_MAX) < layers;
  }

  private int window(String type) {
    if (present("sliding_window")) {
      return size("sliding_window");
    }
    // A window of null is none, but one that is not spoken of is the family's first.
    return root.has("sliding_window") || type.equals("llama") ? NO_WINDOW : FIRST_WINDOW;
  }

  private boolean slidingLayer() {
    for (JsonNode layer : root.path("layer_types")) {
      if (layer.asText("").equals("sliding_attention")) {
        return true;
      }
    }
    return false;
  }

  private int headDimension(String type, int hidden, int heads) {
    int dimension;
    if (present("head_dim")) {
      dimension = bounded("head_dim", 1, 1024);
    } else if (type.equals("qwen3")) {
      dimension = 128; // the family's, whatever the width
    } else if (hidden % heads == 0) {
      dimension = hidden / heads;
    } else {
      throw refused("hidden_size", "not a multiple of num_attention_heads, and no head_dim");
    }
    if (dimension % 2 != 0 || dimension > 1024) {
      throw refused("head_dim", "must be even and at most 1024");
    }
    if ((long) dimension * heads > SIZE_MAX) {
      throw refused("num_attention_heads", "heads times head_dim above " + SIZE_MAX);
    }
    return dimension;
  }

  private boolean present(String name) {
    return present(root, name);
  }

  private static boolean present(JsonNode node, String name) {
    return node.hasNonNull(name);
  }

  private boolean flag(String name, boolean otherwise) {
    if (!present(name)) {
      return otherwise;
    }
    JsonNode node = root.get(name);
    if (!node.isBoolean()) {
      throw refused(name, "not a boolean");
    }
    return node.booleanValue();
  }

  private int size(String name) {
    return bounded(name, 1, SIZE_MAX);
  }

  private int bounded(String name, int least, int most) {
    JsonNode node = root.path(name);
    if (!node.isIntegralNumber()
        || !node.canConvertToInt()
        || node.intValue() < least
        || node.intValue() > most) {
      throw refused(name, "not an integer from " + least + " to " + most);
    }
    return node.intValue();
  }

  double positive(JsonNode node, String name) {
    double value = node.path(name).isNumber() ? node.get(name).doubleValue() : Double.NaN;
    if (!(value > 0) || value > 1e15) {
      throw refused(name, "not a positive number");
    }
    return value;
  }

  ModelLoadException refused(String setting, String complaint) {
    return new ModelLoadException(file + ": " + setting + ": " + complaint);
  }
}
