package dev.cofferdam.worker.execution.cpu;

import dev.cofferdam.worker.execution.EightBits;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Weights in eight bits: [panel][four inputs][output of the panel], four in one lane with the first
 * in the lowest byte. A byte holds 128 + round(weight / scale); the scale is the output's largest
 * weight / 127. The sums are over the bytes; {@link #finish} subtracts 128 times the sum of the
 * inputs, and multiplies with the scale.
 */
final class Int8Matrix extends VectorMatrix {
  private static final int TILE = 8;
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = SPECIES.length();
  private static final int ZERO = 128;
  private static final int BYTE = 0xFF;

  private final int[] weights;

  /** Scale of each output. */
  private final float[] scales;

  Int8Matrix(int inputs, int[] outputs) {
    super(inputs, outputs);
    weights = new int[Alignment.PAD + paddedInputs / 4 * paddedOutputs + AHEAD];
    scales = new float[paddedOutputs];
  }

  @Override
  MemorySegment weights() {
    return MemorySegment.ofArray(weights).asSlice((long) Alignment.PAD * 4);
  }

  @Override
  MemorySegment scales() {
    return MemorySegment.ofArray(scales);
  }

  private int at(int output) {
    return Alignment.PAD + output / PANEL * PANEL * (paddedInputs / 4) + output % PANEL;
  }

  @Override
  void place(float[] rows, int from, int output) {
    float scale = EightBits.scale(rows, from, inputs, EightBits.INT8_MAX);
    scales[output] = scale;
    int to = at(output);
    for (int i = 0; i < inputs; i++) {
      int code = EightBits.int8(rows[from + i], scale) + ZERO;
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
  void pack(float[] x, int x0, int xStride, PackedRows packed, int fromRow, int toRow) {
    super.pack(x, x0, xStride, packed, fromRow, toRow);
    packed.sum(x, x0, xStride, inputs, fromRow, toRow);
    packed.scaleForBytes(fromRow, toRow);
  }

  @Override
  int largestTile() {
    return TILE;
  }

  @Override
  int row(float[] x, int x0, int panel, int panels, float[] y, int y0) {
    int groups = paddedInputs / 4;
    int next = panels == 1 ? 0 : groups * PANEL;
    return Int8Kernel.tile1(x, x0, weights, at(panel * PANEL), next, groups, y, y0);
  }

  @Override
  int tile(int rows, float[] x, int x0, int panel, float[] y, int y0, int yStride) {
    int groups = paddedInputs / 4;
    int at = at(panel * PANEL);
    return switch (rows) {
      case TILE -> Int8Kernel.tile8(x, x0, weights, at, groups, y, y0, yStride);
      case 4 -> Int8Kernel.tile4(x, x0, weights, at, groups, y, y0, yStride);
      default -> Int8Kernel.tile2(x, x0, weights, at, groups, y, y0, yStride);
    };
  }

  @Override
  void finish(PackedRows x, int panel, int panels, float[] y, int yStride) {
    for (int row = 0; row < x.rows; row++) {
      float zero = ZERO * x.sums[row];
      int to = row * yStride + panel * PANEL;
      for (int lane = 0; lane < panels * PANEL; lane += LANES) {
        FloatVector scale = FloatVector.fromArray(SPECIES, scales, panel * PANEL + lane);
        FloatVector.fromArray(SPECIES, y, to + lane).sub(zero).mul(scale).intoArray(y, to + lane);
      }
    }
  }
}
