package dev.cofferdam.worker.execution.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Products of up to four rows with a small matrix: queries with staged keys, and weights with
 * staged values. Every sum is one chain of fused multiply-adds in ascending order that goes on from
 * what is there, so that its bits depend neither on the tile nor on how a longer sum is cut.
 *
 * <p>The tiles are written out for the same reason as in {@link F32Kernel}. Four rows by four
 * vectors load half a vector for each multiply-add; one row alone has four chains side by side.
 */
final class AttentionKernel {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = SPECIES.length();

  private AttentionKernel() {}

  /**
   * {@code c[r][j] += Σ a[r][i] · b[i][j]} for {@code i} below {@code count}.
   *
   * @param rows 1 to 4
   * @param rowAt where the rows of {@code a} begin
   * @param shift of each row's first element from there
   * @param width elements of a row of {@code c}, a multiple of the vector's
   */
  static void multiply(
      int rows,
      float[] a,
      int[] rowAt,
      int shift,
      int count,
      float[] b,
      int bAt,
      int bStride,
      float[] c,
      int cAt,
      int cStride,
      int width) {
    int a0 = rowAt[0] + shift;
    int a1 = rowAt[1] + shift;
    int a2 = rowAt[2] + shift;
    int a3 = rowAt[3] + shift;
    int j = 0;
    for (; j + 4 * LANES <= width; j += 4 * LANES) {
      switch (rows) {
        case 4 -> tile4x4(a, a0, a1, a2, a3, count, b, bAt + j, bStride, c, cAt + j, cStride);
        case 3 -> {
          tile2x4(a, a0, a1, count, b, bAt + j, bStride, c, cAt + j, cStride);
          tile1x4(a, a2, count, b, bAt + j, bStride, c, cAt + j + 2 * cStride);
        }
        case 2 -> tile2x4(a, a0, a1, count, b, bAt + j, bStride, c, cAt + j, cStride);
        default -> tile1x4(a, a0, count, b, bAt + j, bStride, c, cAt + j);
      }
    }
    for (; j < width; j += LANES) {
      switch (rows) {
        case 4 -> tile4x1(a, a0, a1, a2, a3, count, b, bAt + j, bStride, c, cAt + j, cStride);
        case 3 -> {
          tile2x1(a, a0, a1, count, b, bAt + j, bStride, c, cAt + j, cStride);
          tile1x1(a, a2, count, b, bAt + j, bStride, c, cAt + j + 2 * cStride);
        }
        case 2 -> tile2x1(a, a0, a1, count, b, bAt + j, bStride, c, cAt + j, cStride);
        default -> tile1x1(a, a0, count, b, bAt + j, bStride, c, cAt + j);
      }
    }
  }

