package dev.cofferdam.worker.app.bench;

import dev.cofferdam.worker.model.ElementType;
import dev.cofferdam.worker.model.LayerTensor;
import dev.cofferdam.worker.model.ModelConfig;
import dev.cofferdam.worker.model.ModelWeights;
import dev.cofferdam.worker.model.RopeScaling;
import dev.cofferdam.worker.model.WeightTensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Llamas of random weights, each a function of its place; no files. */
final class RandomModel {
  /** 254 million weights: grouped queries, untied embeddings. */
  static final ModelConfig CONFIG =
      new ModelConfig(
          "llama",
          32_000,
          1024,
          2816,
          16,
          16,
          8,
          64,
          4096,
          1e-5,
          10_000,
          new RopeScaling.None(),
          false,
          false,
          false,
          false);

  /** The shape of Llama 3 8B. */
  static final ModelConfig LLAMA_8B =
      new ModelConfig(
          "llama",
          128_256,
          4096,
          14_336,
          32,
          32,
          8,
          128,
          16_384,
          1e-5,
          500_000,
          new RopeScaling.None(),
          false,
          false,
          false,
          false);

  private RandomModel() {}

  /** Weights that a decode step reads: all but the embedding, of which it reads a row. */
  static long weightsOfStep(ModelConfig model) {
    return model.parameters() - (long) model.vocabularySize() * model.hidden();
  }

  /** Multiply-adds of a prompt's token, the attention and the output head left aside. */
  static long multiplyAddsOfToken(ModelConfig model) {
    return model.parameters() - 2L * model.vocabularySize() * model.hidden();
  }

  /** The weights: BF16 numbers, so that F32 and BF16 compute the same. */
  static ModelWeights weights(ModelConfig model) {
    return ModelWeights.of(model, tensors(model));
  }

  /** The weights by their names in files. */
  static Map<String, WeightTensor> tensors(ModelConfig model) {
    Map<String, WeightTensor> tensors = new HashMap<>();
    long[] table = {model.vocabularySize(), model.hidden()};
    tensors.put(ModelWeights.EMBEDDING, new Noise(1, 1f, 0, table));
    tensors.put(ModelWeights.OUTPUT_HEAD, new Noise(2, 0.03f, 0, table));
    tensors.put(ModelWeights.FINAL_NORM, new Noise(3, 0.1f, 1, model.hidden()));
    for (int layer = 0; layer < model.layers(); layer++) {
      for (LayerTensor tensor : LayerTensor.values()) {
        if (tensor.in(model)) {
          long[] shape = tensor.shape(model);
          float mean = shape.length == 1 ? 1 : 0;
          tensors.put(
              tensor.name(layer), new Noise(layer * 64 + tensor.ordinal() + 4, 0.03f, mean, shape));
        }
      }
    }
    return tensors;
  }

  /** Uniform noise. */
  private record Noise(long seed, float width, float mean, List<Long> shape)
      implements WeightTensor {
    Noise(long seed, float width, float mean, long... shape) {
      this(seed, width, mean, Arrays.stream(shape).boxed().toList());
    }

    @Override
    public void read(long from, float[] target, int offset, int count) {
      for (int i = 0; i < count; i++) {
        long bits = (from + i + (seed << 40)) * 0x9E3779B97F4A7C15L;
        bits = (bits ^ bits >>> 32) * 0xD6E8FEB86659FD93L;
        float value = mean + width * ((int) (bits >>> 32) * 0x1p-31f);
        target[offset + i] = Float.intBitsToFloat(Float.floatToRawIntBits(value) & 0xFFFF0000);
      }
    }

    @Override
    public Optional<MemorySegment> mapped(ElementType type) {
      return Optional.empty();
    }
  }
}
