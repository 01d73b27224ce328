package dev.cofferdam.worker.execution.cpu;

import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.model.ElementType;
import dev.cofferdam.worker.model.ModelWeights;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;

/** Rows of the token embedding. */
interface Embedding {
  ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  ValueLayout.OfShort HALF = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Copies a token's row. */
  void copy(int token, float[] target, int offset);

  /**
   * The embedding of a model: the output head's rows where the two are tied; the file's own where
   * they are stored in F32 or BF16; else in F32 where the weights are, else in BF16, since what is
   * not multiplied gains nothing from eight bits.
   */
  static Embedding of(ModelWeights weights, WeightType type, PackedMatrix outputHead) {
    if (weights.config().tiedEmbeddings()) {
      return outputHead::row;
    }
    int hidden = weights.config().hidden();
    Optional<MemorySegment> floats = weights.mapped(ModelWeights.EMBEDDING, ElementType.F32);
    if (floats.isPresent()) {
      return floats(floats.get(), hidden);
    }
    Optional<MemorySegment> halves = weights.mapped(ModelWeights.EMBEDDING, ElementType.BF16);
    if (halves.isPresent()) {
      return halves(halves.get(), hidden);
    }
    float[] values = weights.read(ModelWeights.EMBEDDING);
    if (type == WeightType.F32) {
      return floats(MemorySegment.ofArray(values), hidden);
    }
    short[] rounded = new short[values.length];
    for (int i = 0; i < rounded.length; i++) {
      rounded[i] = (short) Bf16Matrix.round(values[i]);
    }
    return halves(MemorySegment.ofArray(rounded), hidden);
  }

  private static Embedding floats(MemorySegment rows, int hidden) {
    return (token, target, offset) ->
        MemorySegment.copy(
            rows, FLOAT, (long) token * hidden * Float.BYTES, target, offset, hidden);
  }

  private static Embedding halves(MemorySegment rows, int hidden) {
    return (token, target, offset) -> {
      long from = (long) token * hidden * Short.BYTES;
      for (int i = 0; i < hidden; i++) {
        target[offset + i] =
            Float.intBitsToFloat(rows.get(HALF, from + (long) Short.BYTES * i) << 16);
      }
    };
  }
}
