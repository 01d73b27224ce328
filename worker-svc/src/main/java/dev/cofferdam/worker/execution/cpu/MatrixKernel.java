package dev.cofferdam.worker.execution.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Products of rows with a {@link PackedMatrix}. Every output of every row is one chain of fused
 * multiply-adds over the inputs in ascending order, whatever the tile, the vector width and the
 * number of rows: results are bitwise the same in any batch and on any machine with a fused
 * multiply-add.
 *
 * <p>A panel of weights is read from memory once, and used for all rows while it is in the cache.
 * The tiles are written out, because vectors that pass through a call or an array would live in
 * memory; 16 accumulators of 4 rows × 4 vectors hide the latency of the multiply-add and leave
 * registers for weights and inputs.
 */
final class MatrixKernel {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = SPECIES.length();
  private static final int PANEL = PackedMatrix.PANEL;

  private MatrixKernel() {}

  /**
   * Computes outputs {@code y[row] = matrix · x[row]} of the panels from {@code fromPanel} to
   * before {@code toPanel}.
   *
   * @param x rows of inputs, the first at {@code x0}, {@code xStride} apart
   * @param y rows of outputs, {@code yStride} apart; the stride is at least the matrix' padded
   *     outputs
   */
  static void multiply(
      float[] x,
      int x0,
      int xStride,
      int rows,
      PackedMatrix matrix,
      int fromPanel,
      int toPanel,
      float[] y,
      int yStride) {
    for (int panel = fromPanel; panel < toPanel; panel++) {
      int row = 0;
      for (; row + 4 <= rows; row += 4) {
        tile4(x, x0 + row * xStride, xStride, matrix, panel, y, row * yStride, yStride);
      }
      if (row + 2 <= rows) {
        tile2(x, x0 + row * xStride, xStride, matrix, panel, y, row * yStride, yStride);
        row += 2;
      }
      if (row < rows) {
        tile1(x, x0 + row * xStride, matrix, panel, y, row * yStride);
      }
    }
  }

  private static void tile4(
      float[] x,
      int x0,
      int xStride,
      PackedMatrix matrix,
      int panel,
      float[] y,
      int y0,
      int yStride) {
    float[] w = matrix.weights;
    int inputs = matrix.inputs;
    int at = panel * PANEL * inputs;
    int x1 = x0 + xStride;
    int x2 = x1 + xStride;
    int x3 = x2 + xStride;
    FloatVector a00 = FloatVector.zero(SPECIES);
    FloatVector a01 = FloatVector.zero(SPECIES);
    FloatVector a02 = FloatVector.zero(SPECIES);
    FloatVector a03 = FloatVector.zero(SPECIES);
    FloatVector a10 = FloatVector.zero(SPECIES);
    FloatVector a11 = FloatVector.zero(SPECIES);
    FloatVector a12 = FloatVector.zero(SPECIES);
    FloatVector a13 = FloatVector.zero(SPECIES);
    FloatVector a20 = FloatVector.zero(SPECIES);
    FloatVector a21 = FloatVector.zero(SPECIES);
    FloatVector a22 = FloatVector.zero(SPECIES);
    FloatVector a23 = FloatVector.zero(SPECIES);
    FloatVector a30 = FloatVector.zero(SPECIES);
    FloatVector a31 = FloatVector.zero(SPECIES);
    FloatVector a32 = FloatVector.zero(SPECIES);
    FloatVector a33 = FloatVector.zero(SPECIES);
    for (int i = 0; i < inputs; i++, at += PANEL) {
      FloatVector w0 = FloatVector.fromArray(SPECIES, w, at);
      FloatVector w1 = FloatVector.fromArray(SPECIES, w, at + LANES);
      FloatVector w2 = FloatVector.fromArray(SPECIES, w, at + 2 * LANES);
      FloatVector w3 = FloatVector.fromArray(SPECIES, w, at + 3 * LANES);
      FloatVector b0 = FloatVector.broadcast(SPECIES, x[x0 + i]);
      a00 = w0.fma(b0, a00);
      a01 = w1.fma(b0, a01);
      a02 = w2.fma(b0, a02);
      a03 = w3.fma(b0, a03);
      FloatVector b1 = FloatVector.broadcast(SPECIES, x[x1 + i]);
      a10 = w0.fma(b1, a10);
      a11 = w1.fma(b1, a11);
      a12 = w2.fma(b1, a12);
      a13 = w3.fma(b1, a13);
      FloatVector b2 = FloatVector.broadcast(SPECIES, x[x2 + i]);
      a20 = w0.fma(b2, a20);
      a21 = w1.fma(b2, a21);
      a22 = w2.fma(b2, a22);
      a23 = w3.fma(b2, a23);
      FloatVector b3 = FloatVector.broadcast(SPECIES, x[x3 + i]);
      a30 = w0.fma(b3, a30);
      a31 = w1.fma(b3, a31);
      a32 = w2.fma(b3, a32);
      a33 = w3.fma(b3, a33);
    }
    int to0 = y0 + panel * PANEL;
    a00.intoArray(y, to0);
    a01.intoArray(y, to0 + LANES);
    a02.intoArray(y, to0 + 2 * LANES);
    a03.intoArray(y, to0 + 3 * LANES);
    int to1 = y0 + yStride + panel * PANEL;
    a10.intoArray(y, to1);
    a11.intoArray(y, to1 + LANES);
    a12.intoArray(y, to1 + 2 * LANES);
    a13.intoArray(y, to1 + 3 * LANES);
    int to2 = y0 + 2 * yStride + panel * PANEL;
    a20.intoArray(y, to2);
    a21.intoArray(y, to2 + LANES);
    a22.intoArray(y, to2 + 2 * LANES);
    a23.intoArray(y, to2 + 3 * LANES);
    int to3 = y0 + 3 * yStride + panel * PANEL;
    a30.intoArray(y, to3);
    a31.intoArray(y, to3 + LANES);
    a32.intoArray(y, to3 + 2 * LANES);
    a33.intoArray(y, to3 + 3 * LANES);
  }

