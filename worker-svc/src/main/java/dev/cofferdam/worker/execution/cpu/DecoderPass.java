package dev.cofferdam.worker.execution.cpu;

import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.model.ModelConfig;

/**
 * One pass of a step's rows through the layers. In the last layer only the rows that a token is
 * sampled from go on behind the keys and values, since nothing reads the others, unless hidden
 * states are wanted.
 */
final class DecoderPass {
  /** Elements of rows from which on waking the helpers costs less than it brings. */
  private static final int TOGETHER_MIN = 1 << 15;

  /** The same where they are awake. */
  private static final int AWAKE_MIN = 1 << 11;

  /** Of a row, that one chunk gates; a multiple of the widest vector. */
  private static final int GATED_MAX = 1 << 10;

  private static final int ROWS_OF_CHUNK = 4;

  private final ModelConfig model;
  private final LayerWeights[] layers;
  private final KvPool pool;
  private final RotaryTable rotary;
  private final StepBuffers buffers;
  private final Team team;
  private final Projector projector;
  private final LoraPass lora;
  private final Attention attention;
  private final Team.Job normalising = this::normalise;
  private final Team.Job storing = this::rotateAndStore;
  private final Team.Job gating = this::gate;

  private StepPlan plan;
  private int layer;
  private int rows;
  private int gatePieces;
  private float[] norm = {};

  DecoderPass(
      ModelConfig model,
      LayerWeights[] layers,
      KvPool pool,
      int positions,
      StepBuffers buffers,
      Team team,
      Projector projector,
      LoraPass lora) {
    this.model = model;
    this.layers = layers;
    this.pool = pool;
    this.buffers = buffers;
    this.team = team;
    this.projector = projector;
    this.lora = lora;
    rotary = new RotaryTable(model, positions);
    int queryRowStride = layers[0].queryKeyValue.paddedOutputs;
    attention =
        new Attention(team, model, pool, buffers, queryRowStride, buffers.sequenceOfRow.length);
    plan = new StepPlan(1, 1, 1);
  }

  /**
   * Runs the rows whose embeddings are in the stream; afterwards the stream's first rows are those
   * of {@link StepBuffers#sampledRows}, or the stream has all rows where they are wanted {@link
   * StepBuffers#whole}.
   *
   * @throws dev.cofferdam.worker.execution.SealBrokenException when a sealed block is broken
   */
  void run(StepPlan plan) {
    this.plan = plan;
    lora.group(buffers.slotOfRow, plan.rows);
    try {
      decode();
    } finally {
      attention.wipe();
    }
  }

  private void decode() {
    for (layer = 0; layer < layers.length; layer++) {
      rows = plan.rows;
      keysAndValues();
      boolean last = layer == layers.length - 1 && !buffers.whole;
      if (last) {
        keepSampledRows();
        rows = buffers.sampled;
        lora.group(buffers.slotOfRow, rows);
      }
      attention.run(plan, layer, last);
      afterAttention();
      feedForward();
    }
  }

  /** Keys and values that are readable beside the pool; none between steps. */
  long stagedResidue() {
    return attention.residue();
  }

  private void keysAndValues() {
    LayerWeights weights = layers[layer];
    PackedMatrix matrix = weights.queryKeyValue;
    normaliseStream(weights.inputNorm);
    project(
        LoraProjection.QUERY_KEY_VALUE,
        matrix,
        buffers.normed,
        buffers.hiddenStride,
        buffers.queryKeyValue);
    together(storing, rowChunks(), matrix.paddedOutputs);
  }

  private void rotateAndStore(int chunk, int worker) {
    LayerWeights weights = layers[layer];
    PackedMatrix matrix = weights.queryKeyValue;
    for (int row = firstRow(chunk); row < endRow(chunk); row++) {
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
      int entry = plan.blockStart[buffers.sequenceOfRow[row]] + position / pool.blockTokens;
      pool.write(
          plan.blockTable[entry],
          position % pool.blockTokens,
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
      buffers.slotOfRow[i] = buffers.slotOfRow[row];
    }
  }

  private void afterAttention() {
    LayerWeights weights = layers[layer];
    project(
        LoraProjection.OUTPUT,
        weights.output,
        buffers.attended,
        buffers.queryStride,
        buffers.projected);
    for (int row = 0; row < rows; row++) {
      int at = row * buffers.hiddenStride;
      RowMath.add(buffers.projected, at, weights.outputBias, 0, weights.outputBias.length);
      RowMath.add(buffers.stream, at, buffers.projected, at, model.hidden());
    }
  }

  private void feedForward() {
    LayerWeights weights = layers[layer];
    PackedMatrix gateUp = weights.gateUp;
    normaliseStream(weights.feedForwardNorm);
    project(LoraProjection.GATE_UP, gateUp, buffers.normed, buffers.hiddenStride, buffers.gateUp);
    gatePieces = (gateUp.offsetOf(1) + GATED_MAX - 1) / GATED_MAX;
    together(gating, rows * gatePieces, gateUp.paddedOutputs);
    project(
        LoraProjection.DOWN, weights.down, buffers.gateUp, gateUp.paddedOutputs, buffers.projected);
    for (int row = 0; row < rows; row++) {
      int at = row * buffers.hiddenStride;
      RowMath.add(buffers.stream, at, buffers.projected, at, model.hidden());
    }
  }

  private void gate(int chunk, int worker) {
    PackedMatrix gateUp = layers[layer].gateUp;
    int width = gateUp.offsetOf(1);
    int from = chunk % gatePieces * GATED_MAX;
    int at = chunk / gatePieces * gateUp.paddedOutputs + from;
    RowMath.gate(buffers.gateUp, at, buffers.gateUp, at + width, Math.min(GATED_MAX, width - from));
  }

  /** Multiplies all rows with a matrix of this layer, with the adapters' share. */
  private void project(
      LoraProjection projection, PackedMatrix matrix, float[] x, int xStride, float[] y) {
    int shrinks = lora.begin(layer, projection, matrix, x, xStride);
    projector.project(x, 0, xStride, rows, matrix, y, lora.shrinking, shrinks);
    if (shrinks > 0) {
      lora.expandInto(y);
    }
  }

  private void normaliseStream(float[] weight) {
    norm = weight;
    together(normalising, rowChunks(), model.hidden());
  }

  private void normalise(int chunk, int worker) {
    for (int row = firstRow(chunk); row < endRow(chunk); row++) {
      int at = row * buffers.hiddenStride;
      RowMath.normalise(
          buffers.stream, at, norm, model.hidden(), model.normEpsilon(), buffers.normed, at);
    }
  }

  /** Runs a job over all rows. */
  private void together(Team.Job job, int chunks, int rowElements) {
    int least = team.awake() ? AWAKE_MIN : TOGETHER_MIN;
    if (chunks < 2 || (long) rows * rowElements < least) {
      Team.alone(job, chunks);
    } else {
      team.run(job, chunks);
    }
  }

  private int rowChunks() {
    return (rows + ROWS_OF_CHUNK - 1) / ROWS_OF_CHUNK;
  }

  private static int firstRow(int chunk) {
    return chunk * ROWS_OF_CHUNK;
  }

  private int endRow(int chunk) {
    return Math.min(rows, (chunk + 1) * ROWS_OF_CHUNK);
  }
}
