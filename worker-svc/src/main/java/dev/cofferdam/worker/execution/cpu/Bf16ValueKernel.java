package dev.cofferdam.worker.execution.cpu;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The weighted values of {@link AttentionKernel} from BF16 blocks as they lie: what goes with
 * {@link Bf16ScoreKernel}.
 */
final class Bf16ValueKernel {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Byte> BYTES = ByteVector.SPECIES_PREFERRED;
  private static final int LANES = SPECIES.length();
  private static final int VECTOR_BYTES = BYTES.length();
  private static final int HIGH = 0xFFFF0000;

  private Bf16ValueKernel() {}

  /**
   * Adds the weighted values of a block's first {@code tokens}.
   *
   * @param rows 1 to 4
   * @param weightsAt where each row's weight of the first token lies
   * @param shift of these places
   * @param valuesAt where the head's values begin
   * @param to where the first row's sums lie; the others lie {@code stride} further on
   */
  static void values(
      int rows,
      float[] weights,
      int[] weightsAt,
      int shift,
      int tokens,
      byte[] block,
      int valuesAt,
      int width,
      float[] sums,
      int to,
      int stride) {
    int x0 = weightsAt[0] + shift;
    int x1 = weightsAt[1] + shift;
    int x2 = weightsAt[2] + shift;
    int x3 = weightsAt[3] + shift;
    int rowBytes = width * Integer.BYTES;
    for (int j = 0; j < width; j += 4 * LANES) {
      int at = valuesAt + j * Integer.BYTES;
      int y = to + j;
      switch (rows) {
        case 4 -> values4(weights, x0, x1, x2, x3, tokens, block, at, rowBytes, sums, y, stride);
        case 3 -> {
          values2(weights, x0, x1, tokens, block, at, rowBytes, sums, y, stride);
          values1(weights, x2, tokens, block, at, rowBytes, sums, y + 2 * stride);
        }
        case 2 -> values2(weights, x0, x1, tokens, block, at, rowBytes, sums, y, stride);
        default -> values1(weights, x0, tokens, block, at, rowBytes, sums, y);
      }
    }
  }

