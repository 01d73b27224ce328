package dev.cofferdam.worker.model;

/** The tensors of a layer, by the names that Hugging Face gives them. */
public enum LayerTensor {
  INPUT_NORM("input_layernorm.weight"),
  QUERY("self_attn.q_proj.weight"),
  KEY("self_attn.k_proj.weight"),
  VALUE("self_attn.v_proj.weight"),
  OUTPUT("self_attn.o_proj.weight"),
  QUERY_BIAS("self_attn.q_proj.bias"),
  KEY_BIAS("self_attn.k_proj.bias"),
  VALUE_BIAS("self_attn.v_proj.bias"),
  OUTPUT_BIAS("self_attn.o_proj.bias"),
  QUERY_NORM("self_attn.q_norm.weight"),
  KEY_NORM("self_attn.k_norm.weight"),
  FEED_FORWARD_NORM("post_attention_layernorm.weight"),
  GATE("mlp.gate_proj.weight"),
  UP("mlp.up_proj.weight"),
  DOWN("mlp.down_proj.weight");

  private final String suffix;

  LayerTensor(String suffix) {
    this.suffix = suffix;
  }

  /** Its full name in a layer. */
  public String name(int layer) {
    return "model.layers." + layer + "." + suffix;
  }

  /** Whether a model has it. */
  public boolean in(ModelConfig model) {
    return switch (this) {
      case QUERY_BIAS, KEY_BIAS, VALUE_BIAS -> model.qkvBias();
      case OUTPUT_BIAS -> model.outputBias();
      case QUERY_NORM, KEY_NORM -> model.qkNorm();
      default -> true;
    };
  }

  /** Its shape in a model: outputs × inputs of a projection, or the width of a bias or norm. */
  public long[] shape(ModelConfig model) {
    return switch (this) {
      case INPUT_NORM, FEED_FORWARD_NORM, OUTPUT_BIAS -> new long[] {model.hidden()};
      case QUERY -> new long[] {model.queryWidth(), model.hidden()};
      case KEY, VALUE -> new long[] {model.kvWidth(), model.hidden()};
      case OUTPUT -> new long[] {model.hidden(), model.queryWidth()};
      case QUERY_BIAS -> new long[] {model.queryWidth()};
      case KEY_BIAS, VALUE_BIAS -> new long[] {model.kvWidth()};
      case QUERY_NORM, KEY_NORM -> new long[] {model.headDimension()};
      case GATE, UP -> new long[] {model.feedForward(), model.hidden()};
      case DOWN -> new long[] {model.hidden(), model.feedForward()};
    };
  }
}
