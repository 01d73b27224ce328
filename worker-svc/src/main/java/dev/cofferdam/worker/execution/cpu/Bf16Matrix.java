package dev.cofferdam.worker.execution.cpu;

import java.lang.foreign.MemorySegment;

/**
 * Weights in BF16: [panel][pair of inputs][output of the panel], a pair in one lane with the even
 * input's weight in the lower half. Shifted or masked, each half is the weight in F32 without loss.
 */
final class Bf16Matrix extends VectorMatrix {
  private static final int TILE = 8;
  private static final int HIGH = 0xFFFF0000;

  private final int[] weights;

  Bf16Matrix(int inputs, int[] outputs) {
    super(inputs, outputs);
    weights = new int[Alignment.PAD + paddedInputs / 2 * paddedOutputs + AHEAD];
  }

  /** The nearest BF16, to even on a tie; NaN stays NaN. */
  static int round(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return bits >>> 16 | 0x40;
    }
    return bits + 0x7FFF + (bits >>> 16 & 1) >>> 16;
  }

  @Override
  MemorySegment weights() {
    return MemorySegment.ofArray(weights).asSlice((long) Alignment.PAD * 4);
  }

  private int at(int output) {
    return Alignment.PAD + output / PANEL * PANEL * (paddedInputs / 2) + output % PANEL;
  }

  @Override
  void place(float[] rows, int from, int output) {
    int to = at(output);
    for (int i = 0; i < inputs; i++) {
      weights[to + i / 2 * PANEL] |= round(rows[from + i]) << 16 * (i & 1);
    }
  }

  @Override
  void row(int output, float[] target, int offset) {
    int from = at(output);
    for (int i = 0; i < inputs; i++) {
      int pair = weights[from + i / 2 * PANEL];
      target[offset + i] = Float.intBitsToFloat((i & 1) == 0 ? pair << 16 : pair & HIGH);
    }
  }

  @Override
  int largestTile() {
    return TILE;
  }

  @Override
  int row(float[] x, int x0, int panel, int panels, float[] y, int y0) {
    int groups = paddedInputs / 2;
    int next = panels == 1 ? 0 : groups * PANEL;
    return Bf16Kernel.tile1(x, x0, weights, at(panel * PANEL), next, groups, y, y0);
  }

  @Override
  int tile(int rows, float[] x, int x0, int panel, float[] y, int y0, int yStride) {
    int groups = paddedInputs / 2;
    int at = at(panel * PANEL);
    return switch (rows) {
      case TILE -> Bf16Kernel.tile8(x, x0, weights, at, groups, y, y0, yStride);
      case 4 -> Bf16Kernel.tile4(x, x0, weights, at, groups, y, y0, yStride);
      default -> Bf16Kernel.tile2(x, x0, weights, at, groups, y, y0, yStride);
    };
  }
}
