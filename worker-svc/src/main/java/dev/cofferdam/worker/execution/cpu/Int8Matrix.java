package dev.cofferdam.worker.execution.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Weights in eight bits: [panel][four inputs][output of the panel], four in one lane with the first
 * in the lowest byte. A byte holds 128 + round(weight / scale); the scale is the output's largest
 * weight / 127. The sums are over the bytes; {@link #finish} subtracts 128 times the sum of the
 * inputs, and multiplies with the scale.
 */
final class Int8Matrix extends PackedMatrix {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final int LANES = SPECIES.length();
  private static final int LARGEST = 127;
  private static final int ZERO = 128;
  private static final int BYTE = 0xFF;
  private static final int DIRECT_ROWS = 4;

  private final int[] weights;

  /** Scale of each output. */
  private final float[] scales;

  Int8Matrix(int inputs, int[] outputs) {
    super(inputs, outputs);
    weights = new int[paddedInputs / 4 * paddedOutputs];
    scales = new float[paddedOutputs];
  }

  private int at(int output) {
    return output / PANEL * PANEL * (paddedInputs / 4) + output % PANEL;
  }

  @Override
  void place(float[] rows, int from, int output) {
    float largest = 0;
    for (int i = 0; i < inputs; i++) {
      largest = Math.max(largest, Math.abs(rows[from + i]));
    }
    float scale = largest / LARGEST;
    scales[output] = scale;
    int to = at(output);
    for (int i = 0; i < inputs; i++) {
      int quantised = scale == 0 ? 0 : Math.round(rows[from + i] / scale);
      int code = Math.clamp(quantised, -LARGEST, LARGEST) + ZERO;
      weights[to + i / 4 * PANEL] |= code << Byte.SIZE * (i & 3);
    }
  }

  @Override
  void row(int output, float[] target, int offset) {
    int from = at(output);
    for (int i = 0; i < inputs; i++) {
      int code = weights[from + i / 4 * PANEL] >>> Byte.SIZE * (i & 3) & BYTE;
      target[offset + i] = (code - ZERO) * scales[output];
    }
  }

  @Override
  long panelBytes() {
    return (long) paddedInputs / 4 * PANEL * Integer.BYTES;
  }

  @Override
  void pack(float[] x, int x0, int xStride, PackedRows packed, int fromRow, int toRow) {
    super.pack(x, x0, xStride, packed, fromRow, toRow);
    packed.sum(x, x0, xStride, inputs, fromRow, toRow);
    if (packed.rows <= DIRECT_ROWS) {
      packed.scaleForBytes(fromRow, toRow);
    }
  }

  @Override
  int direct() {
    return DIRECT_ROWS;
  }

  @Override
  void multiplyDirectly(PackedRows x, int panel, float[] y, int yStride) {
    int groups = paddedInputs / 4;
    int w0 = panel * groups * PANEL;
    for (int row = 0; row < x.rows; ) {
      int tile = x.tileRows(row);
      int x0 = row * x.stride;
      int y0 = row * yStride + panel * PANEL;
      switch (tile) {
        case 4 -> Int8Kernel.tile4(x.values, x0, weights, w0, groups, y, y0, yStride);
        case 2 -> Int8Kernel.tile2(x.values, x0, weights, w0, groups, y, y0, yStride);
        default -> Int8Kernel.tile1(x.values, x0, weights, w0, groups, y, y0);
      }
      row += tile;
    }
  }

  @Override
  void multiplyWidened(
      PackedRows x, int panel, int from, int count, float[] y, int yStride, float[] scratch) {
    widen(weights, (panel * paddedInputs + from) / 4 * PANEL, count / 4, scratch);
    multiplyF32(x, scratch, 0, from, count, panel, y, yStride);
  }

  private static void widen(int[] weights, int from, int groups, float[] scratch) {
    for (int group = 0, at = from, to = 0; group < groups; group++, at += PANEL, to += 4 * PANEL) {
      for (int lane = 0; lane < PANEL; lane += LANES) {
        IntVector codes = IntVector.fromArray(INTS, weights, at + lane);
        codes
            .and(BYTE)
            .convertShape(VectorOperators.I2F, SPECIES, 0)
            .reinterpretAsFloats()
            .intoArray(scratch, to + lane);
        codes
            .lanewise(VectorOperators.LSHR, Byte.SIZE)
            .and(BYTE)
            .convertShape(VectorOperators.I2F, SPECIES, 0)
            .reinterpretAsFloats()
            .intoArray(scratch, to + PANEL + lane);
        codes
            .lanewise(VectorOperators.LSHR, 2 * Byte.SIZE)
            .and(BYTE)
            .convertShape(VectorOperators.I2F, SPECIES, 0)
            .reinterpretAsFloats()
            .intoArray(scratch, to + 2 * PANEL + lane);
        codes
            .lanewise(VectorOperators.LSHR, 3 * Byte.SIZE)
            .convertShape(VectorOperators.I2F, SPECIES, 0)
            .reinterpretAsFloats()
            .intoArray(scratch, to + 3 * PANEL + lane);
      }
    }
  }

  @Override
  void finish(PackedRows x, int panel, float[] y, int yStride) {
    for (int row = 0; row < x.rows; row++) {
      float zero = ZERO * x.sums[row];
      int to = row * yStride + panel * PANEL;
      for (int lane = 0; lane < PANEL; lane += LANES) {
        FloatVector scale = FloatVector.fromArray(SPECIES, scales, panel * PANEL + lane);
        FloatVector.fromArray(SPECIES, y, to + lane).sub(zero).mul(scale).intoArray(y, to + lane);
      }
    }
  }
}
