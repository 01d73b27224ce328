package dev.cofferdam.worker.execution.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Tiles of 1, 2, 4 or 12 rows by a panel of F32 weights: adds their products to the outputs. Every
 * output is one chain of fused multiply-adds over the inputs in ascending order, whatever the tile,
 * so that results are bitwise the same in any batch and on any machine with a fused multiply-add.
 *
 * <p>The tiles are written out, because vectors that pass through a call or an array would live in
 * memory. 12 rows × 2 vectors hide the latency of the multiply-add, leave registers for weights and
 * inputs, and read 11 bytes of weights per cycle, which a second-level cache sustains. A single row
 * takes two panels, for the same latency.
 */
final class F32Kernel {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = SPECIES.length();
  private static final int PANEL = PackedMatrix.PANEL;
  private static final int AHEAD = VectorMatrix.AHEAD;

  private F32Kernel() {}

  static int tile12(
      float[] x, int x0, float[] w, int weightsAt, int inputs, float[] y, int y0, int yStride) {
    int y1 = y0 + yStride;
    int y2 = y1 + yStride;
    int y3 = y2 + yStride;
    int y4 = y3 + yStride;
    int y5 = y4 + yStride;
    int y6 = y5 + yStride;
    int y7 = y6 + yStride;
    int y8 = y7 + yStride;
    int y9 = y8 + yStride;
    int y10 = y9 + yStride;
    int y11 = y10 + yStride;
    FloatVector a0_0 = FloatVector.fromArray(SPECIES, y, y0);
    FloatVector a0_1 = FloatVector.fromArray(SPECIES, y, y0 + LANES);
    FloatVector a1_0 = FloatVector.fromArray(SPECIES, y, y1);
    FloatVector a1_1 = FloatVector.fromArray(SPECIES, y, y1 + LANES);
    FloatVector a2_0 = FloatVector.fromArray(SPECIES, y, y2);
    FloatVector a2_1 = FloatVector.fromArray(SPECIES, y, y2 + LANES);
    FloatVector a3_0 = FloatVector.fromArray(SPECIES, y, y3);
    FloatVector a3_1 = FloatVector.fromArray(SPECIES, y, y3 + LANES);
    FloatVector a4_0 = FloatVector.fromArray(SPECIES, y, y4);
    FloatVector a4_1 = FloatVector.fromArray(SPECIES, y, y4 + LANES);
    FloatVector a5_0 = FloatVector.fromArray(SPECIES, y, y5);
    FloatVector a5_1 = FloatVector.fromArray(SPECIES, y, y5 + LANES);
    FloatVector a6_0 = FloatVector.fromArray(SPECIES, y, y6);
    FloatVector a6_1 = FloatVector.fromArray(SPECIES, y, y6 + LANES);
    FloatVector a7_0 = FloatVector.fromArray(SPECIES, y, y7);
    FloatVector a7_1 = FloatVector.fromArray(SPECIES, y, y7 + LANES);
    FloatVector a8_0 = FloatVector.fromArray(SPECIES, y, y8);
    FloatVector a8_1 = FloatVector.fromArray(SPECIES, y, y8 + LANES);
    FloatVector a9_0 = FloatVector.fromArray(SPECIES, y, y9);
    FloatVector a9_1 = FloatVector.fromArray(SPECIES, y, y9 + LANES);
    FloatVector a10_0 = FloatVector.fromArray(SPECIES, y, y10);
    FloatVector a10_1 = FloatVector.fromArray(SPECIES, y, y10 + LANES);
    FloatVector a11_0 = FloatVector.fromArray(SPECIES, y, y11);
    FloatVector a11_1 = FloatVector.fromArray(SPECIES, y, y11 + LANES);
    int touched = 0;
    for (int i = 0, at = weightsAt, from = x0; i < inputs; i++, at += PANEL, from += 12) {
      touched |=
          Float.floatToRawIntBits(w[at + AHEAD]) | Float.floatToRawIntBits(w[at + AHEAD + LANES]);
      FloatVector w0 = FloatVector.fromArray(SPECIES, w, at);
      FloatVector w1 = FloatVector.fromArray(SPECIES, w, at + LANES);
      FloatVector b0 = FloatVector.broadcast(SPECIES, x[from]);
      a0_0 = w0.fma(b0, a0_0);
      a0_1 = w1.fma(b0, a0_1);
      FloatVector b1 = FloatVector.broadcast(SPECIES, x[from + 1]);
      a1_0 = w0.fma(b1, a1_0);
      a1_1 = w1.fma(b1, a1_1);
      FloatVector b2 = FloatVector.broadcast(SPECIES, x[from + 2]);
      a2_0 = w0.fma(b2, a2_0);
      a2_1 = w1.fma(b2, a2_1);
      FloatVector b3 = FloatVector.broadcast(SPECIES, x[from + 3]);
      a3_0 = w0.fma(b3, a3_0);
      a3_1 = w1.fma(b3, a3_1);
      FloatVector b4 = FloatVector.broadcast(SPECIES, x[from + 4]);
      a4_0 = w0.fma(b4, a4_0);
      a4_1 = w1.fma(b4, a4_1);
      FloatVector b5 = FloatVector.broadcast(SPECIES, x[from + 5]);
      a5_0 = w0.fma(b5, a5_0);
      a5_1 = w1.fma(b5, a5_1);
      FloatVector b6 = FloatVector.broadcast(SPECIES, x[from + 6]);
      a6_0 = w0.fma(b6, a6_0);
      a6_1 = w1.fma(b6, a6_1);
      FloatVector b7 = FloatVector.broadcast(SPECIES, x[from + 7]);
      a7_0 = w0.fma(b7, a7_0);
      a7_1 = w1.fma(b7, a7_1);
      FloatVector b8 = FloatVector.broadcast(SPECIES, x[from + 8]);
      a8_0 = w0.fma(b8, a8_0);
      a8_1 = w1.fma(b8, a8_1);
      FloatVector b9 = FloatVector.broadcast(SPECIES, x[from + 9]);
      a9_0 = w0.fma(b9, a9_0);
      a9_1 = w1.fma(b9, a9_1);
      FloatVector b10 = FloatVector.broadcast(SPECIES, x[from + 10]);
      a10_0 = w0.fma(b10, a10_0);
      a10_1 = w1.fma(b10, a10_1);
      FloatVector b11 = FloatVector.broadcast(SPECIES, x[from + 11]);
      a11_0 = w0.fma(b11, a11_0);
      a11_1 = w1.fma(b11, a11_1);
    }
    a0_0.intoArray(y, y0);
    a0_1.intoArray(y, y0 + LANES);
    a1_0.intoArray(y, y1);
    a1_1.intoArray(y, y1 + LANES);
    a2_0.intoArray(y, y2);
    a2_1.intoArray(y, y2 + LANES);
    a3_0.intoArray(y, y3);
    a3_1.intoArray(y, y3 + LANES);
    a4_0.intoArray(y, y4);
    a4_1.intoArray(y, y4 + LANES);
    a5_0.intoArray(y, y5);
    a5_1.intoArray(y, y5 + LANES);
    a6_0.intoArray(y, y6);
    a6_1.intoArray(y, y6 + LANES);
    a7_0.intoArray(y, y7);
    a7_1.intoArray(y, y7 + LANES);
    a8_0.intoArray(y, y8);
    a8_1.intoArray(y, y8 + LANES);
    a9_0.intoArray(y, y9);
    a9_1.intoArray(y, y9 + LANES);
    a10_0.intoArray(y, y10);
    a10_1.intoArray(y, y10 + LANES);
    a11_0.intoArray(y, y11);
    a11_1.intoArray(y, y11 + LANES);
    return touched;
  }

