package dev.cofferdam.worker.execution.cpu;

import dev.cofferdam.worker.adapter.LoraTarget;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.model.ModelConfig;

/**
 * One pass of a step's rows through the layers. In the last layer only the rows that a token is
 * sampled from go on behind the keys and values, since nothing reads the others.
 */
final class DecoderPass {
  private final ModelConfig model;
  private final LayerWeights[] layers;
  private final KvPool pool;
  private final int blockTokens;
  private final RotaryTable rotary;
  private final StepBuffers buffers;
  private final float scoreScale;

  DecoderPass(
      ModelConfig model,
      LayerWeights[] layers,
      KvPool pool,
      int blockTokens,
      RotaryTable rotary,
      StepBuffers buffers) {
    this.model = model;
    this.layers = layers;
    this.pool = pool;
    this.blockTokens = blockTokens;
    this.rotary = rotary;
    this.buffers = buffers;
    this.scoreScale = (float) (1 / Math.sqrt(model.headDimension()));
  }

  /**
   * Runs the rows whose embeddings are in the stream; afterwards the stream's first rows are those
   * of {@link StepBuffers#sampledRows}.
   */
  void run(StepPlan plan) {
    for (int layer = 0; layer < layers.length; layer++) {
      keysAndValues(plan, layer);
      boolean last = layer == layers.length - 1;
      if (last) {
        keepSampledRows();
      }
      int rows = last ? buffers.sampled : plan.rows;
      for (int row = 0; row < rows; row++) {
        attention(plan, layer, last ? buffers.sampledRows[row] : row, row);
      }
      afterAttention(layer, rows);
      feedForward(layer, rows);
    }
  }

  private void keysAndValues(StepPlan plan, int layer) {
    LayerWeights weights = layers[layer];
    PackedMatrix matrix = weights.queryKeyValue;
    normalise(weights.inputNorm, plan.rows);
    multiply(buffers.normed, buffers.hiddenStride, plan.rows, matrix, buffers.queryKeyValue);
    addLora(layer, LoraTarget.QUERY, plan.rows, matrix, buffers.queryKeyValue, 0);
    addLora(layer, LoraTarget.KEY, plan.rows, matrix, buffers.queryKeyValue, 1);
    addLora(layer, LoraTarget.VALUE, plan.rows, matrix, buffers.queryKeyValue, 2);
    for (int row = 0; row < plan.rows; row++) {
      int at = row * matrix.paddedOutputs;
      int position = plan.positions[row];
      RowMath.add(
          buffers.queryKeyValue,
          at,
          weights.queryKeyValueBias,
          0,
          weights.queryKeyValueBias.length);
      rotate(at, model.heads(), weights.queryNorm, position);
      rotate(at + matrix.offsetOf(1), model.kvHeads(), weights.keyNorm, position);
      int entry = plan.blockStart[buffers.sequenceOfRow[row]] + position / blockTokens;
      pool.write(
          plan.blockTable[entry],
          position % blockTokens,
          layer,
          buffers.queryKeyValue,
          at + matrix.offsetOf(1),
          at + matrix.offsetOf(2));
    }
  }

  private void rotate(int at, int heads, float[] norm, int position) {
    int width = model.headDimension();
    float[] values = buffers.queryKeyValue;
    for (int head = 0; head < heads; head++, at += width) {
      if (norm.length > 0) {
        RowMath.normalise(values, at, norm, width, model.normEpsilon(), values, at);
      }
      rotary.rotate(values, at, position);
    }
  }

  private void keepSampledRows() {
    int stride = buffers.hiddenStride;
    for (int i = 0; i < buffers.sampled; i++) {
      int row = buffers.sampledRows[i];
      System.arraycopy(buffers.stream, row * stride, buffers.stream, i * stride, stride);
      buffers.adapterOfRow[i] = buffers.adapterOfRow[row];
    }
  }

  /** Attention of {@code row}; the result becomes row {@code to} of the attended ones. */
  private void attention(StepPlan plan, int layer, int row, int to) {
    int width = model.headDimension();
    int group = model.heads() / model.kvHeads();
    int query = row * layers[layer].queryKeyValue.paddedOutputs;
    int out = to * buffers.queryStride;
    int count = plan.positions[row] + 1;
    int tableAt = plan.blockStart[buffers.sequenceOfRow[row]];
    for (int kvHead = 0; kvHead < model.kvHeads(); kvHead++) {
      for (int done = 0; done < group; ) {
        int heads = Math.min(StepBuffers.HEADS_AT_ONCE, group - done);
        int offset = (kvHead * group + done) * width;
        attend(plan.blockTable, tableAt, count, layer, kvHead, heads, query + offset, out + offset);
        done += heads;
      }
    }
  }

