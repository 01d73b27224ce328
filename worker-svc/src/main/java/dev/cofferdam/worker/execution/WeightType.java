package dev.cofferdam.worker.execution;

/**
 * How an executor keeps the weights of projections. Norms stay F32, and activations too on the
 * processor; on a device, what is multiplied is rounded to BF16.
 */
public enum WeightType {
  /** As they are. */
  F32(Float.BYTES),
  /** Rounded to BF16; exact where the model is stored so. */
  BF16(Short.BYTES),
  /**
   * Eight bits and one scale for each output: a weight is at most 1/254 of its output's largest
   * weight off.
   */
  INT8(Byte.BYTES),
  /**
   * {@link Fp8} and one scale for each output: a weight is at most 1/16 of itself off. On devices
   * only.
   */
  FP8(Byte.BYTES);

  /** Bytes of a weight. */
  public final int bytes;

  WeightType(int bytes) {
    this.bytes = bytes;
  }
}
