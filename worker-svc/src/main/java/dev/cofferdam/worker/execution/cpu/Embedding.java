package dev.cofferdam.worker.execution.cpu;

import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.model.ModelWeights;

/** Rows of the token embedding. */
interface Embedding {
  /** Copies a token's row. */
  void copy(int token, float[] target, int offset);

  /**
   * The embedding of a model: the output head's rows where the two are tied, else in F32 where the
   * weights are, else in BF16, since what is not multiplied gains nothing from eight bits.
   */
  static Embedding of(ModelWeights weights, WeightType type, PackedMatrix outputHead) {
    if (weights.config().tiedEmbeddings()) {
      return outputHead::row;
    }
    int hidden = weights.config().hidden();
    float[] values = weights.read(ModelWeights.EMBEDDING);
    if (type == WeightType.F32) {
      return (token, target, offset) ->
          System.arraycopy(values, token * hidden, target, offset, hidden);
    }
    short[] halves = new short[values.length];
    for (int i = 0; i < halves.length; i++) {
      halves[i] = (short) Bf16Matrix.round(values[i]);
    }
    return (token, target, offset) -> {
      for (int i = 0; i < hidden; i++) {
        target[offset + i] = Float.intBitsToFloat(halves[token * hidden + i] << 16);
      }
    };
  }
}
