package dev.cofferdam.worker.model.gguf;

import dev.cofferdam.gguf.GgufWriter;
import dev.cofferdam.worker.model.LayerTensor;
import dev.cofferdam.worker.model.ModelConfig;
import dev.cofferdam.worker.model.ModelWeights;
import dev.cofferdam.worker.model.RopeScaling;
import java.util.Map;

/** Writes a model of a Hugging Face folder as a GGUF file in F32, as llama.cpp's converter does. */
final class GgufTwin {
  private static final Map<LayerTensor, String> NAMES =
      Map.ofEntries(
          Map.entry(LayerTensor.INPUT_NORM, "attn_norm.weight"),
          Map.entry(LayerTensor.QUERY, "attn_q.weight"),
          Map.entry(LayerTensor.KEY, "attn_k.weight"),
          Map.entry(LayerTensor.VALUE, "attn_v.weight"),
          Map.entry(LayerTensor.OUTPUT, "attn_output.weight"),
          Map.entry(LayerTensor.QUERY_BIAS, "attn_q.bias"),
          Map.entry(LayerTensor.KEY_BIAS, "attn_k.bias"),
          Map.entry(LayerTensor.VALUE_BIAS, "attn_v.bias"),
          Map.entry(LayerTensor.OUTPUT_BIAS, "attn_output.bias"),
          Map.entry(LayerTensor.QUERY_NORM, "attn_q_norm.weight"),
          Map.entry(LayerTensor.KEY_NORM, "attn_k_norm.weight"),
          Map.entry(LayerTensor.FEED_FORWARD_NORM, "ffn_norm.weight"),
          Map.entry(LayerTensor.GATE, "ffn_gate.weight"),
          Map.entry(LayerTensor.UP, "ffn_up.weight"),
          Map.entry(LayerTensor.DOWN, "ffn_down.weight"));

  private final ModelWeights model;
  private final ModelConfig config;
  private final String architecture;
  private final GgufWriter file = new GgufWriter();

  private GgufTwin(ModelWeights model) {
    this.model = model;
    this.config = model.config();
    this.architecture = config.type().equals("mistral") ? "llama" : config.type();
  }

  static GgufWriter of(ModelWeights model) {
    GgufTwin twin = new GgufTwin(model);
    twin.metadata();
    twin.ropeScaling();
    twin.tensors();
    return twin.file;
  }

  private void metadata() {
    file.with("general.architecture", architecture);
    put("context_length", config.positionsMax());
    put("embedding_length", config.hidden());
    put("block_count", config.layers());
    put("feed_forward_length", config.feedForward());
    put("attention.head_count", config.heads());
    put("attention.head_count_kv", config.kvHeads());
    put("attention.key_length", config.headDimension());
    put("attention.value_length", config.headDimension());
    put("attention.layer_norm_rms_epsilon", (float) config.normEpsilon());
    put("rope.freq_base", (float) config.ropeTheta());
    put("rope.dimension_count", config.headDimension());
  }

  private void ropeScaling() {
    switch (config.ropeScaling()) {
      case RopeScaling.None ignored -> {}
      case RopeScaling.Linear linear -> {
        put("rope.scaling.type", "linear");
        put("rope.scaling.factor", (float) linear.factor());
      }
      case RopeScaling.Yarn yarn -> {
        put("rope.scaling.type", "yarn");
        put("rope.scaling.factor", (float) yarn.factor());
        put("rope.scaling.original_context_length", 32);
      }
      case RopeScaling scaling -> {
        float[] divisors = new float[config.headDimension() / 2];
        for (int i = 0; i < divisors.length; i++) {
          double frequency =
              1 / StrictMath.pow(config.ropeTheta(), 2.0 * i / config.headDimension());
          divisors[i] = (float) (frequency / scaling.scale(i, frequency));
        }
        file.addF32("rope_freqs.weight", divisors, divisors.length);
      }
    }
  }

  private void tensors() {
    file.addF32(
        "token_embd.weight",
        model.read(ModelWeights.EMBEDDING),
        config.vocabularySize(),
        config.hidden());
    file.addF32("output_norm.weight", model.read(ModelWeights.FINAL_NORM), config.hidden());
    if (!config.tiedEmbeddings()) {
      file.addF32(
          "output.weight",
          model.read(ModelWeights.OUTPUT_HEAD),
          config.vocabularySize(),
          config.hidden());
    }
    for (int layer = 0; layer < config.layers(); layer++) {
      for (LayerTensor tensor : LayerTensor.values()) {
        if (tensor.in(config)) {
          float[] values = model.read(tensor.name(layer));
          long[] shape = tensor.shape(config);
          boolean permuted =
              architecture.equals("llama")
                  && (tensor.name(layer).contains("q_proj")
                      || tensor.name(layer).contains("k_proj"));
          file.addF32(
              "blk." + layer + "." + NAMES.get(tensor),
              permuted ? permute(values, (int) shape[0]) : values,
              shape);
        }
      }
    }
  }

  /** [head][half][pair] becomes [head][pair][half]. */
  private float[] permute(float[] values, int rows) {
    int width = values.length / rows;
    int half = config.headDimension() / 2;
    float[] permuted = new float[values.length];
    for (int head = 0; head < rows / config.headDimension(); head++) {
      for (int side = 0; side < 2; side++) {
        for (int pair = 0; pair < half; pair++) {
          int from = head * 2 * half + side * half + pair;
          int to = head * 2 * half + pair * 2 + side;
          System.arraycopy(values, from * width, permuted, to * width, width);
        }
      }
    }
    return permuted;
  }

  private void put(String key, Object value) {
    file.with(architecture + "." + key, value);
  }
}
