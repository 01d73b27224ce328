package dev.cofferdam.worker.execution.cuda;

import dev.cofferdam.worker.execution.cuda.driver.DeviceMemory;
import dev.cofferdam.worker.model.ElementType;
import dev.cofferdam.worker.model.LayerTensor;
import dev.cofferdam.worker.model.ModelConfig;
import dev.cofferdam.worker.model.ModelWeights;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** A model's weights on the device: projections in BF16, norms and biases in F32. */
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
  private final Owned owned;
  private final Upload upload;

  final Layer[] layers;
  final long embedding;
  final long finalNorm;
  final DeviceMatrix outputHead;

  /** Pairs of cosine and sine for each position and half of a head's elements. */
  final long rotary;

  /** Copies a model's weights; memory is of {@code owned}. */
  DeviceWeights(ModelWeights weights, int positions, Owned owned) {
    this.weights = weights;
    this.model = weights.config();
    this.owned = owned;
    try (Upload copying = new Upload()) {
      upload = copying;
      layers = new Layer[model.layers()];
      for (int layer = 0; layer < layers.length; layer++) {
        layers[layer] = layer(layer);
      }
      embedding = matrix(ModelWeights.EMBEDDING, model.vocabularySize(), model.hidden());
      long head =
          model.tiedEmbeddings()
              ? embedding
              : matrix(ModelWeights.OUTPUT_HEAD, model.vocabularySize(), model.hidden());
      outputHead = new DeviceMatrix(head, model.vocabularySize(), model.hidden()).whole();
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
    int inputs = (int) parts[0].shape(model)[1];
    int outputs = 0;
    for (LayerTensor part : parts) {
      outputs += (int) part.shape(model)[0];
    }
    DeviceMemory memory = owned.device((long) outputs * inputs * Short.BYTES);
    long at = 0;
    for (LayerTensor part : parts) {
      at += copy(part.name(layer), part.shape(model)[0] * inputs, memory, at);
    }
    return new DeviceMatrix(memory.address(), outputs, inputs);
  }

  private long matrix(String name, int outputs, int inputs) {
    long elements = (long) outputs * inputs;
    DeviceMemory memory = owned.device(elements * Short.BYTES);
    copy(name, elements, memory, 0);
    return memory.address();
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