  private static void values4(
      float[] x,
      int x0,
      int x1,
      int x2,
      int x3,
      int tokens,
      byte[] values,
      int valuesAt,
      int rowBytes,
      float[] y,
      int y0,
      int stride) {
    int y1 = y0 + stride;
    int y2 = y1 + stride;
    int y3 = y2 + stride;
    FloatVector s00 = FloatVector.fromArray(SPECIES, y, y0);
    FloatVector s01 = FloatVector.fromArray(SPECIES, y, y0 + LANES);
    FloatVector s02 = FloatVector.fromArray(SPECIES, y, y0 + 2 * LANES);
    FloatVector s03 = FloatVector.fromArray(SPECIES, y, y0 + 3 * LANES);
    FloatVector s10 = FloatVector.fromArray(SPECIES, y, y1);
    FloatVector s11 = FloatVector.fromArray(SPECIES, y, y1 + LANES);
    FloatVector s12 = FloatVector.fromArray(SPECIES, y, y1 + 2 * LANES);
    FloatVector s13 = FloatVector.fromArray(SPECIES, y, y1 + 3 * LANES);
    FloatVector s20 = FloatVector.fromArray(SPECIES, y, y2);
    FloatVector s21 = FloatVector.fromArray(SPECIES, y, y2 + LANES);
    FloatVector s22 = FloatVector.fromArray(SPECIES, y, y2 + 2 * LANES);
    FloatVector s23 = FloatVector.fromArray(SPECIES, y, y2 + 3 * LANES);
    FloatVector s30 = FloatVector.fromArray(SPECIES, y, y3);
    FloatVector s31 = FloatVector.fromArray(SPECIES, y, y3 + LANES);
    FloatVector s32 = FloatVector.fromArray(SPECIES, y, y3 + 2 * LANES);
    FloatVector s33 = FloatVector.fromArray(SPECIES, y, y3 + 3 * LANES);
    int at = valuesAt;
    int t = 0;
    for (; t + 2 <= tokens; t += 2, at += rowBytes) {
      IntVector p0 = ByteVector.fromArray(BYTES, values, at).reinterpretAsInts();
      IntVector p1 = ByteVector.fromArray(BYTES, values, at + VECTOR_BYTES).reinterpretAsInts();
      IntVector p2 = ByteVector.fromArray(BYTES, values, at + 2 * VECTOR_BYTES).reinterpretAsInts();
      IntVector p3 = ByteVector.fromArray(BYTES, values, at + 3 * VECTOR_BYTES).reinterpretAsInts();
      FloatVector e0 = p0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector e1 = p1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector e2 = p2.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector e3 = p3.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector e0x = FloatVector.broadcast(SPECIES, x[x0 + t]);
      s00 = e0.fma(e0x, s00);
      s01 = e1.fma(e0x, s01);
      s02 = e2.fma(e0x, s02);
      s03 = e3.fma(e0x, s03);
      FloatVector e1x = FloatVector.broadcast(SPECIES, x[x1 + t]);
      s10 = e0.fma(e1x, s10);
      s11 = e1.fma(e1x, s11);
      s12 = e2.fma(e1x, s12);
      s13 = e3.fma(e1x, s13);
      FloatVector e2x = FloatVector.broadcast(SPECIES, x[x2 + t]);
      s20 = e0.fma(e2x, s20);
      s21 = e1.fma(e2x, s21);
      s22 = e2.fma(e2x, s22);
      s23 = e3.fma(e2x, s23);
      FloatVector e3x = FloatVector.broadcast(SPECIES, x[x3 + t]);
      s30 = e0.fma(e3x, s30);
      s31 = e1.fma(e3x, s31);
      s32 = e2.fma(e3x, s32);
      s33 = e3.fma(e3x, s33);
      FloatVector o0 = p0.and(HIGH).reinterpretAsFloats();
      FloatVector o1 = p1.and(HIGH).reinterpretAsFloats();
      FloatVector o2 = p2.and(HIGH).reinterpretAsFloats();
      FloatVector o3 = p3.and(HIGH).reinterpretAsFloats();
      FloatVector o0x = FloatVector.broadcast(SPECIES, x[x0 + t + 1]);
      s00 = o0.fma(o0x, s00);
      s01 = o1.fma(o0x, s01);
      s02 = o2.fma(o0x, s02);
      s03 = o3.fma(o0x, s03);
      FloatVector o1x = FloatVector.broadcast(SPECIES, x[x1 + t + 1]);
      s10 = o0.fma(o1x, s10);
      s11 = o1.fma(o1x, s11);
      s12 = o2.fma(o1x, s12);
      s13 = o3.fma(o1x, s13);
      FloatVector o2x = FloatVector.broadcast(SPECIES, x[x2 + t + 1]);
      s20 = o0.fma(o2x, s20);
      s21 = o1.fma(o2x, s21);
      s22 = o2.fma(o2x, s22);
      s23 = o3.fma(o2x, s23);
      FloatVector o3x = FloatVector.broadcast(SPECIES, x[x3 + t + 1]);
      s30 = o0.fma(o3x, s30);
      s31 = o1.fma(o3x, s31);
      s32 = o2.fma(o3x, s32);
      s33 = o3.fma(o3x, s33);
    }
    if (t < tokens) {
      FloatVector e0 =
          ByteVector.fromArray(BYTES, values, at)
              .reinterpretAsInts()
              .lanewise(VectorOperators.LSHL, 16)
              .reinterpretAsFloats();
      FloatVector e1 =
          ByteVector.fromArray(BYTES, values, at + VECTOR_BYTES)
              .reinterpretAsInts()
              .lanewise(VectorOperators.LSHL, 16)
              .reinterpretAsFloats();
      FloatVector e2 =
          ByteVector.fromArray(BYTES, values, at + 2 * VECTOR_BYTES)
              .reinterpretAsInts()
              .lanewise(VectorOperators.LSHL, 16)
              .reinterpretAsFloats();
      FloatVector e3 =
          ByteVector.fromArray(BYTES, values, at + 3 * VECTOR_BYTES)
              .reinterpretAsInts()
              .lanewise(VectorOperators.LSHL, 16)
              .reinterpretAsFloats();
      FloatVector e0x = FloatVector.broadcast(SPECIES, x[x0 + t]);
      s00 = e0.fma(e0x, s00);
      s01 = e1.fma(e0x, s01);
      s02 = e2.fma(e0x, s02);
      s03 = e3.fma(e0x, s03);
      FloatVector e1x = FloatVector.broadcast(SPECIES, x[x1 + t]);
      s10 = e0.fma(e1x, s10);
      s11 = e1.fma(e1x, s11);
      s12 = e2.fma(e1x, s12);
      s13 = e3.fma(e1x, s13);
      FloatVector e2x = FloatVector.broadcast(SPECIES, x[x2 + t]);
      s20 = e0.fma(e2x, s20);
      s21 = e1.fma(e2x, s21);
      s22 = e2.fma(e2x, s22);
      s23 = e3.fma(e2x, s23);
      FloatVector e3x = FloatVector.broadcast(SPECIES, x[x3 + t]);
      s30 = e0.fma(e3x, s30);
      s31 = e1.fma(e3x, s31);
      s32 = e2.fma(e3x, s32);
      s33 = e3.fma(e3x, s33);
    }
    s00.intoArray(y, y0);
    s01.intoArray(y, y0 + LANES);
    s02.intoArray(y, y0 + 2 * LANES);
    s03.intoArray(y, y0 + 3 * LANES);
    s10.intoArray(y, y1);
    s11.intoArray(y, y1 + LANES);
    s12.intoArray(y, y1 + 2 * LANES);
    s13.intoArray(y, y1 + 3 * LANES);
    s20.intoArray(y, y2);
    s21.intoArray(y, y2 + LANES);
    s22.intoArray(y, y2 + 2 * LANES);
    s23.intoArray(y, y2 + 3 * LANES);
    s30.intoArray(y, y3);
    s31.intoArray(y, y3 + LANES);
    s32.intoArray(y, y3 + 2 * LANES);
    s33.intoArray(y, y3 + 3 * LANES);
  }

