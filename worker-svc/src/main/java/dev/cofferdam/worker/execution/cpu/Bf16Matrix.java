package dev.cofferdam.worker.execution.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Weights in BF16: [panel][pair of inputs][output of the panel], a pair in one lane with the even
 * input's weight in the lower half. Shifted or masked, each half is the weight in F32 without loss.
 */
final class Bf16Matrix extends PackedMatrix {
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final int LANES = FloatVector.SPECIES_PREFERRED.length();
  private static final int HIGH = 0xFFFF0000;
  private static final int DIRECT_ROWS = 4;

  private final int[] weights;

  Bf16Matrix(int inputs, int[] outputs) {
    super(inputs, outputs);
    weights = new int[paddedInputs / 2 * paddedOutputs];
  }

  /** The nearest BF16, to even on a tie; NaN stays NaN. */
  static int round(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return bits >>> 16 | 0x40;
    }
    return bits + 0x7FFF + (bits >>> 16 & 1) >>> 16;
  }

  private int at(int output) {
    return output / PANEL * PANEL * (paddedInputs / 2) + output % PANEL;
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
  long panelBytes() {
    return (long) paddedInputs / 2 * PANEL * Integer.BYTES;
  }

  @Override
  int direct() {
    return DIRECT_ROWS;
  }

  @Override
  void multiplyDirectly(PackedRows x, int panel, float[] y, int yStride) {
    int groups = paddedInputs / 2;
    int w0 = panel * groups * PANEL;
    for (int row = 0; row < x.rows; ) {
      int tile = x.tileRows(row);
      int x0 = row * x.stride;
      int y0 = row * yStride + panel * PANEL;
      switch (tile) {
        case 4 -> Bf16Kernel.tile4(x.values, x0, weights, w0, groups, y, y0, yStride);
        case 2 -> Bf16Kernel.tile2(x.values, x0, weights, w0, groups, y, y0, yStride);
        default -> Bf16Kernel.tile1(x.values, x0, weights, w0, groups, y, y0);
      }
      row += tile;
    }
  }

  @Override
  void multiplyWidened(
      PackedRows x, int panel, int from, int count, float[] y, int yStride, float[] scratch) {
    widen(weights, (panel * paddedInputs + from) / 2 * PANEL, count / 2, scratch);
    multiplyF32(x, scratch, 0, from, count, panel, y, yStride);
  }

  private static void widen(int[] weights, int from, int groups, float[] scratch) {
    for (int group = 0, at = from, to = 0; group < groups; group++, at += PANEL, to += 2 * PANEL) {
      for (int lane = 0; lane < PANEL; lane += LANES) {
        IntVector pairs = IntVector.fromArray(INTS, weights, at + lane);
        FloatVector even = pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
        even.intoArray(scratch, to + lane);
        pairs.and(HIGH).reinterpretAsFloats().intoArray(scratch, to + PANEL + lane);
      }
    }
  }
}
