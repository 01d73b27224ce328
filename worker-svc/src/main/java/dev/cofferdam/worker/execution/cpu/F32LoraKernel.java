package dev.cofferdam.worker.execution.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Factors of adapters in F32, for one row or four. What is computed for a row does not depend on
 * the others, nor on the vector's width: shrinking sums the inputs up in four chains, by their
 * number modulo 4; expanding is one chain over the ranks, added to the output at the end.
 */
final class F32LoraKernel {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = SPECIES.length();
  private static final int PANEL = PackedMatrix.PANEL;

  private F32LoraKernel() {}

  /** {@code s = scale · (A x)} for a panel of A. */
  static void shrink1(
      float[] a, int at, int inputs, float scale, float[] x, int x0, float[] s, int s0) {
    FloatVector a0 = FloatVector.zero(SPECIES);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    for (int i = 0; i < inputs; i += 4, at += 4 * LANES) {
      FloatVector w0 = FloatVector.fromArray(SPECIES, a, at);
      FloatVector w1 = FloatVector.fromArray(SPECIES, a, at + LANES);
      FloatVector w2 = FloatVector.fromArray(SPECIES, a, at + 2 * LANES);
      FloatVector w3 = FloatVector.fromArray(SPECIES, a, at + 3 * LANES);
      a0 = w0.fma(FloatVector.broadcast(SPECIES, x[x0 + i]), a0);
      a1 = w1.fma(FloatVector.broadcast(SPECIES, x[x0 + i + 1]), a1);
      a2 = w2.fma(FloatVector.broadcast(SPECIES, x[x0 + i + 2]), a2);
      a3 = w3.fma(FloatVector.broadcast(SPECIES, x[x0 + i + 3]), a3);
    }
    a0.add(a1).add(a2.add(a3)).mul(scale).intoArray(s, s0);
  }

  /** The same for four rows. */
  static void shrink4(
      float[] a,
      int at,
      int inputs,
      float scale,
      float[] x,
      int x0,
      int x1,
      int x2,
      int x3,
      float[] s,
      int s0,
      int s1,
      int s2,
      int s3) {
    FloatVector a00 = FloatVector.zero(SPECIES);
    FloatVector a01 = a00;
    FloatVector a02 = a00;
    FloatVector a03 = a00;
    FloatVector a10 = a00;
    FloatVector a11 = a00;
    FloatVector a12 = a00;
    FloatVector a13 = a00;
    FloatVector a20 = a00;
    FloatVector a21 = a00;
    FloatVector a22 = a00;
    FloatVector a23 = a00;
    FloatVector a30 = a00;
    FloatVector a31 = a00;
    FloatVector a32 = a00;
    FloatVector a33 = a00;
    for (int i = 0; i < inputs; i += 4, at += 4 * LANES) {
      FloatVector w0 = FloatVector.fromArray(SPECIES, a, at);
      a00 = w0.fma(FloatVector.broadcast(SPECIES, x[x0 + i]), a00);
      a10 = w0.fma(FloatVector.broadcast(SPECIES, x[x1 + i]), a10);
      a20 = w0.fma(FloatVector.broadcast(SPECIES, x[x2 + i]), a20);
      a30 = w0.fma(FloatVector.broadcast(SPECIES, x[x3 + i]), a30);
      FloatVector w1 = FloatVector.fromArray(SPECIES, a, at + LANES);
      a01 = w1.fma(FloatVector.broadcast(SPECIES, x[x0 + i + 1]), a01);
      a11 = w1.fma(FloatVector.broadcast(SPECIES, x[x1 + i + 1]), a11);
      a21 = w1.fma(FloatVector.broadcast(SPECIES, x[x2 + i + 1]), a21);
      a31 = w1.fma(FloatVector.broadcast(SPECIES, x[x3 + i + 1]), a31);
      FloatVector w2 = FloatVector.fromArray(SPECIES, a, at + 2 * LANES);
      a02 = w2.fma(FloatVector.broadcast(SPECIES, x[x0 + i + 2]), a02);
      a12 = w2.fma(FloatVector.broadcast(SPECIES, x[x1 + i + 2]), a12);
      a22 = w2.fma(FloatVector.broadcast(SPECIES, x[x2 + i + 2]), a22);
      a32 = w2.fma(FloatVector.broadcast(SPECIES, x[x3 + i + 2]), a32);
      FloatVector w3 = FloatVector.fromArray(SPECIES, a, at + 3 * LANES);
      a03 = w3.fma(FloatVector.broadcast(SPECIES, x[x0 + i + 3]), a03);
      a13 = w3.fma(FloatVector.broadcast(SPECIES, x[x1 + i + 3]), a13);
      a23 = w3.fma(FloatVector.broadcast(SPECIES, x[x2 + i + 3]), a23);
      a33 = w3.fma(FloatVector.broadcast(SPECIES, x[x3 + i + 3]), a33);
    }
    a00.add(a01).add(a02.add(a03)).mul(scale).intoArray(s, s0);
    a10.add(a11).add(a12.add(a13)).mul(scale).intoArray(s, s1);
    a20.add(a21).add(a22.add(a23)).mul(scale).intoArray(s, s2);
    a30.add(a31).add(a32.add(a33)).mul(scale).intoArray(s, s3);
  }

