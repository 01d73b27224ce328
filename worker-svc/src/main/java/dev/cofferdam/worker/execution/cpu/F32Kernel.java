package dev.cofferdam.worker.execution.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Tiles of 1, 2, 4 or 6 rows by a panel of F32 weights: adds their products to the outputs. Every
 * output is one chain of fused multiply-adds over the inputs in ascending order, whatever the tile,
 * so that results are bitwise the same in any batch and on any machine with a fused multiply-add.
 *
 * <p>The tiles are written out, because vectors that pass through a call or an array would live in
 * memory. 6 rows × 4 vectors hide the latency of the multiply-add, leave registers for weights and
 * inputs, and read 21 bytes of weights per cycle, which a second-level cache sustains.
 */
final class F32Kernel {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = SPECIES.length();
  private static final int PANEL = PackedMatrix.PANEL;

  private F32Kernel() {}

  static void tile6(
      float[] x, int x0, float[] w, int weightsAt, int inputs, float[] y, int y0, int yStride) {
    int y1 = y0 + yStride;
    int y2 = y1 + yStride;
    int y3 = y2 + yStride;
    int y4 = y3 + yStride;
    int y5 = y4 + yStride;
    FloatVector a00 = FloatVector.fromArray(SPECIES, y, y0);
    FloatVector a01 = FloatVector.fromArray(SPECIES, y, y0 + LANES);
    FloatVector a02 = FloatVector.fromArray(SPECIES, y, y0 + 2 * LANES);
    FloatVector a03 = FloatVector.fromArray(SPECIES, y, y0 + 3 * LANES);
    FloatVector a10 = FloatVector.fromArray(SPECIES, y, y1);
    FloatVector a11 = FloatVector.fromArray(SPECIES, y, y1 + LANES);
    FloatVector a12 = FloatVector.fromArray(SPECIES, y, y1 + 2 * LANES);
    FloatVector a13 = FloatVector.fromArray(SPECIES, y, y1 + 3 * LANES);
    FloatVector a20 = FloatVector.fromArray(SPECIES, y, y2);
    FloatVector a21 = FloatVector.fromArray(SPECIES, y, y2 + LANES);
    FloatVector a22 = FloatVector.fromArray(SPECIES, y, y2 + 2 * LANES);
    FloatVector a23 = FloatVector.fromArray(SPECIES, y, y2 + 3 * LANES);
    FloatVector a30 = FloatVector.fromArray(SPECIES, y, y3);
    FloatVector a31 = FloatVector.fromArray(SPECIES, y, y3 + LANES);
    FloatVector a32 = FloatVector.fromArray(SPECIES, y, y3 + 2 * LANES);
    FloatVector a33 = FloatVector.fromArray(SPECIES, y, y3 + 3 * LANES);
    FloatVector a40 = FloatVector.fromArray(SPECIES, y, y4);
    FloatVector a41 = FloatVector.fromArray(SPECIES, y, y4 + LANES);
    FloatVector a42 = FloatVector.fromArray(SPECIES, y, y4 + 2 * LANES);
    FloatVector a43 = FloatVector.fromArray(SPECIES, y, y4 + 3 * LANES);
    FloatVector a50 = FloatVector.fromArray(SPECIES, y, y5);
    FloatVector a51 = FloatVector.fromArray(SPECIES, y, y5 + LANES);
    FloatVector a52 = FloatVector.fromArray(SPECIES, y, y5 + 2 * LANES);
    FloatVector a53 = FloatVector.fromArray(SPECIES, y, y5 + 3 * LANES);
    for (int i = 0, at = weightsAt, from = x0; i < inputs; i++, at += PANEL, from += 6) {
      FloatVector w0 = FloatVector.fromArray(SPECIES, w, at);
      FloatVector w1 = FloatVector.fromArray(SPECIES, w, at + LANES);
      FloatVector w2 = FloatVector.fromArray(SPECIES, w, at + 2 * LANES);
      FloatVector w3 = FloatVector.fromArray(SPECIES, w, at + 3 * LANES);
      FloatVector b0 = FloatVector.broadcast(SPECIES, x[from]);
      a00 = w0.fma(b0, a00);
      a01 = w1.fma(b0, a01);
      a02 = w2.fma(b0, a02);
      a03 = w3.fma(b0, a03);
      FloatVector b1 = FloatVector.broadcast(SPECIES, x[from + 1]);
      a10 = w0.fma(b1, a10);
      a11 = w1.fma(b1, a11);
      a12 = w2.fma(b1, a12);
      a13 = w3.fma(b1, a13);
      FloatVector b2 = FloatVector.broadcast(SPECIES, x[from + 2]);
      a20 = w0.fma(b2, a20);
      a21 = w1.fma(b2, a21);
      a22 = w2.fma(b2, a22);
      a23 = w3.fma(b2, a23);
      FloatVector b3 = FloatVector.broadcast(SPECIES, x[from + 3]);
      a30 = w0.fma(b3, a30);
      a31 = w1.fma(b3, a31);
      a32 = w2.fma(b3, a32);
      a33 = w3.fma(b3, a33);
      FloatVector b4 = FloatVector.broadcast(SPECIES, x[from + 4]);
      a40 = w0.fma(b4, a40);
      a41 = w1.fma(b4, a41);
      a42 = w2.fma(b4, a42);
      a43 = w3.fma(b4, a43);
      FloatVector b5 = FloatVector.broadcast(SPECIES, x[from + 5]);
      a50 = w0.fma(b5, a50);
      a51 = w1.fma(b5, a51);
      a52 = w2.fma(b5, a52);
      a53 = w3.fma(b5, a53);
    }
    a00.intoArray(y, y0);
    a01.intoArray(y, y0 + LANES);
    a02.intoArray(y, y0 + 2 * LANES);
    a03.intoArray(y, y0 + 3 * LANES);
    a10.intoArray(y, y1);
    a11.intoArray(y, y1 + LANES);
    a12.intoArray(y, y1 + 2 * LANES);
    a13.intoArray(y, y1 + 3 * LANES);
    a20.intoArray(y, y2);
    a21.intoArray(y, y2 + LANES);
    a22.intoArray(y, y2 + 2 * LANES);
    a23.intoArray(y, y2 + 3 * LANES);
    a30.intoArray(y, y3);
    a31.intoArray(y, y3 + LANES);
    a32.intoArray(y, y3 + 2 * LANES);
    a33.intoArray(y, y3 + 3 * LANES);
    a40.intoArray(y, y4);
    a41.intoArray(y, y4 + LANES);
    a42.intoArray(y, y4 + 2 * LANES);
    a43.intoArray(y, y4 + 3 * LANES);
    a50.intoArray(y, y5);
    a51.intoArray(y, y5 + LANES);
    a52.intoArray(y, y5 + 2 * LANES);
    a53.intoArray(y, y5 + 3 * LANES);
  }

