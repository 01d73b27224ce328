package dev.cofferdam.worker.execution.cpu;

import dev.cofferdam.worker.model.LayerTensor;
import dev.cofferdam.worker.model.ModelConfig;
import dev.cofferdam.worker.model.ModelWeights;

/** The weights of one layer, packed. Biases and norms that the model does not have are empty. */
final class LayerWeights {
  private static final float[] NONE = {};

  final float[] inputNorm;

  /** Parts: query, key, value. */
  final PackedMatrix queryKeyValue;

  /** In the layout of {@link #queryKeyValue}'s outputs. */
  final float[] queryKeyValueBias;

  final float[] queryNorm;
  final float[] keyNorm;
  final PackedMatrix output;
  final float[] outputBias;
  final float[] feedForwardNorm;

  /** Parts: gate, up. */
  final PackedMatrix gateUp;

  final PackedMatrix down;

  LayerWeights(ModelWeights weights, Kernels kernels, int layer) {
    ModelConfig model = weights.config();
    inputNorm = read(weights, LayerTensor.INPUT_NORM, layer);
    queryKeyValue =
        PackedMatrix.of(
            weights,
            kernels,
            model.hidden(),
            names(layer, LayerTensor.QUERY, LayerTensor.KEY, LayerTensor.VALUE),
            new int[] {model.queryWidth(), model.kvWidth(), model.kvWidth()});
    queryKeyValueBias = bias(weights, layer);
    queryNorm = read(weights, LayerTensor.QUERY_NORM, layer);
    keyNorm = read(weights, LayerTensor.KEY_NORM, layer);
    output =
        PackedMatrix.of(
            weights,
            kernels,
            model.queryWidth(),
            names(layer, LayerTensor.OUTPUT),
            new int[] {model.hidden()});
    outputBias = read(weights, LayerTensor.OUTPUT_BIAS, layer);
    feedForwardNorm = read(weights, LayerTensor.FEED_FORWARD_NORM, layer);
    gateUp =
        PackedMatrix.of(
            weights,
            kernels,
            model.hidden(),
            names(layer, LayerTensor.GATE, LayerTensor.UP),
            new int[] {model.feedForward(), model.feedForward()});
    down =
        PackedMatrix.of(
            weights,
            kernels,
            model.feedForward(),
            names(layer, LayerTensor.DOWN),
            new int[] {model.hidden()});
  }

  private float[] bias(ModelWeights weights, int layer) {
    if (!weights.config().qkvBias()) {
      return NONE;
    }
    float[] bias = new float[queryKeyValue.paddedOutputs];
    LayerTensor[] parts = {LayerTensor.QUERY_BIAS, LayerTensor.KEY_BIAS, LayerTensor.VALUE_BIAS};
    for (int part = 0; part < parts.length; part++) {
      float[] values = read(weights, parts[part], layer);
      System.arraycopy(values, 0, bias, queryKeyValue.offsetOf(part), values.length);
    }
    return bias;
  }

  private static float[] read(ModelWeights weights, LayerTensor tensor, int layer) {
    return tensor.in(weights.config()) ? weights.read(tensor.name(layer)) : NONE;
  }

  private static String[] names(int layer, LayerTensor... tensors) {
    String[] names = new String[tensors.length];
    for (int i = 0; i < names.length; i++) {
      names[i] = tensors[i].name(layer);
    }
    return names;
  }
}