  private static void tile4x4(
      float[] a,
      int a0,
      int a1,
      int a2,
      int a3,
      int count,
      float[] b,
      int bAt,
      int bStride,
      float[] c,
      int c0,
      int cStride) {
    int c1 = c0 + cStride;
    int c2 = c1 + cStride;
    int c3 = c2 + cStride;
    FloatVector s00 = FloatVector.fromArray(SPECIES, c, c0);
    FloatVector s01 = FloatVector.fromArray(SPECIES, c, c0 + LANES);
    FloatVector s02 = FloatVector.fromArray(SPECIES, c, c0 + 2 * LANES);
    FloatVector s03 = FloatVector.fromArray(SPECIES, c, c0 + 3 * LANES);
    FloatVector s10 = FloatVector.fromArray(SPECIES, c, c1);
    FloatVector s11 = FloatVector.fromArray(SPECIES, c, c1 + LANES);
    FloatVector s12 = FloatVector.fromArray(SPECIES, c, c1 + 2 * LANES);
    FloatVector s13 = FloatVector.fromArray(SPECIES, c, c1 + 3 * LANES);
    FloatVector s20 = FloatVector.fromArray(SPECIES, c, c2);
    FloatVector s21 = FloatVector.fromArray(SPECIES, c, c2 + LANES);
    FloatVector s22 = FloatVector.fromArray(SPECIES, c, c2 + 2 * LANES);
    FloatVector s23 = FloatVector.fromArray(SPECIES, c, c2 + 3 * LANES);
    FloatVector s30 = FloatVector.fromArray(SPECIES, c, c3);
    FloatVector s31 = FloatVector.fromArray(SPECIES, c, c3 + LANES);
    FloatVector s32 = FloatVector.fromArray(SPECIES, c, c3 + 2 * LANES);
    FloatVector s33 = FloatVector.fromArray(SPECIES, c, c3 + 3 * LANES);
    for (int i = 0, at = bAt; i < count; i++, at += bStride) {
      FloatVector b0 = FloatVector.fromArray(SPECIES, b, at);
      FloatVector b1 = FloatVector.fromArray(SPECIES, b, at + LANES);
      FloatVector b2 = FloatVector.fromArray(SPECIES, b, at + 2 * LANES);
      FloatVector b3 = FloatVector.fromArray(SPECIES, b, at + 3 * LANES);
      FloatVector x0 = FloatVector.broadcast(SPECIES, a[a0 + i]);
      s00 = b0.fma(x0, s00);
      s01 = b1.fma(x0, s01);
      s02 = b2.fma(x0, s02);
      s03 = b3.fma(x0, s03);
      FloatVector x1 = FloatVector.broadcast(SPECIES, a[a1 + i]);
      s10 = b0.fma(x1, s10);
      s11 = b1.fma(x1, s11);
      s12 = b2.fma(x1, s12);
      s13 = b3.fma(x1, s13);
      FloatVector x2 = FloatVector.broadcast(SPECIES, a[a2 + i]);
      s20 = b0.fma(x2, s20);
      s21 = b1.fma(x2, s21);
      s22 = b2.fma(x2, s22);
      s23 = b3.fma(x2, s23);
      FloatVector x3 = FloatVector.broadcast(SPECIES, a[a3 + i]);
      s30 = b0.fma(x3, s30);
      s31 = b1.fma(x3, s31);
      s32 = b2.fma(x3, s32);
      s33 = b3.fma(x3, s33);
    }
    s00.intoArray(c, c0);
    s01.intoArray(c, c0 + LANES);
    s02.intoArray(c, c0 + 2 * LANES);
    s03.intoArray(c, c0 + 3 * LANES);
    s10.intoArray(c, c1);
    s11.intoArray(c, c1 + LANES);
    s12.intoArray(c, c1 + 2 * LANES);
    s13.intoArray(c, c1 + 3 * LANES);
    s20.intoArray(c, c2);
    s21.intoArray(c, c2 + LANES);
    s22.intoArray(c, c2 + 2 * LANES);
    s23.intoArray(c, c2 + 3 * LANES);
    s30.intoArray(c, c3);
    s31.intoArray(c, c3 + LANES);
    s32.intoArray(c, c3 + 2 * LANES);
    s33.intoArray(c, c3 + 3 * LANES);
  }

  private static void tile4x1(
      float[] a,
      int a0,
      int a1,
      int a2,
      int a3,
      int count,
      float[] b,
      int bAt,
      int bStride,
      float[] c,
      int c0,
      int cStride) {
    int c1 = c0 + cStride;
    int c2 = c1 + cStride;
    int c3 = c2 + cStride;
    FloatVector s00 = FloatVector.fromArray(SPECIES, c, c0);
    FloatVector s10 = FloatVector.fromArray(SPECIES, c, c1);
    FloatVector s20 = FloatVector.fromArray(SPECIES, c, c2);
    FloatVector s30 = FloatVector.fromArray(SPECIES, c, c3);
    for (int i = 0, at = bAt; i < count; i++, at += bStride) {
      FloatVector b0 = FloatVector.fromArray(SPECIES, b, at);
      FloatVector x0 = FloatVector.broadcast(SPECIES, a[a0 + i]);
      s00 = b0.fma(x0, s00);
      FloatVector x1 = FloatVector.broadcast(SPECIES, a[a1 + i]);
      s10 = b0.fma(x1, s10);
      FloatVector x2 = FloatVector.broadcast(SPECIES, a[a2 + i]);
      s20 = b0.fma(x2, s20);
      FloatVector x3 = FloatVector.broadcast(SPECIES, a[a3 + i]);
      s30 = b0.fma(x3, s30);
    }
    s00.intoArray(c, c0);
    s10.intoArray(c, c1);
    s20.intoArray(c, c2);
    s30.intoArray(c, c3);
  }

