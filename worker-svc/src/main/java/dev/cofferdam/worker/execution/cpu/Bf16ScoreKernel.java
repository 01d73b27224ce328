package dev.cofferdam.worker.execution.cpu;

import dev.cofferdam.worker.execution.KvType;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The scores of {@link AttentionKernel} from BF16 blocks as they lie, for a single row, which uses
 * them too seldom for staging them first. The chains, and so the bits, are the same.
 *
 * <p>A vector is a block's tokens, so that four blocks go side by side.
 */
final class Bf16ScoreKernel {
  /** Blocks that go side by side. */
  static final int BLOCKS = 4;

  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Byte> BYTES = ByteVector.SPECIES_PREFERRED;
  private static final int LANES = SPECIES.length();
  private static final int VECTOR_BYTES = BYTES.length();
  private static final int HIGH = 0xFFFF0000;

  private Bf16ScoreKernel() {}

  /** Whether it can read the blocks of a pool. */
  static boolean reads(KvPool pool) {
    return pool.type == KvType.BF16
        && pool.blockTokens == LANES
        && pool.headDimension % (4 * LANES) == 0;
  }

  /**
   * Scores of up to four queries with the tokens of {@link #BLOCKS} blocks.
   *
   * @param rows 1 to 4
   * @param queryAt where each query begins
   * @param blocks where they lie
   * @param at where a head begins in each of them
   */
  static void scores(
      int rows,
      float[] queries,
      int[] queryAt,
      int width,
      byte[][] blocks,
      int[] at,
      int offset,
      float[] scores,
      int stride) {
    byte[] k0 = blocks[0];
    byte[] k1 = blocks[1];
    byte[] k2 = blocks[2];
    byte[] k3 = blocks[3];
    int a0 = at[0] + offset;
    int a1 = at[1] + offset;
    int a2 = at[2] + offset;
    int a3 = at[3] + offset;
    int pairs = width / 2;
    switch (rows) {
      case 4 ->
          scores4(
              queries,
              queryAt[0],
              queryAt[1],
              queryAt[2],
              queryAt[3],
              pairs,
              k0,
              a0,
              k1,
              a1,
              k2,
              a2,
              k3,
              a3,
              scores,
              0,
              stride);
      case 3 -> {
        scores2(
            queries,
            queryAt[0],
            queryAt[1],
            pairs,
            k0,
            a0,
            k1,
            a1,
            k2,
            a2,
            k3,
            a3,
            scores,
            0,
            stride);
        scores1(queries, queryAt[2], pairs, k0, a0, k1, a1, k2, a2, k3, a3, scores, 2 * stride);
      }
      case 2 ->
          scores2(
              queries,
              queryAt[0],
              queryAt[1],
              pairs,
              k0,
              a0,
              k1,
              a1,
              k2,
              a2,
              k3,
              a3,
              scores,
              0,
              stride);
      default -> scores1(queries, queryAt[0], pairs, k0, a0, k1, a1, k2, a2, k3, a3, scores, 0);
    }
  }

