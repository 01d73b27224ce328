package dev.cofferdam.worker.execution;

/**
 * How an output's weights become eight bits each and one scale: the largest of them becomes the
 * largest code, and a scale of 0 is that of zeros.
 */
public final class EightBits {
  /** The largest code of {@link WeightType#INT8}; the least is as far below 0. */
  public static final int INT8_MAX = 127;

  private EightBits() {}

  /** What an output's codes are to be multiplied with, whose largest one is given. */
  public static float scale(float[] weights, int from, int inputs, float largestCode) {
    float largest = 0;
    for (int i = 0; i < inputs; i++) {
      largest = Math.max(largest, Math.abs(weights[from + i]));
    }
    return largest / largestCode;
  }

  /** A weight as a whole number of scales. */
  public static int int8(float weight, float scale) {
    return scale == 0 ? 0 : Math.clamp(Math.round(weight / scale), -INT8_MAX, INT8_MAX);
  }

  /**
   * Quantises an output's weights.
   *
   * @param type {@code INT8} or {@code FP8}
   * @return what codes are to be multiplied with
   */
  public static float quantise(
      WeightType type, float[] weights, int from, int inputs, byte[] codes, int to) {
    boolean int8 = type == WeightType.INT8;
    float scale = scale(weights, from, inputs, int8 ? INT8_MAX : Fp8.MAX);
    for (int i = 0; i < inputs; i++) {
      float weight = weights[from + i];
      codes[to + i] =
          int8 ? (byte) int8(weight, scale) : Fp8.encode(scale == 0 ? 0 : weight / scale);
    }
    return scale;
  }
}