  private static void values2(
      float[] x,
      int x0,
      int x1,
      int tokens,
      byte[] values,
      int valuesAt,
      int rowBytes,
      float[] y,
      int y0,
      int stride) {
    int y1 = y0 + stride;
    FloatVector s00 = FloatVector.fromArray(SPECIES, y, y0);
    FloatVector s01 = FloatVector.fromArray(SPECIES, y, y0 + LANES);
    FloatVector s02 = FloatVector.fromArray(SPECIES, y, y0 + 2 * LANES);
    FloatVector s03 = FloatVector.fromArray(SPECIES, y, y0 + 3 * LANES);
    FloatVector s10 = FloatVector.fromArray(SPECIES, y, y1);
    FloatVector s11 = FloatVector.fromArray(SPECIES, y, y1 + LANES);
    FloatVector s12 = FloatVector.fromArray(SPECIES, y, y1 + 2 * LANES);
    FloatVector s13 = FloatVector.fromArray(SPECIES, y, y1 + 3 * LANES);
    int at = valuesAt;
    int t = 0;
    for (; t + 2 <= tokens; t += 2, at += rowBytes) {
      IntVector p0 = ByteVector.fromArray(BYTES, values, at).reinterpretAsInts();
      IntVector p1 = ByteVector.fromArray(BYTES, values, at + VECTOR_BYTES).reinterpretAsInts();
      IntVector p2 = ByteVector.fromArray(BYTES, values, at + 2 * VECTOR_BYTES).reinterpretAsInts();
      IntVector p3 = ByteVector.fromArray(BYTES, values, at + 3 * VECTOR_BYTES).reinterpretAsInts();
      FloatVector e0 = p0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector e1 = p1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector e2 = p2.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector e3 = p3.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector e0x = FloatVector.broadcast(SPECIES, x[x0 + t]);
      s00 = e0.fma(e0x, s00);
      s01 = e1.fma(e0x, s01);
      s02 = e2.fma(e0x, s02);
      s03 = e3.fma(e0x, s03);
      FloatVector e1x = FloatVector.broadcast(SPECIES, x[x1 + t]);
      s10 = e0.fma(e1x, s10);
      s11 = e1.fma(e1x, s11);
      s12 = e2.fma(e1x, s12);
      s13 = e3.fma(e1x, s13);
      FloatVector o0 = p0.and(HIGH).reinterpretAsFloats();
      FloatVector o1 = p1.and(HIGH).reinterpretAsFloats();
      FloatVector o2 = p2.and(HIGH).reinterpretAsFloats();
      FloatVector o3 = p3.and(HIGH).reinterpretAsFloats();
      FloatVector o0x = FloatVector.broadcast(SPECIES, x[x0 + t + 1]);
      s00 = o0.fma(o0x, s00);
      s01 = o1.fma(o0x, s01);
      s02 = o2.fma(o0x, s02);
      s03 = o3.fma(o0x, s03);
      FloatVector o1x = FloatVector.broadcast(SPECIES, x[x1 + t + 1]);
      s10 = o0.fma(o1x, s10);
      s11 = o1.fma(o1x, s11);
      s12 = o2.fma(o1x, s12);
      s13 = o3.fma(o1x, s13);
    }
    if (t < tokens) {
      FloatVector e0 =
          ByteVector.fromArray(BYTES, values, at)
              .reinterpretAsInts()
              .lanewise(VectorOperators.LSHL, 16)
              .reinterpretAsFloats();
      FloatVector e1 =
          ByteVector.fromArray(BYTES, values, at + VECTOR_BYTES)
              .reinterpretAsInts()
              .lanewise(VectorOperators.LSHL, 16)
              .reinterpretAsFloats();
      FloatVector e2 =
          ByteVector.fromArray(BYTES, values, at + 2 * VECTOR_BYTES)
              .reinterpretAsInts()
              .lanewise(VectorOperators.LSHL, 16)
              .reinterpretAsFloats();
      FloatVector e3 =
          ByteVector.fromArray(BYTES, values, at + 3 * VECTOR_BYTES)
              .reinterpretAsInts()
              .lanewise(VectorOperators.LSHL, 16)
              .reinterpretAsFloats();
      FloatVector e0x = FloatVector.broadcast(SPECIES, x[x0 + t]);
      s00 = e0.fma(e0x, s00);
      s01 = e1.fma(e0x, s01);
      s02 = e2.fma(e0x, s02);
      s03 = e3.fma(e0x, s03);
      FloatVector e1x = FloatVector.broadcast(SPECIES, x[x1 + t]);
      s10 = e0.fma(e1x, s10);
      s11 = e1.fma(e1x, s11);
      s12 = e2.fma(e1x, s12);
      s13 = e3.fma(e1x, s13);
    }
    s00.intoArray(y, y0);
    s01.intoArray(y, y0 + LANES);
    s02.intoArray(y, y0 + 2 * LANES);
    s03.intoArray(y, y0 + 3 * LANES);
    s10.intoArray(y, y1);
    s11.intoArray(y, y1 + LANES);
    s12.intoArray(y, y1 + 2 * LANES);
    s13.intoArray(y, y1 + 3 * LANES);
  }