  static int tile4(
      float[] x, int x0, float[] w, int weightsAt, int inputs, float[] y, int y0, int yStride) {
    int y1 = y0 + yStride;
    int y2 = y1 + yStride;
    int y3 = y2 + yStride;
    FloatVector a00 = FloatVector.fromArray(SPECIES, y, y0);
    FloatVector a01 = FloatVector.fromArray(SPECIES, y, y0 + LANES);
    FloatVector a10 = FloatVector.fromArray(SPECIES, y, y1);
    FloatVector a11 = FloatVector.fromArray(SPECIES, y, y1 + LANES);
    FloatVector a20 = FloatVector.fromArray(SPECIES, y, y2);
    FloatVector a21 = FloatVector.fromArray(SPECIES, y, y2 + LANES);
    FloatVector a30 = FloatVector.fromArray(SPECIES, y, y3);
    FloatVector a31 = FloatVector.fromArray(SPECIES, y, y3 + LANES);
    int touched = 0;
    for (int i = 0, at = weightsAt, from = x0; i < inputs; i++, at += PANEL, from += 4) {
      touched |=
          Float.floatToRawIntBits(w[at + AHEAD]) | Float.floatToRawIntBits(w[at + AHEAD + LANES]);
      FloatVector w0 = FloatVector.fromArray(SPECIES, w, at);
      FloatVector w1 = FloatVector.fromArray(SPECIES, w, at + LANES);
      FloatVector b0 = FloatVector.broadcast(SPECIES, x[from]);
      a00 = w0.fma(b0, a00);
      a01 = w1.fma(b0, a01);
      FloatVector b1 = FloatVector.broadcast(SPECIES, x[from + 1]);
      a10 = w0.fma(b1, a10);
      a11 = w1.fma(b1, a11);
      FloatVector b2 = FloatVector.broadcast(SPECIES, x[from + 2]);
      a20 = w0.fma(b2, a20);
      a21 = w1.fma(b2, a21);
      FloatVector b3 = FloatVector.broadcast(SPECIES, x[from + 3]);
      a30 = w0.fma(b3, a30);
      a31 = w1.fma(b3, a31);
    }
    a00.intoArray(y, y0);
    a01.intoArray(y, y0 + LANES);
    a10.intoArray(y, y1);
    a11.intoArray(y, y1 + LANES);
    a20.intoArray(y, y2);
    a21.intoArray(y, y2 + LANES);
    a30.intoArray(y, y3);
    a31.intoArray(y, y3 + LANES);
    return touched;
  }