  /** {@code y += B s} for {@code width} outputs: panels of B. */
  static void expand1(
      float[] b, int at, int rank, float[] s, int s0, float[] y, int y0, int width) {
    for (int to = y0; to < y0 + width; to += PANEL) {
      FloatVector a0 = FloatVector.zero(SPECIES);
      FloatVector a1 = a0;
      for (int r = 0; r < rank; r++, at += PANEL) {
        FloatVector v = FloatVector.broadcast(SPECIES, s[s0 + r]);
        a0 = FloatVector.fromArray(SPECIES, b, at).fma(v, a0);
        a1 = FloatVector.fromArray(SPECIES, b, at + LANES).fma(v, a1);
      }
      FloatVector.fromArray(SPECIES, y, to).add(a0).intoArray(y, to);
      FloatVector.fromArray(SPECIES, y, to + LANES).add(a1).intoArray(y, to + LANES);
    }
  }

  /** The same for four different rows. */
  static void expand4(
      float[] b,
      int at,
      int rank,
      float[] s,
      int s0,
      int s1,
      int s2,
      int s3,
      float[] y,
      int y0,
      int y1,
      int y2,
      int y3,
      int width) {
    for (int o = 0; o < width; o += PANEL) {
      FloatVector a00 = FloatVector.zero(SPECIES);
      FloatVector a01 = a00;
      FloatVector a10 = a00;
      FloatVector a11 = a00;
      FloatVector a20 = a00;
      FloatVector a21 = a00;
      FloatVector a30 = a00;
      FloatVector a31 = a00;
      for (int r = 0; r < rank; r++, at += PANEL) {
        FloatVector w0 = FloatVector.fromArray(SPECIES, b, at);
        FloatVector w1 = FloatVector.fromArray(SPECIES, b, at + LANES);
        FloatVector v0 = FloatVector.broadcast(SPECIES, s[s0 + r]);
        a00 = w0.fma(v0, a00);
        a01 = w1.fma(v0, a01);
        FloatVector v1 = FloatVector.broadcast(SPECIES, s[s1 + r]);
        a10 = w0.fma(v1, a10);
        a11 = w1.fma(v1, a11);
        FloatVector v2 = FloatVector.broadcast(SPECIES, s[s2 + r]);
        a20 = w0.fma(v2, a20);
        a21 = w1.fma(v2, a21);
        FloatVector v3 = FloatVector.broadcast(SPECIES, s[s3 + r]);
        a30 = w0.fma(v3, a30);
        a31 = w1.fma(v3, a31);
      }
      FloatVector.fromArray(SPECIES, y, y0 + o).add(a00).intoArray(y, y0 + o);
      FloatVector.fromArray(SPECIES, y, y0 + o + LANES).add(a01).intoArray(y, y0 + o + LANES);
      FloatVector.fromArray(SPECIES, y, y1 + o).add(a10).intoArray(y, y1 + o);
      FloatVector.fromArray(SPECIES, y, y1 + o + LANES).add(a11).intoArray(y, y1 + o + LANES);
      FloatVector.fromArray(SPECIES, y, y2 + o).add(a20).intoArray(y, y2 + o);
      FloatVector.fromArray(SPECIES, y, y2 + o + LANES).add(a21).intoArray(y, y2 + o + LANES);
      FloatVector.fromArray(SPECIES, y, y3 + o).add(a30).intoArray(y, y3 + o);
      FloatVector.fromArray(SPECIES, y, y3 + o + LANES).add(a31).intoArray(y, y3 + o + LANES);
    }
  }
}
