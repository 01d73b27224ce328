package dev.cofferdam.worker.model;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * Reads the rotary embedding's settings of a {@code config.json}, from {@code rope_parameters} or
 * from where they were before: {@code rope_theta} and {@code rope_scaling}.
 */
final class RopeReader {
  private final ModelConfigReader config;
  private final JsonNode root;
  private final JsonNode parameters;
  private final int headDimension;

  /**
   * @param config knows how to refuse
   * @param root the whole configuration
   * @throws ModelLoadException when the settings have no known shape
   */
  RopeReader(ModelConfigReader config, JsonNode root, int headDimension) {
    this.config = config;
    this.root = root;
    this.headDimension = headDimension;
    this.parameters =
        root.path(root.hasNonNull("rope_parameters") ? "rope_parameters" : "rope_scaling");
    if (root.hasNonNull("rope_parameters")
        && root.hasNonNull("rope_scaling")
        && !type(root.get("rope_parameters")).equals(type(root.get("rope_scaling")))) {
      throw refused("rope_scaling", "another rope_type than that of rope_parameters");
    }
    if (parameters.isMissingNode() || parameters.isNull()) {
      return;
    }
    if (!parameters.isObject()) {
      throw refused("rope_parameters", "not an object");
    }
    for (JsonNode value : parameters) {
      if (value.isContainerNode()) {
        throw refused("rope_parameters", "settings by layer or by frequency are not supported");
      }
    }
    if (parameters.hasNonNull("partial_rotary_factor")
        && parameters.get("partial_rotary_factor").asDouble(Double.NaN) != 1) {
      throw refused("partial_rotary_factor", "only 1.0 is supported");
    }
  }

  /** Base of the frequencies. */
  double theta() {
    if (parameters.hasNonNull("rope_theta")) {
      return positive("rope_theta");
    }
    return root.hasNonNull("rope_theta") ? config.positive(root, "rope_theta") : 10_000;
  }

  /** How the frequencies are stretched. */
  RopeScaling scaling() {
    return switch (type(parameters)) {
      case "default" -> new RopeScaling.None();
      case "linear" -> new RopeScaling.Linear(positive("factor"));
      case "llama3" -> llama3();
      case "yarn" -> yarn();
      default -> throw refused("rope_type", "only default, linear, llama3 and yarn are supported");
    };
  }

  private static String type(JsonNode parameters) {
    return parameters.path("rope_type").asText(parameters.path("type").asText("default"));
  }

  private RopeScaling llama3() {
    double low = positive("low_freq_factor");
    double high = positive("high_freq_factor");
    if (high <= low) {
      throw refused("high_freq_factor", "not above low_freq_factor");
    }
    return new RopeScaling.Llama3(positive("factor"), low, high, originalPositions());
  }

  private RopeScaling yarn() {
    if (theta() <= 1) {
      throw refused("rope_theta", "not above 1");
    }
    double original = originalPositions();
    double factor =
        parameters.hasNonNull("factor")
            ? positive("factor")
            : config.positive(root, "max_position_embeddings") / original;
    JsonNode truncate = parameters.path("truncate");
    if (!truncate.isMissingNode() && !truncate.isBoolean()) {
      throw refused("truncate", "not a boolean");
    }
    return RopeScaling.Yarn.of(
        factor,
        positiveOr("beta_fast", 32),
        positiveOr("beta_slow", 1),
        truncate.asBoolean(true),
        attentionFactor(factor),
        theta(),
        headDimension,
        original);
  }

  private double attentionFactor(double factor) {
    if (parameters.hasNonNull("attention_factor")) {
      return positive("attention_factor");
    }
    if (parameters.path("mscale").asDouble(0) != 0
        && parameters.path("mscale_all_dim").asDouble(0) != 0) {
      return RopeScaling.Yarn.attentionFactorOf(factor, positive("mscale"))
          / RopeScaling.Yarn.attentionFactorOf(factor, positive("mscale_all_dim"));
    }
    return RopeScaling.Yarn.attentionFactorOf(factor, 1);
  }

  private double originalPositions() {
    if (root.hasNonNull("original_max_position_embeddings")) {
      return config.positive(root, "original_max_position_embeddings");
    }
    return parameters.hasNonNull("original_max_position_embeddings")
        ? positive("original_max_position_embeddings")
        : config.positive(root, "max_position_embeddings");
  }

  private double positive(String name) {
    return config.positive(parameters, name);
  }

  private double positiveOr(String name, double otherwise) {
    return parameters.hasNonNull(name) ? positive(name) : otherwise;
  }

  private ModelLoadException refused(String setting, String complaint) {
    return config.refused(setting, complaint);
  }
}
