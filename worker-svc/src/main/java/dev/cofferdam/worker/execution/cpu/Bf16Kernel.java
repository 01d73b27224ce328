package dev.cofferdam.worker.execution.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Tiles of 1, 2, 4 or 8 rows by a panel of {@link Bf16Matrix}; the same chains as {@link
 * F32Kernel}'s, two inputs at once: the lower half of a lane is the weight of the even input, the
 * upper half that of the odd one.
 */
final class Bf16Kernel {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final int HIGH = 0xFFFF0000;
  private static final int LANES = SPECIES.length();
  private static final int PANEL = PackedMatrix.PANEL;
  private static final int AHEAD = VectorMatrix.AHEAD;

  private Bf16Kernel() {}

  static int tile8(
      float[] x, int x0, int[] w, int weightsAt, int groups, float[] y, int y0, int yStride) {
    int y1 = y0 + yStride;
    int y2 = y1 + yStride;
    int y3 = y2 + yStride;
    int y4 = y3 + yStride;
    int y5 = y4 + yStride;
    int y6 = y5 + yStride;
    int y7 = y6 + yStride;
    FloatVector a00 = FloatVector.fromArray(SPECIES, y, y0);
    FloatVector a01 = FloatVector.fromArray(SPECIES, y, y0 + LANES);
    FloatVector a10 = FloatVector.fromArray(SPECIES, y, y1);
    FloatVector a11 = FloatVector.fromArray(SPECIES, y, y1 + LANES);
    FloatVector a20 = FloatVector.fromArray(SPECIES, y, y2);
    FloatVector a21 = FloatVector.fromArray(SPECIES, y, y2 + LANES);
    FloatVector a30 = FloatVector.fromArray(SPECIES, y, y3);
    FloatVector a31 = FloatVector.fromArray(SPECIES, y, y3 + LANES);
    FloatVector a40 = FloatVector.fromArray(SPECIES, y, y4);
    FloatVector a41 = FloatVector.fromArray(SPECIES, y, y4 + LANES);
    FloatVector a50 = FloatVector.fromArray(SPECIES, y, y5);
    FloatVector a51 = FloatVector.fromArray(SPECIES, y, y5 + LANES);
    FloatVector a60 = FloatVector.fromArray(SPECIES, y, y6);
    FloatVector a61 = FloatVector.fromArray(SPECIES, y, y6 + LANES);
    FloatVector a70 = FloatVector.fromArray(SPECIES, y, y7);
    FloatVector a71 = FloatVector.fromArray(SPECIES, y, y7 + LANES);
    int touched = 0;
    for (int i = 0, at = weightsAt, from = x0; i < groups; i++, at += PANEL, from += 16) {
      touched |= w[at + AHEAD] | w[at + AHEAD + LANES];
      IntVector p0 = IntVector.fromArray(INTS, w, at);
      IntVector p1 = IntVector.fromArray(INTS, w, at + LANES);
      FloatVector w00 = p0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector w01 = p1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector b0_0 = FloatVector.broadcast(SPECIES, x[from]);
      a00 = w00.fma(b0_0, a00);
      a01 = w01.fma(b0_0, a01);
      FloatVector b0_1 = FloatVector.broadcast(SPECIES, x[from + 1]);
      a10 = w00.fma(b0_1, a10);
      a11 = w01.fma(b0_1, a11);
      FloatVector b0_2 = FloatVector.broadcast(SPECIES, x[from + 2]);
      a20 = w00.fma(b0_2, a20);
      a21 = w01.fma(b0_2, a21);
      FloatVector b0_3 = FloatVector.broadcast(SPECIES, x[from + 3]);
      a30 = w00.fma(b0_3, a30);
      a31 = w01.fma(b0_3, a31);
      FloatVector b0_4 = FloatVector.broadcast(SPECIES, x[from + 4]);
      a40 = w00.fma(b0_4, a40);
      a41 = w01.fma(b0_4, a41);
      FloatVector b0_5 = FloatVector.broadcast(SPECIES, x[from + 5]);
      a50 = w00.fma(b0_5, a50);
      a51 = w01.fma(b0_5, a51);
      FloatVector b0_6 = FloatVector.broadcast(SPECIES, x[from + 6]);
      a60 = w00.fma(b0_6, a60);
      a61 = w01.fma(b0_6, a61);
      FloatVector b0_7 = FloatVector.broadcast(SPECIES, x[from + 7]);
      a70 = w00.fma(b0_7, a70);
      a71 = w01.fma(b0_7, a71);
      FloatVector w10 = p0.and(HIGH).reinterpretAsFloats();
      FloatVector w11 = p1.and(HIGH).reinterpretAsFloats();
      FloatVector b1_0 = FloatVector.broadcast(SPECIES, x[from + 8]);
      a00 = w10.fma(b1_0, a00);
      a01 = w11.fma(b1_0, a01);
      FloatVector b1_1 = FloatVector.broadcast(SPECIES, x[from + 9]);
      a10 = w10.fma(b1_1, a10);
      a11 = w11.fma(b1_1, a11);
      FloatVector b1_2 = FloatVector.broadcast(SPECIES, x[from + 10]);
      a20 = w10.fma(b1_2, a20);
      a21 = w11.fma(b1_2, a21);
      FloatVector b1_3 = FloatVector.broadcast(SPECIES, x[from + 11]);
      a30 = w10.fma(b1_3, a30);
      a31 = w11.fma(b1_3, a31);
      FloatVector b1_4 = FloatVector.broadcast(SPECIES, x[from + 12]);
      a40 = w10.fma(b1_4, a40);
      a41 = w11.fma(b1_4, a41);
      FloatVector b1_5 = FloatVector.broadcast(SPECIES, x[from + 13]);
      a50 = w10.fma(b1_5, a50);
      a51 = w11.fma(b1_5, a51);
      FloatVector b1_6 = FloatVector.broadcast(SPECIES, x[from + 14]);
      a60 = w10.fma(b1_6, a60);
      a61 = w11.fma(b1_6, a61);
      FloatVector b1_7 = FloatVector.broadcast(SPECIES, x[from + 15]);
      a70 = w10.fma(b1_7, a70);
      a71 = w11.fma(b1_7, a71);
    }
    a00.intoArray(y, y0);
    a01.intoArray(y, y0 + LANES);
    a10.intoArray(y, y1);
    a11.intoArray(y, y1 + LANES);
    a20.intoArray(y, y2);
    a21.intoArray(y, y2 + LANES);
    a30.intoArray(y, y3);
    a31.intoArray(y, y3 + LANES);
    a40.intoArray(y, y4);
    a41.intoArray(y, y4 + LANES);
    a50.intoArray(y, y5);
    a51.intoArray(y, y5 + LANES);
    a60.intoArray(y, y6);
    a61.intoArray(y, y6 + LANES);
    a70.intoArray(y, y7);
    a71.intoArray(y, y7 + LANES);
    return touched;
  }