  static void tile4(
      float[] x, int x0, float[] w, int weightsAt, int inputs, float[] y, int y0, int yStride) {
    int y1 = y0 + yStride;
    int y2 = y1 + yStride;
    int y3 = y2 + yStride;
    FloatVector a00 = FloatVector.fromArray(SPECIES, y, y0);
    FloatVector a01 = FloatVector.fromArray(SPECIES, y, y0 + LANES);
    FloatVector a02 = FloatVector.fromArray(SPECIES, y, y0 + 2 * LANES);
    FloatVector a03 = FloatVector.fromArray(SPECIES, y, y0 + 3 * LANES);
    FloatVector a10 = FloatVector.fromArray(SPECIES, y, y1);
    FloatVector a11 = FloatVector.fromArray(SPECIES, y, y1 + LANES);
    FloatVector a12 = FloatVector.fromArray(SPECIES, y, y1 + 2 * LANES);
    FloatVector a13 = FloatVector.fromArray(SPECIES, y, y1 + 3 * LANES);
    FloatVector a20 = FloatVector.fromArray(SPECIES, y, y2);
    FloatVector a21 = FloatVector.fromArray(SPECIES, y, y2 + LANES);
    FloatVector a22 = FloatVector.fromArray(SPECIES, y, y2 + 2 * LANES);
    FloatVector a23 = FloatVector.fromArray(SPECIES, y, y2 + 3 * LANES);
    FloatVector a30 = FloatVector.fromArray(SPECIES, y, y3);
    FloatVector a31 = FloatVector.fromArray(SPECIES, y, y3 + LANES);
    FloatVector a32 = FloatVector.fromArray(SPECIES, y, y3 + 2 * LANES);
    FloatVector a33 = FloatVector.fromArray(SPECIES, y, y3 + 3 * LANES);
    for (int i = 0, at = weightsAt, from = x0; i < inputs; i++, at += PANEL, from += 4) {
      FloatVector w0 = FloatVector.fromArray(SPECIES, w, at);
      FloatVector w1 = FloatVector.fromArray(SPECIES, w, at + LANES);
      FloatVector w2 = FloatVector.fromArray(SPECIES, w, at + 2 * LANES);
      FloatVector w3 = FloatVector.fromArray(SPECIES, w, at + 3 * LANES);
      FloatVector b0 = FloatVector.broadcast(SPECIES, x[from]);
      a00 = w0.fma(b0, a00);
      a01 = w1.fma(b0, a01);
      a02 = w2.fma(b0, a02);
      a03 = w3.fma(b0, a03);
      FloatVector b1 = FloatVector.broadcast(SPECIES, x[from + 1]);
      a10 = w0.fma(b1, a10);
      a11 = w1.fma(b1, a11);
      a12 = w2.fma(b1, a12);
      a13 = w3.fma(b1, a13);
      FloatVector b2 = FloatVector.broadcast(SPECIES, x[from + 2]);
      a20 = w0.fma(b2, a20);
      a21 = w1.fma(b2, a21);
      a22 = w2.fma(b2, a22);
      a23 = w3.fma(b2, a23);
      FloatVector b3 = FloatVector.broadcast(SPECIES, x[from + 3]);
      a30 = w0.fma(b3, a30);
      a31 = w1.fma(b3, a31);
      a32 = w2.fma(b3, a32);
      a33 = w3.fma(b3, a33);
    }
    a00.intoArray(y, y0);
    a01.intoArray(y, y0 + LANES);
    a02.intoArray(y, y0 + 2 * LANES);
    a03.intoArray(y, y0 + 3 * LANES);
    a10.intoArray(y, y1);
    a11.intoArray(y, y1 + LANES);
    a12.intoArray(y, y1 + 2 * LANES);
    a13.intoArray(y, y1 + 3 * LANES);
    a20.intoArray(y, y2);
    a21.intoArray(y, y2 + LANES);
    a22.intoArray(y, y2 + 2 * LANES);
    a23.intoArray(y, y2 + 3 * LANES);
    a30.intoArray(y, y3);
    a31.intoArray(y, y3 + LANES);
    a32.intoArray(y, y3 + 2 * LANES);
    a33.intoArray(y, y3 + 3 * LANES);
  }

