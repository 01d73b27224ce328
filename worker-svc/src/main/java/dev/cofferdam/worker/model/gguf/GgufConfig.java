package dev.cofferdam.worker.model.gguf;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cofferdam.gguf.GgufMetadata;
import dev.cofferdam.worker.model.ModelConfig;
import dev.cofferdam.worker.model.ModelConfigReader;
import dev.cofferdam.worker.model.RopeScaling;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Says a file's geometry in the words of a {@code config.json}, so that one reader checks both.
 * Meanings and defaults are those of llama.cpp.
 */
final class GgufConfig {
  static final String ROPE_FREQUENCIES = "rope_freqs.weight";
  private static final String EMBEDDING = "token_embd.weight";
  private static final String OUTPUT = "output.weight";

  private static final Set<String> ARCHITECTURES = Set.of("llama", "qwen2", "qwen3");

  /** Settings of other models that change the numbers. */
  private static final List<String> REFUSED =
      List.of(
          "logit_scale",
          "residual_scale",
          "embedding_scale",
          "attention.scale",
          "attn_logit_softcapping",
          "final_logit_softcapping",
          "rope.scaling.yarn_log_multiplier");

  private final GgufFile file;
  private final GgufMetadata metadata;
  private final String architecture;
  private final ObjectNode json = JsonNodeFactory.instance.objectNode();

  private GgufConfig(GgufFile file) {
    this.file = file;
    this.metadata = file.metadata();
    this.architecture = metadata.text("general.architecture").orElse("");
  }

  /**
   * The geometry of a file's model.
   *
   * @throws dev.cofferdam.gguf.GgufException when it is malformed or not supported
   */
  static ModelConfig of(GgufFile file) {
    return new GgufConfig(file).config();
  }

  private ModelConfig config() {
    if (!ARCHITECTURES.contains(architecture)) {
      throw metadata.refused("general.architecture", "only llama, qwen2 and qwen3 are supported");
    }
    refuseUnsupported();
    json.put("model_type", architecture);
    whole("hidden_size", "embedding_length");
    whole("intermediate_size", "feed_forward_length");
    whole("num_hidden_layers", "block_count");
    whole("num_attention_heads", "attention.head_count");
    whole("num_key_value_heads", "attention.head_count_kv");
    whole("max_position_embeddings", "context_length");
    real("rms_norm_eps", "attention.layer_norm_rms_epsilon");
    real("rope_theta", "rope.freq_base");
    json.put("vocab_size", vocabularySize());
    json.put("tie_word_embeddings", !file.tensors().containsKey(OUTPUT));
    json.put("attention_bias", file.tensors().containsKey("blk.0.attn_q.bias"));
    headDimension();
    window();
    ropeScaling();
    ModelConfig config = ModelConfigReader.of(json, file.name());
    long rotated =
        metadata.whole(key("rope.dimension_count")).orElse((long) config.headDimension());
    if (rotated != config.headDimension()) {
      throw metadata.refused(key("rope.dimension_count"), "only whole heads are supported");
    }
    GgufTensor divisors = file.tensors().get(ROPE_FREQUENCIES);
    return divisors == null ? config : divided(config, divisors);
  }

  private void refuseUnsupported() {
    for (String name : REFUSED) {
      if (metadata.has(key(name))) {
        throw metadata.refused(key(name), "not supported");
      }
    }
    if (metadata.whole(key("expert_count")).orElse(0L) != 0) {
      throw metadata.refused(key("expert_count"), "not supported");
    }
    if (!metadata.flag(key("attention.causal")).orElse(true)) {
      throw metadata.refused(key("attention.causal"), "only causal attention is supported");
    }
  }

  private long vocabularySize() {
    GgufTensor embedding = file.tensors().get(EMBEDDING);
    if (embedding == null) {
      throw metadata.refused(EMBEDDING, "missing");
    }
    long rows = embedding.shape().getFirst();
    if (metadata.whole(key("vocab_size")).orElse(rows) != rows) {
      throw metadata.refused(key("vocab_size"), "not as many as rows of the embedding");
    }
    return rows;
  }

  private void headDimension() {
    long hidden = metadata.whole(key("embedding_length")).orElse(0L);
    long heads = metadata.whole(key("attention.head_count")).orElse(0L);
    long dimension =
        metadata
            .whole(key("attention.key_length"))
            .orElse(heads > 0 && hidden % heads == 0 ? hidden / heads : 0);
    if (metadata.whole(key("attention.value_length")).orElse(dimension) != dimension) {
      throw metadata.refused(key("attention.value_length"), "not that of the keys");
    }
    json.put("head_dim", dimension);
  }

  private void window() {
    long window = metadata.whole(key("attention.sliding_window")).orElse(0L);
    if (window != 0) {
      json.put("use_sliding_window", true);
      json.put("sliding_window", window);
    }
  }

  private void ropeScaling() {
    double factor =
        metadata
            .real(key("rope.scaling.factor"))
            .or(() -> metadata.real(key("rope.scale_linear")))
            .orElse(0.0);
    String type = metadata.text(key("rope.scaling.type")).orElse("linear");
    ObjectNode scaling = json.putObject("rope_scaling");
    if (type.equals("none") || (type.equals("linear") && (factor == 0 || factor == 1))) {
      return;
    }
    scaling.put("rope_type", type);
    scaling.put("factor", factor);
    metadata
        .whole(key("rope.scaling.original_context_length"))
        .ifPresent(positions -> scaling.put("original_max_position_embeddings", positions));
    if (type.equals("yarn")) {
      yarn(scaling, factor);
    }
  }

  /** The attention's factor of a file multiplies YaRN's own. */
  private void yarn(ObjectNode scaling, double factor) {
    metadata
        .real(key("rope.scaling.attn_factor"))
        .ifPresent(
            extra ->
                scaling.put(
                    "attention_factor", extra * RopeScaling.Yarn.attentionFactorOf(factor, 1)));
    metadata
        .real(key("rope.scaling.yarn_beta_fast"))
        .ifPresent(beta -> scaling.put("beta_fast", beta));
    metadata
        .real(key("rope.scaling.yarn_beta_slow"))
        .ifPresent(beta -> scaling.put("beta_slow", beta));
  }

  private ModelConfig divided(ModelConfig config, GgufTensor tensor) {
    if (!tensor.hasShape(config.headDimension() / 2)
        || !(config.ropeScaling() instanceof RopeScaling.None)) {
      throw metadata.refused(ROPE_FREQUENCIES, "not one for each frequency, or beside a scaling");
    }
    float[] divisors = new float[config.headDimension() / 2];
    tensor.read(0, divisors, 0, divisors.length);
    List<Float> list = new ArrayList<>();
    for (float divisor : divisors) {
      if (!(divisor > 0) || divisor == Float.POSITIVE_INFINITY) {
        throw metadata.refused(ROPE_FREQUENCIES, "not positive numbers");
      }
      list.add(divisor);
    }
    return config.withRopeScaling(new RopeScaling.Divided(list));
  }

  private void whole(String setting, String name) {
    metadata.whole(key(name)).ifPresent(value -> json.put(setting, value));
  }

  private void real(String setting, String name) {
    metadata.real(key(name)).ifPresent(value -> json.put(setting, value));
  }

  private String key(String name) {
    return architecture + "." + name;
  }
}
