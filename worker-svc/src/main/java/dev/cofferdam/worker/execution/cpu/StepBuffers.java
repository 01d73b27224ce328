package dev.cofferdam.worker.execution.cpu;

import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.model.ModelConfig;

/**
 * Activations and scratch of a step, allocated once. Rows lie one after the other, padded to the
 * matrices' panels.
 */
final class StepBuffers {
  /** Rows of logits at once; bounds the memory of a large vocabulary. */
  static final int LOGIT_ROWS = 16;

  final int hiddenStride;
  final int queryStride;

  /** The residual stream. */
  final float[] stream;

  /** The normalised stream, input of projections. */
  final float[] normed;

  /** What a projection back to the stream gives. */
  final float[] projected;

  final float[] queryKeyValue;
  final float[] attended;
  final float[] gateUp;
  final float[] logits;

  /** Sequence of each row. */
  final int[] sequenceOfRow;

  /** Slot of each row's adapter; 0 for the base model. */
  final int[] slotOfRow;

  /** Rows that a token is sampled from, and their number. */
  final int[] sampledRows;

  int sampled;

  /** Whether all rows go through the whole of the last layer: their hidden states are wanted. */
  boolean whole;

  StepBuffers(ModelConfig model, ExecutorOptions options, LayerWeights layer, int logitsStride) {
    int rows = options.rowsMax();
    hiddenStride = PackedMatrix.padded(model.hidden());
    queryStride = PackedMatrix.padded(model.queryWidth());
    stream = new float[Math.multiplyExact(rows, hiddenStride)];
    normed = new float[stream.length];
    projected = new float[stream.length];
    queryKeyValue = new float[Math.multiplyExact(rows, layer.queryKeyValue.paddedOutputs)];
    attended = new float[Math.multiplyExact(rows, queryStride)];
    gateUp = new float[Math.multiplyExact(rows, layer.gateUp.paddedOutputs)];
    logits = new float[Math.multiplyExact(LOGIT_ROWS, logitsStride)];
    sequenceOfRow = new int[rows];
    slotOfRow = new int[rows];
    sampledRows = new int[options.sequencesMax()];
  }
}
