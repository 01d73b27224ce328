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
          "num_local_experts",
          "num_experts",
          "no_rope_layers");

  private final JsonNode root;

  private ModelConfigReader(JsonNode root) {
    this.root = root;
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
    return new ModelConfigReader(StrictJson.object(json, FILE)).config();
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
    return new ModelConfig(
        type,
        size("vocab_size"),
        hidden,
        size("intermediate_size"),
        bounded("num_hidden_layers", 1024),
        heads,
        kvHeads,
        headDimension(hidden, heads),
        size("max_position_embeddings"),
        positive(root, "rms_norm_eps"),
        ropeTheta(),
        ropeScaling(),
        flag("tie_word_embeddings", false),
        bias,
        bias && !type.equals("qwen2"),
        type.equals("qwen3"));
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
    if (flag("mlp_bias", false)) {
      throw refused("mlp_bias", "biases of the feed-forward network are not supported");
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
      if (!layer.asText("").equals("full_attention")) {
        throw refused("layer_types", "only full_attention is supported");
      }
    }
    refuseSlidingWindow();
  }

  private void refuseSlidingWindow() {
    boolean used =
        flag("use_sliding_window", !root.path("model_type").asText("").startsWith("qwen"));
    if (used
        && present("sliding_window")
        && size("sliding_window") < size("max_position_embeddings")) {
      throw refused(
          "sliding_window", "windows shorter than max_position_embeddings are not supported");
    }
  }

  private int headDimension(int hidden, int heads) {
    int dimension;
    if (present("head_dim")) {
      dimension = bounded("head_dim", 1024);
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

  private double ropeTheta() {
    JsonNode parameters = root.path("rope_parameters");
    if (present(parameters, "rope_theta")) {
      return positive(parameters, "rope_theta");
    }
    return present("rope_theta") ? positive(root, "rope_theta") : 10_000;
  }

  private RopeScaling ropeScaling() {
    JsonNode parameters =
        present("rope_parameters") ? root.get("rope_parameters") : root.path("rope_scaling");
    if (parameters.isMissingNode() || parameters.isNull()) {
      return new RopeScaling.None();
    }
    if (!parameters.isObject()) {
      throw refused("rope_parameters", "not an object");
    }
    if (present(parameters, "partial_rotary_factor")
        && parameters.get("partial_rotary_factor").asDouble(Double.NaN) != 1) {
      throw refused("partial_rotary_factor", "only 1.0 is supported");
    }
    String type = parameters.path("rope_type").asText(parameters.path("type").asText("default"));
    return switch (type) {
      case "default" -> new RopeScaling.None();
      case "linear" -> new RopeScaling.Linear(positive(parameters, "factor"));
      case "llama3" -> llama3(parameters);
      default -> throw refused("rope_type", "only default, linear and llama3 are supported");
    };
  }

  private static RopeScaling llama3(JsonNode parameters) {
    double low = positive(parameters, "low_freq_factor");
    double high = positive(parameters, "high_freq_factor");
    if (high <= low) {
      throw refused("high_freq_factor", "not above low_freq_factor");
    }
    return new RopeScaling.Llama3(
        positive(parameters, "factor"),
        low,
        high,
        positive(parameters, "original_max_position_embeddings"));
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
    return bounded(name, SIZE_MAX);
  }

  private int bounded(String name, int most) {
    JsonNode node = root.path(name);
    if (!node.isIntegralNumber()
        || !node.canConvertToInt()
        || node.intValue() < 1
        || node.intValue() > most) {
      throw refused(name, "not an integer from 1 to " + most);
    }
    return node.intValue();
  }

  private static double positive(JsonNode node, String name) {
    double value = node.path(name).isNumber() ? node.get(name).doubleValue() : Double.NaN;
    if (!(value > 0) || value > 1e15) {
      throw refused(name, "not a positive number");
    }
    return value;
  }

  private static ModelLoadException refused(String setting, String complaint) {
    return new ModelLoadException(FILE + ": " + setting + ": " + complaint);
  }
}
