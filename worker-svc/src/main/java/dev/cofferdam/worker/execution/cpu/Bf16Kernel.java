package dev.cofferdam.worker.execution.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Tiles of 1, 2 or 4 rows by a panel of {@link Bf16Matrix}; the same chains as {@link F32Kernel}'s,
 * two inputs at once: the lower half of a lane is the weight of the even input, the upper half that
 * of the odd one.
 */
final class Bf16Kernel {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final int HIGH = 0xFFFF0000;
  private static final int LANES = SPECIES.length();
  private static final int PANEL = PackedMatrix.PANEL;

  private Bf16Kernel() {}

  static void tile4(
      float[] x, int x0, int[] w, int weightsAt, int groups, float[] y, int y0, int yStride) {
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
    for (int i = 0, at = weightsAt, from = x0; i < groups; i++, at += PANEL, from += 8) {
      IntVector p0 = IntVector.fromArray(INTS, w, at);
      IntVector p1 = IntVector.fromArray(INTS, w, at + LANES);
      IntVector p2 = IntVector.fromArray(INTS, w, at + 2 * LANES);
      IntVector p3 = IntVector.fromArray(INTS, w, at + 3 * LANES);
      FloatVector b00 = FloatVector.broadcast(SPECIES, x[from]);
      FloatVector b01 = FloatVector.broadcast(SPECIES, x[from + 1]);
      FloatVector b02 = FloatVector.broadcast(SPECIES, x[from + 2]);
      FloatVector b03 = FloatVector.broadcast(SPECIES, x[from + 3]);
      FloatVector w00 = p0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      a00 = w00.fma(b00, a00);
      a10 = w00.fma(b01, a10);
      a20 = w00.fma(b02, a20);
      a30 = w00.fma(b03, a30);
      FloatVector w01 = p1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      a01 = w01.fma(b00, a01);
      a11 = w01.fma(b01, a11);
      a21 = w01.fma(b02, a21);
      a31 = w01.fma(b03, a31);
      FloatVector w02 = p2.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      a02 = w02.fma(b00, a02);
      a12 = w02.fma(b01, a12);
      a22 = w02.fma(b02, a22);
      a32 = w02.fma(b03, a32);
      FloatVector w03 = p3.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      a03 = w03.fma(b00, a03);
      a13 = w03.fma(b01, a13);
      a23 = w03.fma(b02, a23);
      a33 = w03.fma(b03, a33);
      FloatVector b10 = FloatVector.broadcast(SPECIES, x[from + 4]);
      FloatVector b11 = FloatVector.broadcast(SPECIES, x[from + 5]);
      FloatVector b12 = FloatVector.broadcast(SPECIES, x[from + 6]);
      FloatVector b13 = FloatVector.broadcast(SPECIES, x[from + 7]);
      FloatVector w10 = p0.and(HIGH).reinterpretAsFloats();
      a00 = w10.fma(b10, a00);
      a10 = w10.fma(b11, a10);
      a20 = w10.fma(b12, a20);
      a30 = w10.fma(b13, a30);
      FloatVector w11 = p1.and(HIGH).reinterpretAsFloats();
      a01 = w11.fma(b10, a01);
      a11 = w11.fma(b11, a11);
      a21 = w11.fma(b12, a21);
      a31 = w11.fma(b13, a31);
      FloatVector w12 = p2.and(HIGH).reinterpretAsFloats();
      a02 = w12.fma(b10, a02);
      a12 = w12.fma(b11, a12);
      a22 = w12.fma(b12, a22);
      a32 = w12.fma(b13, a32);
      FloatVector w13 = p3.and(HIGH).reinterpretAsFloats();
      a03 = w13.fma(b10, a03);
      a13 = w13.fma(b11, a13);
      a23 = w13.fma(b12, a23);
      a33 = w13.fma(b13, a33);
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
      float[] x, int x0, int[] w, int weightsAt, int groups, float[] y, int y0, int yStride) {
    int y1 = y0 + yStride;
    FloatVector a00 = FloatVector.fromArray(SPECIES, y, y0);
    FloatVector a01 = FloatVector.fromArray(SPECIES, y, y0 + LANES);
    FloatVector a02 = FloatVector.fromArray(SPECIES, y, y0 + 2 * LANES);
    FloatVector a03 = FloatVector.fromArray(SPECIES, y, y0 + 3 * LANES);
    FloatVector a10 = FloatVector.fromArray(SPECIES, y, y1);
    FloatVector a11 = FloatVector.fromArray(SPECIES, y, y1 + LANES);
    FloatVector a12 = FloatVector.fromArray(SPECIES, y, y1 + 2 * LANES);
    FloatVector a13 = FloatVector.fromArray(SPECIES, y, y1 + 3 * LANES);
    for (int i = 0, at = weightsAt, from = x0; i < groups; i++, at += PANEL, from += 4) {
      IntVector p0 = IntVector.fromArray(INTS, w, at);
      IntVector p1 = IntVector.fromArray(INTS, w, at + LANES);
      IntVector p2 = IntVector.fromArray(INTS, w, at + 2 * LANES);
      IntVector p3 = IntVector.fromArray(INTS, w, at + 3 * LANES);
      FloatVector b00 = FloatVector.broadcast(SPECIES, x[from]);
      FloatVector b01 = FloatVector.broadcast(SPECIES, x[from + 1]);
      FloatVector w00 = p0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      a00 = w00.fma(b00, a00);
      a10 = w00.fma(b01, a10);
      FloatVector w01 = p1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      a01 = w01.fma(b00, a01);
      a11 = w01.fma(b01, a11);
      FloatVector w02 = p2.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      a02 = w02.fma(b00, a02);
      a12 = w02.fma(b01, a12);
      FloatVector w03 = p3.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      a03 = w03.fma(b00, a03);
      a13 = w03.fma(b01, a13);
      FloatVector b10 = FloatVector.broadcast(SPECIES, x[from + 2]);
      FloatVector b11 = FloatVector.broadcast(SPECIES, x[from + 3]);
      FloatVector w10 = p0.and(HIGH).reinterpretAsFloats();
      a00 = w10.fma(b10, a00);
      a10 = w10.fma(b11, a10);
      FloatVector w11 = p1.and(HIGH).reinterpretAsFloats();
      a01 = w11.fma(b10, a01);
      a11 = w11.fma(b11, a11);
      FloatVector w12 = p2.and(HIGH).reinterpretAsFloats();
      a02 = w12.fma(b10, a02);
      a12 = w12.fma(b11, a12);
      FloatVector w13 = p3.and(HIGH).reinterpretAsFloats();
      a03 = w13.fma(b10, a03);
      a13 = w13.fma(b11, a13);
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

  static void tile1(float[] x, int x0, int[] w, int weightsAt, int groups, float[] y, int y0) {
    FloatVector a00 = FloatVector.fromArray(SPECIES, y, y0);
    FloatVector a01 = FloatVector.fromArray(SPECIES, y, y0 + LANES);
    FloatVector a02 = FloatVector.fromArray(SPECIES, y, y0 + 2 * LANES);
    FloatVector a03 = FloatVector.fromArray(SPECIES, y, y0 + 3 * LANES);
    for (int i = 0, at = weightsAt, from = x0; i < groups; i++, at += PANEL, from += 2) {
      IntVector p0 = IntVector.fromArray(INTS, w, at);
      IntVector p1 = IntVector.fromArray(INTS, w, at + LANES);
      IntVector p2 = IntVector.fromArray(INTS, w, at + 2 * LANES);
      IntVector p3 = IntVector.fromArray(INTS, w, at + 3 * LANES);
      FloatVector b00 = FloatVector.broadcast(SPECIES, x[from]);
      FloatVector w00 = p0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      a00 = w00.fma(b00, a00);
      FloatVector w01 = p1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      a01 = w01.fma(b00, a01);
      FloatVector w02 = p2.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      a02 = w02.fma(b00, a02);
      FloatVector w03 = p3.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      a03 = w03.fma(b00, a03);
      FloatVector b10 = FloatVector.broadcast(SPECIES, x[from + 1]);
      FloatVector w10 = p0.and(HIGH).reinterpretAsFloats();
      a00 = w10.fma(b10, a00);
      FloatVector w11 = p1.and(HIGH).reinterpretAsFloats();
      a01 = w11.fma(b10, a01);
      FloatVector w12 = p2.and(HIGH).reinterpretAsFloats();
      a02 = w12.fma(b10, a02);
      FloatVector w13 = p3.and(HIGH).reinterpretAsFloats();
      a03 = w13.fma(b10, a03);
    }
    a00.intoArray(y, y0);
    a01.intoArray(y, y0 + LANES);
    a02.intoArray(y, y0 + 2 * LANES);
    a03.intoArray(y, y0 + 3 * LANES);
  }
}
