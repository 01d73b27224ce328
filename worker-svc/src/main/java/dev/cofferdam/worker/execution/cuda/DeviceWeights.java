package dev.cofferdam.worker.execution.cuda;

import dev.cofferdam.worker.execution.EightBits;
import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.execution.cuda.driver.DeviceMemory;
import dev.cofferdam.worker.model.ElementType;
import dev.cofferdam.worker.model.LayerTensor;
import dev.cofferdam.worker.model.ModelConfig;
import dev.cofferdam.worker.model.ModelWeights;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A model's weights on the device: projections in BF16 or eight bits, norms and biases in F32. The
 * embedding is the output head's where the two are tied, else in BF16, since what is not multiplied
 * gains nothing from eight bits.
 */
final class DeviceWeights {
  /**
   * A layer's; addresses that are 0 are of what the model does not have.
   *
   * @param inputNorm before attention
   * @param queryKeyValue the three projections, one below the other
   * @param queryKeyValueBias in the same order
   * @param queryNorm of each head
   * @param keyNorm of each head
   * @param output of the attention
   * @param outputBias of that projection
   * @param feedForwardNorm before the feed-forward network
   * @param gateUp the two projections, one below the other
   * @param down back to the stream
   */
  record Layer(
      long inputNorm,
      DeviceMatrix queryKeyValue,
      long queryKeyValueBias,
      long queryNorm,
      long keyNorm,
      DeviceMatrix output,
      long outputBias,
      long feedForwardNorm,
      DeviceMatrix gateUp,
      DeviceMatrix down) {}

  private static final int READ_AT_ONCE = 1 << 20;

  private final ModelWeights weights;
  private final ModelConfig model;
  private final WeightType type;
  private final Owned owned;
  private final Upload upload;

  final Layer[] layers;
  final DeviceMatrix embedding;
  final long finalNorm;
  final DeviceMatrix outputHead;

  /** Pairs of cosine and sine for each position and half of a head's elements. */
  final long rotary;

  /** Copies a model's weights; memory is of {@code owned}. */
  DeviceWeights(ModelWeights weights, WeightType type, int positions, Owned owned) {
    this.weights = weights;
    this.type = type;
    this.model = weights.config();
    this.owned = owned;
    try (Upload copying = new Upload()) {
      upload = copying;
      layers = new Layer[model.layers()];
      for (int layer = 0; layer < layers.length; layer++) {
        layers[layer] = layer(layer);
      }
      int[] vocabulary = {model.vocabularySize()};
      outputHead = matrix(type, model.hidden(), vocabulary, List.of(weights.outputHead())).whole();
      embedding =
          model.tiedEmbeddings()
              ? outputHead
              : matrix(
                  WeightType.BF16, model.hidden(), vocabulary, List.of(ModelWeights.EMBEDDING));
      finalNorm = floats(weights.read(ModelWeights.FINAL_NORM));
      rotary = floats(rotary(model, positions));
    }
  }

  private Layer layer(int layer) {
    int hidden = model.hidden();
    return new Layer(
        vector(layer, LayerTensor.INPUT_NORM),
        matrix(layer, LayerTensor.QUERY, LayerTensor.KEY, LayerTensor.VALUE),
        vector(layer, LayerTensor.QUERY_BIAS, LayerTensor.KEY_BIAS, LayerTensor.VALUE_BIAS),
        vector(layer, LayerTensor.QUERY_NORM),
        vector(layer, LayerTensor.KEY_NORM),
        matrix(layer, LayerTensor.OUTPUT),
        vector(layer, LayerTensor.OUTPUT_BIAS),
        vector(layer, LayerTensor.FEED_FORWARD_NORM),
        matrix(layer, LayerTensor.GATE, LayerTensor.UP),
        matrix(layer, LayerTensor.DOWN));
  }

  private DeviceMatrix matrix(int layer, LayerTensor... parts) {
    return matrix(
        type,
        (int) parts[0].shape(model)[1],
        Arrays.stream(parts).mapToInt(part -> (int) part.shape(model)[0]).toArray(),
        Arrays.stream(parts).map(part -> part.name(layer)).toList());
  }