  private void attend(
      int[] table, int tableAt, int count, int layer, int kvHead, int heads, int query, int out) {
    int width = model.headDimension();
    int stride = buffers.scoresStride;
    ScoreKernel.scores(
        heads,
        buffers.queryKeyValue,
        query,
        pool.blocks,
        table,
        tableAt,
        count,
        pool.keys(layer, kvHead),
        width,
        blockTokens,
        buffers.scores,
        stride);
    for (int head = 0; head < heads; head++) {
      buffers.totals[head] =
          RowMath.exponentials(buffers.scores, head * stride, count, scoreScale, buffers.sums);
    }
    ValueKernel.values(
        heads,
        buffers.scores,
        stride,
        pool.blocks,
        table,
        tableAt,
        count,
        pool.values(layer, kvHead),
        width,
        blockTokens,
        buffers.attended,
        out);
    for (int head = 0; head < heads; head++) {
      float factor = 1 / buffers.totals[head];
      for (int i = 0; i < width; i++) {
        buffers.attended[out + head * width + i] *= factor;
      }
    }
  }

  private void afterAttention(int layer, int rows) {
    LayerWeights weights = layers[layer];
    multiply(buffers.attended, buffers.queryStride, rows, weights.output, buffers.projected);
    for (int row = 0; row < rows; row++) {
      int at = row * buffers.hiddenStride;
      PackedLora adapter = buffers.adapterOfRow[row];
      if (adapter != null) {
        adapter.apply(
            layer,
            LoraTarget.OUTPUT,
            buffers.attended,
            row * buffers.queryStride,
            buffers.projected,
            at,
            buffers.shrunk);
      }
      RowMath.add(buffers.projected, at, weights.outputBias, 0, weights.outputBias.length);
      RowMath.add(buffers.stream, at, buffers.projected, at, model.hidden());
    }
  }

  private void feedForward(int layer, int rows) {
    LayerWeights weights = layers[layer];
    PackedMatrix gateUp = weights.gateUp;
    normalise(weights.feedForwardNorm, rows);
    multiply(buffers.normed, buffers.hiddenStride, rows, gateUp, buffers.gateUp);
    addLora(layer, LoraTarget.GATE, rows, gateUp, buffers.gateUp, 0);
    addLora(layer, LoraTarget.UP, rows, gateUp, buffers.gateUp, 1);
    for (int row = 0; row < rows; row++) {
      int at = row * gateUp.paddedOutputs;
      RowMath.gate(buffers.gateUp, at, buffers.gateUp, at + gateUp.offsetOf(1), gateUp.offsetOf(1));
    }
    multiply(buffers.gateUp, gateUp.paddedOutputs, rows, weights.down, buffers.projected);
    for (int row = 0; row < rows; row++) {
      int at = row * buffers.hiddenStride;
      PackedLora adapter = buffers.adapterOfRow[row];
      if (adapter != null) {
        adapter.apply(
            layer,
            LoraTarget.DOWN,
            buffers.gateUp,
            row * gateUp.paddedOutputs,
            buffers.projected,
            at,
            buffers.shrunk);
      }
      RowMath.add(buffers.stream, at, buffers.projected, at, model.hidden());
    }
  }

  /** Adds the adapters' share to a part of a projection of the normalised stream. */
  private void addLora(
      int layer, LoraTarget target, int rows, PackedMatrix matrix, float[] outputs, int part) {
    for (int row = 0; row < rows; row++) {
      PackedLora adapter = buffers.adapterOfRow[row];
      if (adapter != null) {
        int to = row * matrix.paddedOutputs + matrix.offsetOf(part);
        adapter.apply(
            layer, target, buffers.normed, row * buffers.hiddenStride, outputs, to, buffers.shrunk);
      }
    }
  }

  private void normalise(float[] weight, int rows) {
    for (int row = 0; row < rows; row++) {
      int at = row * buffers.hiddenStride;
      RowMath.normalise(
          buffers.stream, at, weight, model.hidden(), model.normEpsilon(), buffers.normed, at);
    }
  }

  private static void multiply(float[] x, int xStride, int rows, PackedMatrix matrix, float[] y) {
    MatrixKernel.multiply(
        x,
        0,
        xStride,
        rows,
        matrix,
        0,
        matrix.paddedOutputs / PackedMatrix.PANEL,
        y,
        matrix.paddedOutputs);
  }
}
