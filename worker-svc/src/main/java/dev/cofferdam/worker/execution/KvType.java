package dev.cofferdam.worker.execution;

/** How an executor keeps the elements of KV blocks. */
public enum KvType {
  /** As they are computed. */
  F32(Float.BYTES),
  /** Rounded to the nearest BF16, ties to even: half the memory, and half of what a step reads. */
  BF16(Short.BYTES);

  /** Bytes of an element. */
  public final int bytes;

  KvType(int bytes) {
    this.bytes = bytes;
  }

  /** What goes with weights that are kept so: nothing is lost beside F32 weights. */
  public static KvType of(WeightType weights) {
    return weights == WeightType.F32 ? F32 : BF16;
  }
}