  private static void scores4(
      float[] x,
      int x0,
      int x1,
      int x2,
      int x3,
      int pairs,
      byte[] k0,
      int k0At,
      byte[] k1,
      int k1At,
      byte[] k2,
      int k2At,
      byte[] k3,
      int k3At,
      float[] y,
      int y0,
      int stride) {
    int y1 = y0 + stride;
    int y2 = y1 + stride;
    int y3 = y2 + stride;
    FloatVector s00 = FloatVector.zero(SPECIES);
    FloatVector s01 = FloatVector.zero(SPECIES);
    FloatVector s02 = FloatVector.zero(SPECIES);
    FloatVector s03 = FloatVector.zero(SPECIES);
    FloatVector s10 = FloatVector.zero(SPECIES);
    FloatVector s11 = FloatVector.zero(SPECIES);
    FloatVector s12 = FloatVector.zero(SPECIES);
    FloatVector s13 = FloatVector.zero(SPECIES);
    FloatVector s20 = FloatVector.zero(SPECIES);
    FloatVector s21 = FloatVector.zero(SPECIES);
    FloatVector s22 = FloatVector.zero(SPECIES);
    FloatVector s23 = FloatVector.zero(SPECIES);
    FloatVector s30 = FloatVector.zero(SPECIES);
    FloatVector s31 = FloatVector.zero(SPECIES);
    FloatVector s32 = FloatVector.zero(SPECIES);
    FloatVector s33 = FloatVector.zero(SPECIES);
    for (int i = 0, at = 0; i < pairs; i++, at += VECTOR_BYTES) {
      IntVector p0 = ByteVector.fromArray(BYTES, k0, k0At + at).reinterpretAsInts();
      IntVector p1 = ByteVector.fromArray(BYTES, k1, k1At + at).reinterpretAsInts();
      IntVector p2 = ByteVector.fromArray(BYTES, k2, k2At + at).reinterpretAsInts();
      IntVector p3 = ByteVector.fromArray(BYTES, k3, k3At + at).reinterpretAsInts();
      FloatVector e0 = p0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector e1 = p1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector e2 = p2.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector e3 = p3.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector e0x = FloatVector.broadcast(SPECIES, x[x0 + 2 * i]);
      s00 = e0.fma(e0x, s00);
      s01 = e1.fma(e0x, s01);
      s02 = e2.fma(e0x, s02);
      s03 = e3.fma(e0x, s03);
      FloatVector e1x = FloatVector.broadcast(SPECIES, x[x1 + 2 * i]);
      s10 = e0.fma(e1x, s10);
      s11 = e1.fma(e1x, s11);
      s12 = e2.fma(e1x, s12);
      s13 = e3.fma(e1x, s13);
      FloatVector e2x = FloatVector.broadcast(SPECIES, x[x2 + 2 * i]);
      s20 = e0.fma(e2x, s20);
      s21 = e1.fma(e2x, s21);
      s22 = e2.fma(e2x, s22);
      s23 = e3.fma(e2x, s23);
      FloatVector e3x = FloatVector.broadcast(SPECIES, x[x3 + 2 * i]);
      s30 = e0.fma(e3x, s30);
      s31 = e1.fma(e3x, s31);
      s32 = e2.fma(e3x, s32);
      s33 = e3.fma(e3x, s33);
      FloatVector o0 = p0.and(HIGH).reinterpretAsFloats();
      FloatVector o1 = p1.and(HIGH).reinterpretAsFloats();
      FloatVector o2 = p2.and(HIGH).reinterpretAsFloats();
      FloatVector o3 = p3.and(HIGH).reinterpretAsFloats();
      FloatVector o0x = FloatVector.broadcast(SPECIES, x[x0 + 2 * i + 1]);
      s00 = o0.fma(o0x, s00);
      s01 = o1.fma(o0x, s01);
      s02 = o2.fma(o0x, s02);
      s03 = o3.fma(o0x, s03);
      FloatVector o1x = FloatVector.broadcast(SPECIES, x[x1 + 2 * i + 1]);
      s10 = o0.fma(o1x, s10);
      s11 = o1.fma(o1x, s11);
      s12 = o2.fma(o1x, s12);
      s13 = o3.fma(o1x, s13);
      FloatVector o2x = FloatVector.broadcast(SPECIES, x[x2 + 2 * i + 1]);
      s20 = o0.fma(o2x, s20);
      s21 = o1.fma(o2x, s21);
      s22 = o2.fma(o2x, s22);
      s23 = o3.fma(o2x, s23);
      FloatVector o3x = FloatVector.broadcast(SPECIES, x[x3 + 2 * i + 1]);
      s30 = o0.fma(o3x, s30);
      s31 = o1.fma(o3x, s31);
      s32 = o2.fma(o3x, s32);
      s33 = o3.fma(o3x, s33);
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

  private static void scores2(
      float[] x,
      int x0,
      int x1,
      int pairs,
      byte[] k0,
      int k0At,
      byte[] k1,
      int k1At,
      byte[] k2,
      int k2At,
      byte[] k3,
      int k3At,
      float[] y,
      int y0,
      int stride) {
    int y1 = y0 + stride;
    FloatVector s00 = FloatVector.zero(SPECIES);
    FloatVector s01 = FloatVector.zero(SPECIES);
    FloatVector s02 = FloatVector.zero(SPECIES);
    FloatVector s03 = FloatVector.zero(SPECIES);
    FloatVector s10 = FloatVector.zero(SPECIES);
    FloatVector s11 = FloatVector.zero(SPECIES);
    FloatVector s12 = FloatVector.zero(SPECIES);
    FloatVector s13 = FloatVector.zero(SPECIES);
    for (int i = 0, at = 0; i < pairs; i++, at += VECTOR_BYTES) {
      IntVector p0 = ByteVector.fromArray(BYTES, k0, k0At + at).reinterpretAsInts();
      IntVector p1 = ByteVector.fromArray(BYTES, k1, k1At + at).reinterpretAsInts();
      IntVector p2 = ByteVector.fromArray(BYTES, k2, k2At + at).reinterpretAsInts();
      IntVector p3 = ByteVector.fromArray(BYTES, k3, k3At + at).reinterpretAsInts();
      FloatVector e0 = p0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector e1 = p1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector e2 = p2.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector e3 = p3.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector e0x = FloatVector.broadcast(SPECIES, x[x0 + 2 * i]);
      s00 = e0.fma(e0x, s00);
      s01 = e1.fma(e0x, s01);
      s02 = e2.fma(e0x, s02);
      s03 = e3.fma(e0x, s03);
      FloatVector e1x = FloatVector.broadcast(SPECIES, x[x1 + 2 * i]);
      s10 = e0.fma(e1x, s10);
      s11 = e1.fma(e1x, s11);
      s12 = e2.fma(e1x, s12);
      s13 = e3.fma(e1x, s13);
      FloatVector o0 = p0.and(HIGH).reinterpretAsFloats();
      FloatVector o1 = p1.and(HIGH).reinterpretAsFloats();
      FloatVector o2 = p2.and(HIGH).reinterpretAsFloats();
      FloatVector o3 = p3.and(HIGH).reinterpretAsFloats();
      FloatVector o0x = FloatVector.broadcast(SPECIES, x[x0 + 2 * i + 1]);
      s00 = o0.fma(o0x, s00);
      s01 = o1.fma(o0x, s01);
      s02 = o2.fma(o0x, s02);
      s03 = o3.fma(o0x, s03);
      FloatVector o1x = FloatVector.broadcast(SPECIES, x[x1 + 2 * i + 1]);
      s10 = o0.fma(o1x, s10);
      s11 = o1.fma(o1x, s11);
      s12 = o2.fma(o1x, s12);
      s13 = o3.fma(o1x, s13);
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

  private static void scores1(
      float[] x,
      int x0,
      int pairs,
      byte[] k0,
      int k0At,
      byte[] k1,
      int k1At,
      byte[] k2,
      int k2At,
      byte[] k3,
      int k3At,
      float[] y,
      int y0) {
    FloatVector s00 = FloatVector.zero(SPECIES);
    FloatVector s01 = FloatVector.zero(SPECIES);
    FloatVector s02 = FloatVector.zero(SPECIES);
    FloatVector s03 = FloatVector.zero(SPECIES);
    for (int i = 0, at = 0; i < pairs; i++, at += VECTOR_BYTES) {
      IntVector p0 = ByteVector.fromArray(BYTES, k0, k0At + at).reinterpretAsInts();
      IntVector p1 = ByteVector.fromArray(BYTES, k1, k1At + at).reinterpretAsInts();
      IntVector p2 = ByteVector.fromArray(BYTES, k2, k2At + at).reinterpretAsInts();
      IntVector p3 = ByteVector.fromArray(BYTES, k3, k3At + at).reinterpretAsInts();
      FloatVector e0 = p0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector e1 = p1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector e2 = p2.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector e3 = p3.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector e0x = FloatVector.broadcast(SPECIES, x[x0 + 2 * i]);
      s00 = e0.fma(e0x, s00);
      s01 = e1.fma(e0x, s01);
      s02 = e2.fma(e0x, s02);
      s03 = e3.fma(e0x, s03);
      FloatVector o0 = p0.and(HIGH).reinterpretAsFloats();
      FloatVector o1 = p1.and(HIGH).reinterpretAsFloats();
      FloatVector o2 = p2.and(HIGH).reinterpretAsFloats();
      FloatVector o3 = p3.and(HIGH).reinterpretAsFloats();
      FloatVector o0x = FloatVector.broadcast(SPECIES, x[x0 + 2 * i + 1]);
      s00 = o0.fma(o0x, s00);
      s01 = o1.fma(o0x, s01);
      s02 = o2.fma(o0x, s02);
      s03 = o3.fma(o0x, s03);
    }
    s00.intoArray(y, y0);
    s01.intoArray(y, y0 + LANES);
    s02.intoArray(y, y0 + 2 * LANES);
    s03.intoArray(y, y0 + 3 * LANES);
  }
}
