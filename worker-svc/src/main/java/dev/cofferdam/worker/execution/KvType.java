package dev.cofferdam.worker.execution;

import dev.cofferdam.worker.model.ModelConfig;

/** How an executor keeps the elements of KV blocks. */
public enum KvType {
  /** As they are computed. */
  F32(Float.BYTES),
  /** Rounded to the nearest BF16, ties to even: half the memory, and half of what a step reads. */
  BF16(Short.BYTES),
  /**
   * {@link Fp8} with a scale for each token and head, a power of two, which lies beside them in the
   * block: half of BF16's bytes and 2 more, at most 1/16 of a number off. On devices only.
   */
  FP8(Byte.BYTES);

  private static final int SCALE_BYTES = Short.BYTES;

  /** Bytes of an element, scales left aside. */
  public final int bytes;

  KvType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of a block of a model's, with all that is kept of its tokens. */
  public long blockBytes(ModelConfig model, int blockTokens) {
    long elements = model.kvElementsPerToken();
    long scales = this == FP8 ? elements / model.headDimension() * SCALE_BYTES : 0;
    return blockTokens * (elements * bytes + scales);
  }

  /** What goes with weights that are kept so: nothing is lost beside F32 weights. */
  public static KvType of(WeightType weights) {
    return weights == WeightType.F32 ? F32 : BF16;
  }
}