  private static void values1(
      float[] x, int x0, int tokens, byte[] values, int valuesAt, int rowBytes, float[] y, int y0) {
    FloatVector s00 = FloatVector.fromArray(SPECIES, y, y0);
    FloatVector s01 = FloatVector.fromArray(SPECIES, y, y0 + LANES);
    FloatVector s02 = FloatVector.fromArray(SPECIES, y, y0 + 2 * LANES);
    FloatVector s03 = FloatVector.fromArray(SPECIES, y, y0 + 3 * LANES);
    int at = valuesAt;
    int t = 0;
    for (; t + 2 <= tokens; t += 2, at += rowBytes) {
      IntVector p0 = ByteVector.fromArray(BYTES, values, at).reinterpretAsInts();
      IntVector p1 = ByteVector.fromArray(BYTES, values, at + VECTOR_BYTES).reinterpretAsInts();
      IntVector p2 = ByteVector.fromArray(BYTES, values, at + 2 * VECTOR_BYTES).reinterpretAsInts();
      IntVector p3 = ByteVector.fromArray(BYTES, values, at + 3 * VECTOR_BYTES).reinterpretAsInts();
      FloatVector e0 = p0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector e1 = p1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector e2 = p2.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector e3 = p3.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector e0x = FloatVector.broadcast(SPECIES, x[x0 + t]);
      s00 = e0.fma(e0x, s00);
      s01 = e1.fma(e0x, s01);
      s02 = e2.fma(e0x, s02);
      s03 = e3.fma(e0x, s03);
      FloatVector o0 = p0.and(HIGH).reinterpretAsFloats();
      FloatVector o1 = p1.and(HIGH).reinterpretAsFloats();
      FloatVector o2 = p2.and(HIGH).reinterpretAsFloats();
      FloatVector o3 = p3.and(HIGH).reinterpretAsFloats();
      FloatVector o0x = FloatVector.broadcast(SPECIES, x[x0 + t + 1]);
      s00 = o0.fma(o0x, s00);
      s01 = o1.fma(o0x, s01);
      s02 = o2.fma(o0x, s02);
      s03 = o3.fma(o0x, s03);
    }
    if (t < tokens) {
      FloatVector e0 =
          ByteVector.fromArray(BYTES, values, at)
              .reinterpretAsInts()
              .lanewise(VectorOperators.LSHL, 16)
              .reinterpretAsFloats();
      FloatVector e1 =
          ByteVector.fromArray(BYTES, values, at + VECTOR_BYTES)
              .reinterpretAsInts()
              .lanewise(VectorOperators.LSHL, 16)
              .reinterpretAsFloats();
      FloatVector e2 =
          ByteVector.fromArray(BYTES, values, at + 2 * VECTOR_BYTES)
              .reinterpretAsInts()
              .lanewise(VectorOperators.LSHL, 16)
              .reinterpretAsFloats();
      FloatVector e3 =
          ByteVector.fromArray(BYTES, values, at + 3 * VECTOR_BYTES)
              .reinterpretAsInts()
              .lanewise(VectorOperators.LSHL, 16)
              .reinterpretAsFloats();
      FloatVector e0x = FloatVector.broadcast(SPECIES, x[x0 + t]);
      s00 = e0.fma(e0x, s00);
      s01 = e1.fma(e0x, s01);
      s02 = e2.fma(e0x, s02);
      s03 = e3.fma(e0x, s03);
    }
    s00.intoArray(y, y0);
    s01.intoArray(y, y0 + LANES);
    s02.intoArray(y, y0 + 2 * LANES);
    s03.intoArray(y, y0 + 3 * LANES);
  }
}