  private static void tile2(
      float[] x,
      int x0,
      int xStride,
      PackedMatrix matrix,
      int panel,
      float[] y,
      int y0,
      int yStride) {
    float[] w = matrix.weights;
    int inputs = matrix.inputs;
    int at = panel * PANEL * inputs;
    int x1 = x0 + xStride;
    FloatVector a00 = FloatVector.zero(SPECIES);
    FloatVector a01 = FloatVector.zero(SPECIES);
    FloatVector a02 = FloatVector.zero(SPECIES);
    FloatVector a03 = FloatVector.zero(SPECIES);
    FloatVector a10 = FloatVector.zero(SPECIES);
    FloatVector a11 = FloatVector.zero(SPECIES);
    FloatVector a12 = FloatVector.zero(SPECIES);
    FloatVector a13 = FloatVector.zero(SPECIES);
    for (int i = 0; i < inputs; i++, at += PANEL) {
      FloatVector w0 = FloatVector.fromArray(SPECIES, w, at);
      FloatVector w1 = FloatVector.fromArray(SPECIES, w, at + LANES);
      FloatVector w2 = FloatVector.fromArray(SPECIES, w, at + 2 * LANES);
      FloatVector w3 = FloatVector.fromArray(SPECIES, w, at + 3 * LANES);
      FloatVector b0 = FloatVector.broadcast(SPECIES, x[x0 + i]);
      a00 = w0.fma(b0, a00);
      a01 = w1.fma(b0, a01);
      a02 = w2.fma(b0, a02);
      a03 = w3.fma(b0, a03);
      FloatVector b1 = FloatVector.broadcast(SPECIES, x[x1 + i]);
      a10 = w0.fma(b1, a10);
      a11 = w1.fma(b1, a11);
      a12 = w2.fma(b1, a12);
      a13 = w3.fma(b1, a13);
    }
    int to0 = y0 + panel * PANEL;
    a00.intoArray(y, to0);
    a01.intoArray(y, to0 + LANES);
    a02.intoArray(y, to0 + 2 * LANES);
    a03.intoArray(y, to0 + 3 * LANES);
    int to1 = y0 + yStride + panel * PANEL;
    a10.intoArray(y, to1);
    a11.intoArray(y, to1 + LANES);
    a12.intoArray(y, to1 + 2 * LANES);
    a13.intoArray(y, to1 + 3 * LANES);
  }

  private static void tile1(float[] x, int x0, PackedMatrix matrix, int panel, float[] y, int y0) {
    float[] w = matrix.weights;
    int inputs = matrix.inputs;
    int at = panel * PANEL * inputs;
    FloatVector a00 = FloatVector.zero(SPECIES);
    FloatVector a01 = FloatVector.zero(SPECIES);
    FloatVector a02 = FloatVector.zero(SPECIES);
    FloatVector a03 = FloatVector.zero(SPECIES);
    for (int i = 0; i < inputs; i++, at += PANEL) {
      FloatVector w0 = FloatVector.fromArray(SPECIES, w, at);
      FloatVector w1 = FloatVector.fromArray(SPECIES, w, at + LANES);
      FloatVector w2 = FloatVector.fromArray(SPECIES, w, at + 2 * LANES);
      FloatVector w3 = FloatVector.fromArray(SPECIES, w, at + 3 * LANES);
      FloatVector b0 = FloatVector.broadcast(SPECIES, x[x0 + i]);
      a00 = w0.fma(b0, a00);
      a01 = w1.fma(b0, a01);
      a02 = w2.fma(b0, a02);
      a03 = w3.fma(b0, a03);
    }
    int to0 = y0 + panel * PANEL;
    a00.intoArray(y, to0);
    a01.intoArray(y, to0 + LANES);
    a02.intoArray(y, to0 + 2 * LANES);
    a03.intoArray(y, to0 + 3 * LANES);
  }
}
