package dev.cofferdam.worker.execution.cuda;

import dev.cofferdam.worker.execution.Fp8;
import dev.cofferdam.worker.execution.WeightType;

/** How an output's weights become eight bits each and one scale. */
final class EightBits {
  private static final int INT8_MAX = 127;

  private EightBits() {}

  /**
   * Quantises an output's weights, the largest of them to the largest code.
   *
   * @param type {@code INT8} or {@code FP8}
   * @return what codes are to be multiplied with
   */
  static float quantise(
      WeightType type, float[] weights, int from, int inputs, byte[] codes, int to) {
    float largest = 0;
    for (int i = 0; i < inputs; i++) {
      largest = Math.max(largest, Math.abs(weights[from + i]));
    }
    float scale = largest / (type == WeightType.INT8 ? INT8_MAX : Fp8.MAX);
    for (int i = 0; i < inputs; i++) {
      float steps = scale == 0 ? 0 : weights[from + i] / scale;
      codes[to + i] =
          type == WeightType.INT8
              ? (byte) Math.clamp(Math.round(steps), -INT8_MAX, INT8_MAX)
              : Fp8.encode(steps);
    }
    return scale;
  }
}
