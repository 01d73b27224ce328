package dev.cofferdam.worker.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * A model folder with random weights, for tests. Start from {@link #llama} and change what the test
 * is about.
 */
public record TinyModel(
    String type,
    int vocabularySize,
    int hidden,
    int feedForward,
    int layers,
    int heads,
    int kvHeads,
    int headDimension,
    int positionsMax,
    boolean tied,
    boolean attentionBias,
    String ropeParameters,
    ElementType elementType) {

  /**
   * A Llama with grouped queries and tied embeddings; its vocabulary fits into the alternatives of
   * a result.
   */
  public static TinyModel llama() {
    return new TinyModel(
        "llama",
        20,
        48,
        64,
        2,
        4,
        2,
        12,
        256,
        true,
        false,
        "{\"rope_theta\":10000.0}",
        ElementType.F32);
  }

  /** The same with heads of another width. */
  public TinyModel withHeadDimension(int width) {
    return new TinyModel(
        type,
        vocabularySize,
        hidden,
        feedForward,
        layers,
        heads,
        kvHeads,
        width,
        positionsMax,
        tied,
        attentionBias,
        ropeParameters,
        elementType);
  }

  /** A model of random geometry, that covers everything that the executors support. */
  public static TinyModel random(RandomGenerator random) {
    int kvHeads = random.nextInt(1, 4);
    int headDimension = new int[] {6, 8, 16, 20, 32, 48}[random.nextInt(6)];
    int heads = kvHeads * random.nextInt(1, 8);
    String type = new String[] {"llama", "llama", "mistral", "qwen2", "qwen3"}[random.nextInt(5)];
    String rope =
        switch (random.nextInt(4)) {
          case 0 -> "{\"rope_theta\":10000.0,\"rope_type\":\"default\"}";
          case 1 -> "{\"rope_theta\":5000.0,\"rope_type\":\"linear\",\"factor\":2.0}";
          case 2 ->
              "{\"rope_theta\":10000.0,\"rope_type\":\"yarn\",\"factor\":4.0,"
                  + "\"original_max_position_embeddings\":64}";
          default ->
              "{\"rope_theta\":500000.0,\"rope_type\":\"llama3\",\"factor\":8.0,\"low_freq_factor\":1.0,"
                  + "\"high_freq_factor\":4.0,\"original_max_position_embeddings\":64}";
        };
    return new TinyModel(
        type,
        random.nextInt(2, 21),
        random.nextInt(3, 40) * 2,
        random.nextInt(5, 90),
        random.nextInt(1, 4),
        heads,
        kvHeads,
        headDimension,
        256,
        random.nextBoolean(),
        type.equals("llama") && random.nextBoolean(),
        rope,
        List.of(ElementType.values()).get(random.nextInt(3)));
  }

  /** The same with the widths that device kernels ask for. */
  public TinyModel forDevice() {
    return new TinyModel(
        type,
        vocabularySize,
        (hidden + 7) / 8 * 8,
        (feedForward + 7) / 8 * 8,
        layers,
        heads,
        kvHeads,
        (headDimension + 15) / 16 * 16,
        positionsMax,
        tied,
        attentionBias,
        ropeParameters,
        ElementType.BF16);
  }

  public String config() {
    return """
        {"model_type":"%s","vocab_size":%d,"hidden_size":%d,"intermediate_size":%d,"num_hidden_layers":%d,
         "num_attention_heads":%d,"num_key_value_heads":%d,"head_dim":%d,"max_position_embeddings":%d,
         "rms_norm_eps":1e-5,"tie_word_embeddings":%b,"attention_bias":%b,"rope_parameters":%s,
         "hidden_act":"silu","dtype":"float32"}
        """
        .formatted(
            type,
            vocabularySize,
            hidden,
            feedForward,
            layers,
            heads,
            kvHeads,
            headDimension,
            positionsMax,
            tied,
            attentionBias,
            ropeParameters);
  }

  public ModelConfig parsed() {
    return ModelConfigReader.parse(config().getBytes(StandardCharsets.UTF_8));
  }

  public byte[] weights(RandomGenerator random) {
    ModelConfig model = parsed();
    SafetensorsWriter file = new SafetensorsWriter();
    add(file, random, ModelWeights.EMBEDDING, 1, vocabularySize, hidden);
    if (!tied) {
      add(file, random, "lm_head.weight", 1, vocabularySize, hidden);
    }
    addNorm(file, random, ModelWeights.FINAL_NORM, hidden);
    for (int layer = 0; layer < layers; layer++) {
      for (LayerTensor tensor : LayerTensor.values()) {
        if (!tensor.in(model)) {
          continue;
        }
        long[] shape = tensor.shape(model);
        if (shape.length == 2) {
          add(file, random, tensor.name(layer), 1.5 / Math.sqrt((double) shape[1]), shape);
        } else if (tensor.name(layer).endsWith("bias")) {
          add(file, random, tensor.name(layer), 0.3, shape);
        } else {
          addNorm(file, random, tensor.name(layer), shape[0]);
        }
      }
    }
    return file.bytes();
  }

  private void add(
      SafetensorsWriter file,
      RandomGenerator random,
      String name,
      double deviation,
      long... shape) {
    float[] values = new float[(int) (shape[0] * (shape.length == 2 ? shape[1] : 1))];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.nextGaussian() * deviation);
    }
    file.add(name, elementType, values, shape);
  }

  private void addNorm(SafetensorsWriter file, RandomGenerator random, String name, long width) {
    float[] values = new float[(int) width];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (1 + 0.2 * random.nextGaussian());
    }
    file.add(name, elementType, values, width);
  }

  /** Writes the folder, and opens it. */
  public ModelWeights write(Path folder, RandomGenerator random) {
    try {
      Files.createDirectories(folder);
      Files.writeString(folder.resolve("config.json"), config());
      Files.write(folder.resolve("model.safetensors"), weights(random));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return ModelWeights.load(folder);
  }
}