  static void tile2(
      float[] x, int x0, float[] w, int weightsAt, int inputs, float[] y, int y0, int yStride) {
    int y1 = y0 + yStride;
    FloatVector a00 = FloatVector.fromArray(SPECIES, y, y0);
    FloatVector a01 = FloatVector.fromArray(SPECIES, y, y0 + LANES);
    FloatVector a02 = FloatVector.fromArray(SPECIES, y, y0 + 2 * LANES);
    FloatVector a03 = FloatVector.fromArray(SPECIES, y, y0 + 3 * LANES);
    FloatVector a10 = FloatVector.fromArray(SPECIES, y, y1);
    FloatVector a11 = FloatVector.fromArray(SPECIES, y, y1 + LANES);
    FloatVector a12 = FloatVector.fromArray(SPECIES, y, y1 + 2 * LANES);
    FloatVector a13 = FloatVector.fromArray(SPECIES, y, y1 + 3 * LANES);
    for (int i = 0, at = weightsAt, from = x0; i < inputs; i++, at += PANEL, from += 2) {
      FloatVector w0 = FloatVector.fromArray(SPECIES, w, at);
      FloatVector w1 = FloatVector.fromArray(SPECIES, w, at + LANES);
      FloatVector w2 = FloatVector.fromArray(SPECIES, w, at + 2 * LANES);
      FloatVector w3 = FloatVector.fromArray(SPECIES, w, at + 3 * LANES);
      FloatVector b0 = FloatVector.broadcast(SPECIES, x[from]);
      a00 = w0.fma(b0, a00);
      a01 = w1.fma(b0, a01);
      a02 = w2.fma(b0, a02);
      a03 = w3.fma(b0, a03);
      FloatVector b1 = FloatVector.broadcast(SPECIES, x[from + 1]);
      a10 = w0.fma(b1, a10);
      a11 = w1.fma(b1, a11);
      a12 = w2.fma(b1, a12);
      a13 = w3.fma(b1, a13);
    }
    a00.intoArray(y, y0);
    a01.intoArray(y, y0 + LANES);
    a02.intoArray(y, y0 + 2 * LANES);
    a03.intoArray(y, y0 + 3 * LANES);
    a10.intoArray(y, y1);
    a11.intoArray(y, y1 + LANES);
    a12.intoArray(y, y1 + 2 * LANES);
    a13.intoArray(y, y1 + 3 * LANES);
  }

  static void tile1(float[] x, int x0, float[] w, int weightsAt, int inputs, float[] y, int y0) {
    FloatVector a00 = FloatVector.fromArray(SPECIES, y, y0);
    FloatVector a01 = FloatVector.fromArray(SPECIES, y, y0 + LANES);
    FloatVector a02 = FloatVector.fromArray(SPECIES, y, y0 + 2 * LANES);
    FloatVector a03 = FloatVector.fromArray(SPECIES, y, y0 + 3 * LANES);
    for (int i = 0, at = weightsAt; i < inputs; i++, at += PANEL) {
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
    a00.intoArray(y, y0);
    a01.intoArray(y, y0 + LANES);
    a02.intoArray(y, y0 + 2 * LANES);
    a03.intoArray(y, y0 + 3 * LANES);
  }
}