  static int tile2(
      float[] x, int x0, float[] w, int weightsAt, int inputs, float[] y, int y0, int yStride) {
    int y1 = y0 + yStride;
    FloatVector a00 = FloatVector.fromArray(SPECIES, y, y0);
    FloatVector a01 = FloatVector.fromArray(SPECIES, y, y0 + LANES);
    FloatVector a10 = FloatVector.fromArray(SPECIES, y, y1);
    FloatVector a11 = FloatVector.fromArray(SPECIES, y, y1 + LANES);
    int touched = 0;
    for (int i = 0, at = weightsAt, from = x0; i < inputs; i++, at += PANEL, from += 2) {
      touched |=
          Float.floatToRawIntBits(w[at + AHEAD]) | Float.floatToRawIntBits(w[at + AHEAD + LANES]);
      FloatVector w0 = FloatVector.fromArray(SPECIES, w, at);
      FloatVector w1 = FloatVector.fromArray(SPECIES, w, at + LANES);
      FloatVector b0 = FloatVector.broadcast(SPECIES, x[from]);
      a00 = w0.fma(b0, a00);
      a01 = w1.fma(b0, a01);
      FloatVector b1 = FloatVector.broadcast(SPECIES, x[from + 1]);
      a10 = w0.fma(b1, a10);
      a11 = w1.fma(b1, a11);
    }
    a00.intoArray(y, y0);
    a01.intoArray(y, y0 + LANES);
    a10.intoArray(y, y1);
    a11.intoArray(y, y1 + LANES);
    return touched;
  }

  /** One row by two panels, the second {@code next} weights further on. */
  static int tile1(
      float[] x, int x0, float[] w, int weightsAt, int next, int inputs, float[] y, int y0) {
    int y1 = y0 + (next == 0 ? 0 : PANEL);
    FloatVector a00 = FloatVector.fromArray(SPECIES, y, y0);
    FloatVector a01 = FloatVector.fromArray(SPECIES, y, y0 + LANES);
    FloatVector a10 = FloatVector.fromArray(SPECIES, y, y1);
    FloatVector a11 = FloatVector.fromArray(SPECIES, y, y1 + LANES);
    int touched = 0;
    int second = weightsAt + next;
    for (int i = 0, at = weightsAt; i < inputs; i++, at += PANEL, second += PANEL) {
      touched |=
          Float.floatToRawIntBits(w[at + AHEAD]) | Float.floatToRawIntBits(w[at + AHEAD + LANES]);
      touched |=
          Float.floatToRawIntBits(w[second + AHEAD])
              | Float.floatToRawIntBits(w[second + AHEAD + LANES]);
      FloatVector b = FloatVector.broadcast(SPECIES, x[x0 + i]);
      FloatVector c0 = FloatVector.fromArray(SPECIES, w, at);
      FloatVector c1 = FloatVector.fromArray(SPECIES, w, at + LANES);
      a00 = c0.fma(b, a00);
      a01 = c1.fma(b, a01);
      FloatVector d0 = FloatVector.fromArray(SPECIES, w, second);
      FloatVector d1 = FloatVector.fromArray(SPECIES, w, second + LANES);
      a10 = d0.fma(b, a10);
      a11 = d1.fma(b, a11);
    }
    a00.intoArray(y, y0);
    a01.intoArray(y, y0 + LANES);
    a10.intoArray(y, y1);
    a11.intoArray(y, y1 + LANES);
    return touched;
  }
}
