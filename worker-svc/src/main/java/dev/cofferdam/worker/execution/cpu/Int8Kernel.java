package dev.cofferdam.worker.execution.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Tiles of 1, 2, 4 or 8 rows by a panel of {@link Int8Matrix}; the same chains as {@link
 * F32Kernel}'s, four inputs at once. A byte is masked out where it stands and converted, which
 * makes those of the second and third input 2⁸ and 2¹⁶ too large; {@link PackedRows} holds these
 * inputs that much smaller. Powers of two change no digit of the product.
 */
final class Int8Kernel {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final int BYTE_0 = 0xFF;
  private static final int BYTE_1 = 0xFF00;
  private static final int BYTE_2 = 0xFF0000;
  private static final int LANES = SPECIES.length();
  private static final int PANEL = PackedMatrix.PANEL;
  private static final int AHEAD = VectorMatrix.AHEAD;

  private Int8Kernel() {}

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
    for (int i = 0, at = weightsAt, from = x0; i < groups; i++, at += PANEL, from += 32) {
      touched |= w[at + AHEAD] | w[at + AHEAD + LANES];
      IntVector p0 = IntVector.fromArray(INTS, w, at);
      IntVector p1 = IntVector.fromArray(INTS, w, at + LANES);
      FloatVector w00 =
          p0.and(BYTE_0).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
      FloatVector w01 =
          p1.and(BYTE_0).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
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
      FloatVector w10 =
          p0.and(BYTE_1).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
      FloatVector w11 =
          p1.and(BYTE_1).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
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
      FloatVector w20 =
          p0.and(BYTE_2).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
      FloatVector w21 =
          p1.and(BYTE_2).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
      FloatVector b2_0 = FloatVector.broadcast(SPECIES, x[from + 16]);
      a00 = w20.fma(b2_0, a00);
      a01 = w21.fma(b2_0, a01);
      FloatVector b2_1 = FloatVector.broadcast(SPECIES, x[from + 17]);
      a10 = w20.fma(b2_1, a10);
      a11 = w21.fma(b2_1, a11);
      FloatVector b2_2 = FloatVector.broadcast(SPECIES, x[from + 18]);
      a20 = w20.fma(b2_2, a20);
      a21 = w21.fma(b2_2, a21);
      FloatVector b2_3 = FloatVector.broadcast(SPECIES, x[from + 19]);
      a30 = w20.fma(b2_3, a30);
      a31 = w21.fma(b2_3, a31);
      FloatVector b2_4 = FloatVector.broadcast(SPECIES, x[from + 20]);
      a40 = w20.fma(b2_4, a40);
      a41 = w21.fma(b2_4, a41);
      FloatVector b2_5 = FloatVector.broadcast(SPECIES, x[from + 21]);
      a50 = w20.fma(b2_5, a50);
      a51 = w21.fma(b2_5, a51);
      FloatVector b2_6 = FloatVector.broadcast(SPECIES, x[from + 22]);
      a60 = w20.fma(b2_6, a60);
      a61 = w21.fma(b2_6, a61);
      FloatVector b2_7 = FloatVector.broadcast(SPECIES, x[from + 23]);
      a70 = w20.fma(b2_7, a70);
      a71 = w21.fma(b2_7, a71);
      FloatVector w30 =
          p0.lanewise(VectorOperators.LSHR, 24)
              .convertShape(VectorOperators.I2F, SPECIES, 0)
              .reinterpretAsFloats();
      FloatVector w31 =
          p1.lanewise(VectorOperators.LSHR, 24)
              .convertShape(VectorOperators.I2F, SPECIES, 0)
              .reinterpretAsFloats();
      FloatVector b3_0 = FloatVector.broadcast(SPECIES, x[from + 24]);
      a00 = w30.fma(b3_0, a00);
      a01 = w31.fma(b3_0, a01);
      FloatVector b3_1 = FloatVector.broadcast(SPECIES, x[from + 25]);
      a10 = w30.fma(b3_1, a10);
      a11 = w31.fma(b3_1, a11);
      FloatVector b3_2 = FloatVector.broadcast(SPECIES, x[from + 26]);
      a20 = w30.fma(b3_2, a20);
      a21 = w31.fma(b3_2, a21);
      FloatVector b3_3 = FloatVector.broadcast(SPECIES, x[from + 27]);
      a30 = w30.fma(b3_3, a30);
      a31 = w31.fma(b3_3, a31);
      FloatVector b3_4 = FloatVector.broadcast(SPECIES, x[from + 28]);
      a40 = w30.fma(b3_4, a40);
      a41 = w31.fma(b3_4, a41);
      FloatVector b3_5 = FloatVector.broadcast(SPECIES, x[from + 29]);
      a50 = w30.fma(b3_5, a50);
      a51 = w31.fma(b3_5, a51);
      FloatVector b3_6 = FloatVector.broadcast(SPECIES, x[from + 30]);
      a60 = w30.fma(b3_6, a60);
      a61 = w31.fma(b3_6, a61);
      FloatVector b3_7 = FloatVector.broadcast(SPECIES, x[from + 31]);
      a70 = w30.fma(b3_7, a70);
      a71 = w31.fma(b3_7, a71);
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
    for (int i = 0, at = weightsAt, from = x0; i < groups; i++, at += PANEL, from += 16) {
      touched |= w[at + AHEAD] | w[at + AHEAD + LANES];
      IntVector p0 = IntVector.fromArray(INTS, w, at);
      IntVector p1 = IntVector.fromArray(INTS, w, at + LANES);
      FloatVector w00 =
          p0.and(BYTE_0).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
      FloatVector w01 =
          p1.and(BYTE_0).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
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
      FloatVector w10 =
          p0.and(BYTE_1).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
      FloatVector w11 =
          p1.and(BYTE_1).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
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
      FloatVector w20 =
          p0.and(BYTE_2).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
      FloatVector w21 =
          p1.and(BYTE_2).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
      FloatVector b2_0 = FloatVector.broadcast(SPECIES, x[from + 8]);
      a00 = w20.fma(b2_0, a00);
      a01 = w21.fma(b2_0, a01);
      FloatVector b2_1 = FloatVector.broadcast(SPECIES, x[from + 9]);
      a10 = w20.fma(b2_1, a10);
      a11 = w21.fma(b2_1, a11);
      FloatVector b2_2 = FloatVector.broadcast(SPECIES, x[from + 10]);
      a20 = w20.fma(b2_2, a20);
      a21 = w21.fma(b2_2, a21);
      FloatVector b2_3 = FloatVector.broadcast(SPECIES, x[from + 11]);
      a30 = w20.fma(b2_3, a30);
      a31 = w21.fma(b2_3, a31);
      FloatVector w30 =
          p0.lanewise(VectorOperators.LSHR, 24)
              .convertShape(VectorOperators.I2F, SPECIES, 0)
              .reinterpretAsFloats();
      FloatVector w31 =
          p1.lanewise(VectorOperators.LSHR, 24)
              .convertShape(VectorOperators.I2F, SPECIES, 0)
              .reinterpretAsFloats();
      FloatVector b3_0 = FloatVector.broadcast(SPECIES, x[from + 12]);
      a00 = w30.fma(b3_0, a00);
      a01 = w31.fma(b3_0, a01);
      FloatVector b3_1 = FloatVector.broadcast(SPECIES, x[from + 13]);
      a10 = w30.fma(b3_1, a10);
      a11 = w31.fma(b3_1, a11);
      FloatVector b3_2 = FloatVector.broadcast(SPECIES, x[from + 14]);
      a20 = w30.fma(b3_2, a20);
      a21 = w31.fma(b3_2, a21);
      FloatVector b3_3 = FloatVector.broadcast(SPECIES, x[from + 15]);
      a30 = w30.fma(b3_3, a30);
      a31 = w31.fma(b3_3, a31);
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
    for (int i = 0, at = weightsAt, from = x0; i < groups; i++, at += PANEL, from += 8) {
      touched |= w[at + AHEAD] | w[at + AHEAD + LANES];
      IntVector p0 = IntVector.fromArray(INTS, w, at);
      IntVector p1 = IntVector.fromArray(INTS, w, at + LANES);
      FloatVector w00 =
          p0.and(BYTE_0).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
      FloatVector w01 =
          p1.and(BYTE_0).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
      FloatVector b0_0 = FloatVector.broadcast(SPECIES, x[from]);
      a00 = w00.fma(b0_0, a00);
      a01 = w01.fma(b0_0, a01);
      FloatVector b0_1 = FloatVector.broadcast(SPECIES, x[from + 1]);
      a10 = w00.fma(b0_1, a10);
      a11 = w01.fma(b0_1, a11);
      FloatVector w10 =
          p0.and(BYTE_1).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
      FloatVector w11 =
          p1.and(BYTE_1).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
      FloatVector b1_0 = FloatVector.broadcast(SPECIES, x[from + 2]);
      a00 = w10.fma(b1_0, a00);
      a01 = w11.fma(b1_0, a01);
      FloatVector b1_1 = FloatVector.broadcast(SPECIES, x[from + 3]);
      a10 = w10.fma(b1_1, a10);
      a11 = w11.fma(b1_1, a11);
      FloatVector w20 =
          p0.and(BYTE_2).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
      FloatVector w21 =
          p1.and(BYTE_2).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
      FloatVector b2_0 = FloatVector.broadcast(SPECIES, x[from + 4]);
      a00 = w20.fma(b2_0, a00);
      a01 = w21.fma(b2_0, a01);
      FloatVector b2_1 = FloatVector.broadcast(SPECIES, x[from + 5]);
      a10 = w20.fma(b2_1, a10);
      a11 = w21.fma(b2_1, a11);
      FloatVector w30 =
          p0.lanewise(VectorOperators.LSHR, 24)
              .convertShape(VectorOperators.I2F, SPECIES, 0)
              .reinterpretAsFloats();
      FloatVector w31 =
          p1.lanewise(VectorOperators.LSHR, 24)
              .convertShape(VectorOperators.I2F, SPECIES, 0)
              .reinterpretAsFloats();
      FloatVector b3_0 = FloatVector.broadcast(SPECIES, x[from + 6]);
      a00 = w30.fma(b3_0, a00);
      a01 = w31.fma(b3_0, a01);
      FloatVector b3_1 = FloatVector.broadcast(SPECIES, x[from + 7]);
      a10 = w30.fma(b3_1, a10);
      a11 = w31.fma(b3_1, a11);
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
        i++, at += PANEL, second += PANEL, from += 4) {
      touched |= w[at + AHEAD] | w[at + AHEAD + LANES];
      touched |= w[second + AHEAD] | w[second + AHEAD + LANES];
      IntVector c0 = IntVector.fromArray(INTS, w, at);
      IntVector c1 = IntVector.fromArray(INTS, w, at + LANES);
      IntVector d0 = IntVector.fromArray(INTS, w, second);
      IntVector d1 = IntVector.fromArray(INTS, w, second + LANES);
      FloatVector b0 = FloatVector.broadcast(SPECIES, x[from]);
      FloatVector cw00 =
          c0.and(BYTE_0).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
      FloatVector cw01 =
          c1.and(BYTE_0).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
      a00 = cw00.fma(b0, a00);
      a01 = cw01.fma(b0, a01);
      FloatVector dw00 =
          d0.and(BYTE_0).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
      FloatVector dw01 =
          d1.and(BYTE_0).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
      a10 = dw00.fma(b0, a10);
      a11 = dw01.fma(b0, a11);
      FloatVector b1 = FloatVector.broadcast(SPECIES, x[from + 1]);
      FloatVector cw10 =
          c0.and(BYTE_1).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
      FloatVector cw11 =
          c1.and(BYTE_1).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
      a00 = cw10.fma(b1, a00);
      a01 = cw11.fma(b1, a01);
      FloatVector dw10 =
          d0.and(BYTE_1).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
      FloatVector dw11 =
          d1.and(BYTE_1).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
      a10 = dw10.fma(b1, a10);
      a11 = dw11.fma(b1, a11);
      FloatVector b2 = FloatVector.broadcast(SPECIES, x[from + 2]);
      FloatVector cw20 =
          c0.and(BYTE_2).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
      FloatVector cw21 =
          c1.and(BYTE_2).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
      a00 = cw20.fma(b2, a00);
      a01 = cw21.fma(b2, a01);
      FloatVector dw20 =
          d0.and(BYTE_2).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
      FloatVector dw21 =
          d1.and(BYTE_2).convertShape(VectorOperators.I2F, SPECIES, 0).reinterpretAsFloats();
      a10 = dw20.fma(b2, a10);
      a11 = dw21.fma(b2, a11);
      FloatVector b3 = FloatVector.broadcast(SPECIES, x[from + 3]);
      FloatVector cw30 =
          c0.lanewise(VectorOperators.LSHR, 24)
              .convertShape(VectorOperators.I2F, SPECIES, 0)
              .reinterpretAsFloats();
      FloatVector cw31 =
          c1.lanewise(VectorOperators.LSHR, 24)
              .convertShape(VectorOperators.I2F, SPECIES, 0)
              .reinterpretAsFloats();
      a00 = cw30.fma(b3, a00);
      a01 = cw31.fma(b3, a01);
      FloatVector dw30 =
          d0.lanewise(VectorOperators.LSHR, 24)
              .convertShape(VectorOperators.I2F, SPECIES, 0)
              .reinterpretAsFloats();
      FloatVector dw31 =
          d1.lanewise(VectorOperators.LSHR, 24)
              .convertShape(VectorOperators.I2F, SPECIES, 0)
              .reinterpretAsFloats();
      a10 = dw30.fma(b3, a10);
      a11 = dw31.fma(b3, a11);
    }
    a00.intoArray(y, y0);
    a01.intoArray(y, y0 + LANES);
    a10.intoArray(y, y1);
    a11.intoArray(y, y1 + LANES);
    return touched;
  }
}