  private static void tile2x4(
      float[] a,
      int a0,
      int a1,
      int count,
      float[] b,
      int bAt,
      int bStride,
      float[] c,
      int c0,
      int cStride) {
    int c1 = c0 + cStride;
    FloatVector s00 = FloatVector.fromArray(SPECIES, c, c0);
    FloatVector s01 = FloatVector.fromArray(SPECIES, c, c0 + LANES);
    FloatVector s02 = FloatVector.fromArray(SPECIES, c, c0 + 2 * LANES);
    FloatVector s03 = FloatVector.fromArray(SPECIES, c, c0 + 3 * LANES);
    FloatVector s10 = FloatVector.fromArray(SPECIES, c, c1);
    FloatVector s11 = FloatVector.fromArray(SPECIES, c, c1 + LANES);
    FloatVector s12 = FloatVector.fromArray(SPECIES, c, c1 + 2 * LANES);
    FloatVector s13 = FloatVector.fromArray(SPECIES, c, c1 + 3 * LANES);
    for (int i = 0, at = bAt; i < count; i++, at += bStride) {
      FloatVector b0 = FloatVector.fromArray(SPECIES, b, at);
      FloatVector b1 = FloatVector.fromArray(SPECIES, b, at + LANES);
      FloatVector b2 = FloatVector.fromArray(SPECIES, b, at + 2 * LANES);
      FloatVector b3 = FloatVector.fromArray(SPECIES, b, at + 3 * LANES);
      FloatVector x0 = FloatVector.broadcast(SPECIES, a[a0 + i]);
      s00 = b0.fma(x0, s00);
      s01 = b1.fma(x0, s01);
      s02 = b2.fma(x0, s02);
      s03 = b3.fma(x0, s03);
      FloatVector x1 = FloatVector.broadcast(SPECIES, a[a1 + i]);
      s10 = b0.fma(x1, s10);
      s11 = b1.fma(x1, s11);
      s12 = b2.fma(x1, s12);
      s13 = b3.fma(x1, s13);
    }
    s00.intoArray(c, c0);
    s01.intoArray(c, c0 + LANES);
    s02.intoArray(c, c0 + 2 * LANES);
    s03.intoArray(c, c0 + 3 * LANES);
    s10.intoArray(c, c1);
    s11.intoArray(c, c1 + LANES);
    s12.intoArray(c, c1 + 2 * LANES);
    s13.intoArray(c, c1 + 3 * LANES);
  }

  private static void tile2x1(
      float[] a,
      int a0,
      int a1,
      int count,
      float[] b,
      int bAt,
      int bStride,
      float[] c,
      int c0,
      int cStride) {
    int c1 = c0 + cStride;
    FloatVector s00 = FloatVector.fromArray(SPECIES, c, c0);
    FloatVector s10 = FloatVector.fromArray(SPECIES, c, c1);
    for (int i = 0, at = bAt; i < count; i++, at += bStride) {
      FloatVector b0 = FloatVector.fromArray(SPECIES, b, at);
      FloatVector x0 = FloatVector.broadcast(SPECIES, a[a0 + i]);
      s00 = b0.fma(x0, s00);
      FloatVector x1 = FloatVector.broadcast(SPECIES, a[a1 + i]);
      s10 = b0.fma(x1, s10);
    }
    s00.intoArray(c, c0);
    s10.intoArray(c, c1);
  }

  private static void tile1x4(
      float[] a, int a0, int count, float[] b, int bAt, int bStride, float[] c, int c0) {
    FloatVector s00 = FloatVector.fromArray(SPECIES, c, c0);
    FloatVector s01 = FloatVector.fromArray(SPECIES, c, c0 + LANES);
    FloatVector s02 = FloatVector.fromArray(SPECIES, c, c0 + 2 * LANES);
    FloatVector s03 = FloatVector.fromArray(SPECIES, c, c0 + 3 * LANES);
    for (int i = 0, at = bAt; i < count; i++, at += bStride) {
      FloatVector b0 = FloatVector.fromArray(SPECIES, b, at);
      FloatVector b1 = FloatVector.fromArray(SPECIES, b, at + LANES);
      FloatVector b2 = FloatVector.fromArray(SPECIES, b, at + 2 * LANES);
      FloatVector b3 = FloatVector.fromArray(SPECIES, b, at + 3 * LANES);
      FloatVector x0 = FloatVector.broadcast(SPECIES, a[a0 + i]);
      s00 = b0.fma(x0, s00);
      s01 = b1.fma(x0, s01);
      s02 = b2.fma(x0, s02);
      s03 = b3.fma(x0, s03);
    }
    s00.intoArray(c, c0);
    s01.intoArray(c, c0 + LANES);
    s02.intoArray(c, c0 + 2 * LANES);
    s03.intoArray(c, c0 + 3 * LANES);
  }

  private static void tile1x1(
      float[] a, int a0, int count, float[] b, int bAt, int bStride, float[] c, int c0) {
    FloatVector s00 = FloatVector.fromArray(SPECIES, c, c0);
    for (int i = 0, at = bAt; i < count; i++, at += bStride) {
      FloatVector b0 = FloatVector.fromArray(SPECIES, b, at);
      FloatVector x0 = FloatVector.broadcast(SPECIES, a[a0 + i]);
      s00 = b0.fma(x0, s00);
    }
    s00.intoArray(c, c0);
  }
}