  /** Tensors one below the other. */
  private DeviceMatrix matrix(WeightType kept, int inputs, int[] outputs, List<String> names) {
    int all = Arrays.stream(outputs).sum();
    if (kept == WeightType.BF16) {
      DeviceMemory memory = owned.device((long) all * inputs * Short.BYTES);
      long at = 0;
      for (int part = 0; part < outputs.length; part++) {
        at += copy(names.get(part), (long) outputs[part] * inputs, memory, at);
      }
      return new DeviceMatrix(kept, memory.address(), 0, all, inputs);
    }
    DeviceMemory codes = owned.device((long) all * KernelShapes.productPitch8(inputs));
    DeviceMemory scales = owned.device((long) all * Float.BYTES);
    int row = 0;
    for (int part = 0; part < outputs.length; part++) {
      quantise(names.get(part), outputs[part], inputs, codes, scales, row);
      row += outputs[part];
    }
    return new DeviceMatrix(kept, codes.address(), scales.address(), all, inputs);
  }

  /** Copies a tensor in eight bits, from a row of the matrix on. */
  private void quantise(
      String name, int outputs, int inputs, DeviceMemory codes, DeviceMemory scales, int row) {
    int pitch = KernelShapes.productPitch8(inputs);
    int atOnce = Math.clamp(READ_AT_ONCE / inputs, 1, outputs);
    float[] rows = new float[Math.multiplyExact(atOnce, inputs)];
    byte[] bytes = new byte[Math.multiplyExact(atOnce, pitch)];
    float[] factors = new float[atOnce];
    for (int from = 0; from < outputs; from += atOnce) {
      int count = Math.min(atOnce, outputs - from);
      long first = from;
      IntStream.range(0, count)
          .parallel()
          .forEach(
              i -> {
                weights.read(name, (first + i) * inputs, rows, i * inputs, inputs);
                factors[i] = EightBits.quantise(type, rows, i * inputs, inputs, bytes, i * pitch);
              });
      long to = row + first;
      upload.copy(MemorySegment.ofArray(bytes).asSlice(0, (long) count * pitch), codes, to * pitch);
      upload.copy(
          MemorySegment.ofArray(factors).asSlice(0, (long) count * Float.BYTES),
          scales,
          to * Float.BYTES);
    }
  }

  /** Copies a tensor in BF16; returns its bytes. */
  private long copy(String name, long elements, DeviceMemory to, long at) {
    Optional<MemorySegment> stored = weights.mapped(name, ElementType.BF16);
    if (stored.isPresent()) {
      upload.copy(stored.get(), to, at);
      return elements * Short.BYTES;
    }
    float[] piece = new float[(int) Math.min(elements, READ_AT_ONCE)];
    for (long from = 0; from < elements; from += piece.length) {
      int count = (int) Math.min(piece.length, elements - from);
      weights.read(name, from, piece, 0, count);
      upload.rounded(piece, count, to, at + from * Short.BYTES);
    }
    return elements * Short.BYTES;
  }

  /** Vectors one behind the other; 0 where the model has them not. */
  private long vector(int layer, LayerTensor... parts) {
    if (!parts[0].in(model)) {
      return 0;
    }
    int length = 0;
    for (LayerTensor part : parts) {
      length += (int) part.shape(model)[0];
    }
    float[] values = new float[length];
    int at = 0;
    for (LayerTensor part : parts) {
      int count = (int) part.shape(model)[0];
      weights.read(part.name(layer), 0, values, at, count);
      at += count;
    }
    return floats(values);
  }

  private long floats(float[] values) {
    DeviceMemory memory = owned.device((long) values.length * Float.BYTES);
    upload.floats(values, memory, 0);
    return memory.address();
  }

  /** Cosines and sines of the rotary embedding (Su et al., 2021), times the attention factor. */
  private static float[] rotary(ModelConfig model, int positions) {
    float[] frequencies = model.ropeFrequencies();
    double factor = model.ropeScaling().attentionFactor();
    float[] table = new float[Math.multiplyExact(2 * positions, frequencies.length)];
    int at = 0;
    for (int position = 0; position < positions; position++) {
      for (float frequency : frequencies) {
        float angle = position * frequency; // rounded to F32, as in training
        table[at++] = (float) (StrictMath.cos(angle) * factor);
        table[at++] = (float) (StrictMath.sin(angle) * factor);
      }
    }
    return table;
  }
}