  static int tile4(
      float[] x, int x0, int[] w, int weightsAt, int groups, float[] y, int y0, int yStride) {
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
    for (int i = 0, at = weightsAt, from = x0; i < groups; i++, at += PANEL, from += 8) {
      touched |= w[at + AHEAD] | w[at + AHEAD + LANES];
      IntVector p0 = IntVector.fromArray(INTS, w, at);
      IntVector p1 = IntVector.fromArray(INTS, w, at + LANES);
      FloatVector w00 = p0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector w01 = p1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector b0_0 = FloatVector.broadcast(SPECIES, x[from]);
      a00 = w00.fma(b0_0, a00);
      a01 = w01.fma(b0_0, a01);
      FloatVector b0_1 = FloatVector.broadcast(SPECIES, x[from + 1]);
      a10 = w00.fma(b0_1, a10);
      a11 = w01.fma(b0_1, a11);
      FloatVector b0_2 = FloatVector.broadcast(SPECIES, x[from + 2]);
      a20 = w00.fma(b0_2, a20);
      a21 = w01.fma(b0_2, a21);
      FloatVector b0_3 = FloatVector.broadcast(SPECIES, x[from + 3]);
      a30 = w00.fma(b0_3, a30);
      a31 = w01.fma(b0_3, a31);
      FloatVector w10 = p0.and(HIGH).reinterpretAsFloats();
      FloatVector w11 = p1.and(HIGH).reinterpretAsFloats();
      FloatVector b1_0 = FloatVector.broadcast(SPECIES, x[from + 4]);
      a00 = w10.fma(b1_0, a00);
      a01 = w11.fma(b1_0, a01);
      FloatVector b1_1 = FloatVector.broadcast(SPECIES, x[from + 5]);
      a10 = w10.fma(b1_1, a10);
      a11 = w11.fma(b1_1, a11);
      FloatVector b1_2 = FloatVector.broadcast(SPECIES, x[from + 6]);
      a20 = w10.fma(b1_2, a20);
      a21 = w11.fma(b1_2, a21);
      FloatVector b1_3 = FloatVector.broadcast(SPECIES, x[from + 7]);
      a30 = w10.fma(b1_3, a30);
      a31 = w11.fma(b1_3, a31);
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
      float[] x, int x0, int[] w, int weightsAt, int groups, float[] y, int y0, int yStride) {
    int y1 = y0 + yStride;
    FloatVector a00 = FloatVector.fromArray(SPECIES, y, y0);
    FloatVector a01 = FloatVector.fromArray(SPECIES, y, y0 + LANES);
    FloatVector a10 = FloatVector.fromArray(SPECIES, y, y1);
    FloatVector a11 = FloatVector.fromArray(SPECIES, y, y1 + LANES);
    int touched = 0;
    for (int i = 0, at = weightsAt, from = x0; i < groups; i++, at += PANEL, from += 4) {
      touched |= w[at + AHEAD] | w[at + AHEAD + LANES];
      IntVector p0 = IntVector.fromArray(INTS, w, at);
      IntVector p1 = IntVector.fromArray(INTS, w, at + LANES);
      FloatVector w00 = p0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector w01 = p1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector b0_0 = FloatVector.broadcast(SPECIES, x[from]);
      a00 = w00.fma(b0_0, a00);
      a01 = w01.fma(b0_0, a01);
      FloatVector b0_1 = FloatVector.broadcast(SPECIES, x[from + 1]);
      a10 = w00.fma(b0_1, a10);
      a11 = w01.fma(b0_1, a11);
      FloatVector w10 = p0.and(HIGH).reinterpretAsFloats();
      FloatVector w11 = p1.and(HIGH).reinterpretAsFloats();
      FloatVector b1_0 = FloatVector.broadcast(SPECIES, x[from + 2]);
      a00 = w10.fma(b1_0, a00);
      a01 = w11.fma(b1_0, a01);
      FloatVector b1_1 = FloatVector.broadcast(SPECIES, x[from + 3]);
      a10 = w10.fma(b1_1, a10);
      a11 = w11.fma(b1_1, a11);
    }
    a00.intoArray(y, y0);
    a01.intoArray(y, y0 + LANES);
    a10.intoArray(y, y1);
    a11.intoArray(y, y1 + LANES);
    return touched;
  }

  /** One row by two panels, the second {@code next} weights further on. */
  static int tile1(
      float[] x, int x0, int[] w, int weightsAt, int next, int groups, float[] y, int y0) {
    int y1 = y0 + (next == 0 ? 0 : PANEL);
    FloatVector a00 = FloatVector.fromArray(SPECIES, y, y0);
    FloatVector a01 = FloatVector.fromArray(SPECIES, y, y0 + LANES);
    FloatVector a10 = FloatVector.fromArray(SPECIES, y, y1);
    FloatVector a11 = FloatVector.fromArray(SPECIES, y, y1 + LANES);
    int touched = 0;
    int second = weightsAt + next;
    for (int i = 0, at = weightsAt, from = x0;
        i < groups;
        i++, at += PANEL, second += PANEL, from += 2) {
      touched |= w[at + AHEAD] | w[at + AHEAD + LANES];
      touched |= w[second + AHEAD] | w[second + AHEAD + LANES];
      IntVector c0 = IntVector.fromArray(INTS, w, at);
      IntVector c1 = IntVector.fromArray(INTS, w, at + LANES);
      IntVector d0 = IntVector.fromArray(INTS, w, second);
      IntVector d1 = IntVector.fromArray(INTS, w, second + LANES);
      FloatVector b0 = FloatVector.broadcast(SPECIES, x[from]);
      FloatVector cw00 = c0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector cw01 = c1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      a00 = cw00.fma(b0, a00);
      a01 = cw01.fma(b0, a01);
      FloatVector dw00 = d0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector dw01 = d1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      a10 = dw00.fma(b0, a10);
      a11 = dw01.fma(b0, a11);
      FloatVector b1 = FloatVector.broadcast(SPECIES, x[from + 1]);
      FloatVector cw10 = c0.and(HIGH).reinterpretAsFloats();
      FloatVector cw11 = c1.and(HIGH).reinterpretAsFloats();
      a00 = cw10.fma(b1, a00);
      a01 = cw11.fma(b1, a01);
      FloatVector dw10 = d0.and(HIGH).reinterpretAsFloats();
      FloatVector dw11 = d1.and(HIGH).reinterpretAsFloats();
      a10 = dw10.fma(b1, a10);
      a11 = dw11.fma(b1, a11);
    }
    a00.intoArray(y, y0);
    a01.intoArray(y, y0 + LANES);
    a10.intoArray(y, y1);
    a11.intoArray(y, y1 + LANES);
    return touched;
  }
}
