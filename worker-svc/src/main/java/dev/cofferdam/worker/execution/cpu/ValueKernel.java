package dev.cofferdam.worker.execution.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Weighted sums of values for up to four query heads that share a value head. The values of a block
 * lie with the elements of a token side by side, so that the products run along vector lanes
 * without a reduction across them.
 *
 * <p>A sum is four chains over positions, position p in chain p mod 4, in vectors and in the scalar
 * remainder alike; it depends on nothing else. The tiles are written out for the same reason as in
 * {@link MatrixKernel}.
 */
final class ValueKernel {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = SPECIES.length();

  private ValueKernel() {}

  /**
   * Sums of the values of the first {@code count} positions, weighted with the scores, for {@code
   * queries} (1 to 4) heads.
   *
   * @param scores the first head's scores from 0 on, and the others' {@code stride} further on
   * @param tableAt entry of the first position's block in {@code table}
   * @param values where a block's values begin: [token][element]
   * @param o0 where the first head's sums go; the others' go {@code width} apart
   */
  static void values(
      int queries,
      float[] scores,
      int stride,
      float[][] pool,
      int[] table,
      int tableAt,
      int count,
      int values,
      int width,
      int blockTokens,
      float[] out,
      int o0) {
    switch (queries) {
      case 4 ->
          values4(scores, stride, pool, table, tableAt, count, values, width, blockTokens, out, o0);
      case 3 ->
          values3(scores, stride, pool, table, tableAt, count, values, width, blockTokens, out, o0);
      case 2 ->
          values2(scores, stride, pool, table, tableAt, count, values, width, blockTokens, out, o0);
      default -> values1(scores, pool, table, tableAt, count, values, width, blockTokens, out, o0);
    }
  }

  private static void values4(
      float[] scores,
      int stride,
      float[][] pool,
      int[] table,
      int tableAt,
      int count,
      int values,
      int width,
      int blockTokens,
      float[] out,
      int o0) {
    int vectorWidth = width / LANES * LANES;
    for (int lane = 0; lane < vectorWidth; lane += LANES) {
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
      for (int first = 0; first < count; first += blockTokens) {
        float[] block = pool[table[tableAt + first / blockTokens]];
        int tokens = Math.min(blockTokens, count - first);
        int p0 = first;
        int p1 = p0 + stride;
        int p2 = p1 + stride;
        int p3 = p2 + stride;
        int at = values + lane;
        int t = 0;
        for (; t + 4 <= tokens; t += 4, at += 4 * width) {
          FloatVector v0 = FloatVector.fromArray(SPECIES, block, at);
          FloatVector v1 = FloatVector.fromArray(SPECIES, block, at + width);
          FloatVector v2 = FloatVector.fromArray(SPECIES, block, at + 2 * width);
          FloatVector v3 = FloatVector.fromArray(SPECIES, block, at + 3 * width);
          a00 = v0.fma(FloatVector.broadcast(SPECIES, scores[p0 + t]), a00);
          a01 = v1.fma(FloatVector.broadcast(SPECIES, scores[p0 + t + 1]), a01);
          a02 = v2.fma(FloatVector.broadcast(SPECIES, scores[p0 + t + 2]), a02);
          a03 = v3.fma(FloatVector.broadcast(SPECIES, scores[p0 + t + 3]), a03);
          a10 = v0.fma(FloatVector.broadcast(SPECIES, scores[p1 + t]), a10);
          a11 = v1.fma(FloatVector.broadcast(SPECIES, scores[p1 + t + 1]), a11);
          a12 = v2.fma(FloatVector.broadcast(SPECIES, scores[p1 + t + 2]), a12);
          a13 = v3.fma(FloatVector.broadcast(SPECIES, scores[p1 + t + 3]), a13);
          a20 = v0.fma(FloatVector.broadcast(SPECIES, scores[p2 + t]), a20);
          a21 = v1.fma(FloatVector.broadcast(SPECIES, scores[p2 + t + 1]), a21);
          a22 = v2.fma(FloatVector.broadcast(SPECIES, scores[p2 + t + 2]), a22);
          a23 = v3.fma(FloatVector.broadcast(SPECIES, scores[p2 + t + 3]), a23);
          a30 = v0.fma(FloatVector.broadcast(SPECIES, scores[p3 + t]), a30);
          a31 = v1.fma(FloatVector.broadcast(SPECIES, scores[p3 + t + 1]), a31);
          a32 = v2.fma(FloatVector.broadcast(SPECIES, scores[p3 + t + 2]), a32);
          a33 = v3.fma(FloatVector.broadcast(SPECIES, scores[p3 + t + 3]), a33);
        }
        if (t < tokens) {
          FloatVector v0 = FloatVector.fromArray(SPECIES, block, at);
          a00 = v0.fma(FloatVector.broadcast(SPECIES, scores[p0 + t]), a00);
          a10 = v0.fma(FloatVector.broadcast(SPECIES, scores[p1 + t]), a10);
          a20 = v0.fma(FloatVector.broadcast(SPECIES, scores[p2 + t]), a20);
          a30 = v0.fma(FloatVector.broadcast(SPECIES, scores[p3 + t]), a30);
        }
        if (t + 1 < tokens) {
          FloatVector v1 = FloatVector.fromArray(SPECIES, block, at + width);
          a01 = v1.fma(FloatVector.broadcast(SPECIES, scores[p0 + t + 1]), a01);
          a11 = v1.fma(FloatVector.broadcast(SPECIES, scores[p1 + t + 1]), a11);
          a21 = v1.fma(FloatVector.broadcast(SPECIES, scores[p2 + t + 1]), a21);
          a31 = v1.fma(FloatVector.broadcast(SPECIES, scores[p3 + t + 1]), a31);
        }
        if (t + 2 < tokens) {
          FloatVector v2 = FloatVector.fromArray(SPECIES, block, at + 2 * width);
          a02 = v2.fma(FloatVector.broadcast(SPECIES, scores[p0 + t + 2]), a02);
          a12 = v2.fma(FloatVector.broadcast(SPECIES, scores[p1 + t + 2]), a12);
          a22 = v2.fma(FloatVector.broadcast(SPECIES, scores[p2 + t + 2]), a22);
          a32 = v2.fma(FloatVector.broadcast(SPECIES, scores[p3 + t + 2]), a32);
        }
      }
      a00.add(a01).add(a02.add(a03)).intoArray(out, o0 + lane);
      a10.add(a11).add(a12.add(a13)).intoArray(out, o0 + width + lane);
      a20.add(a21).add(a22.add(a23)).intoArray(out, o0 + 2 * width + lane);
      a30.add(a31).add(a32.add(a33)).intoArray(out, o0 + 3 * width + lane);
    }
    for (int lane = vectorWidth; lane < width; lane++) {
      out[o0 + lane] =
          scalarValue(scores, 0, pool, table, tableAt, count, values + lane, width, blockTokens);
      out[o0 + width + lane] =
          scalarValue(
              scores, stride, pool, table, tableAt, count, values + lane, width, blockTokens);
      out[o0 + 2 * width + lane] =
          scalarValue(
              scores, 2 * stride, pool, table, tableAt, count, values + lane, width, blockTokens);
      out[o0 + 3 * width + lane] =
          scalarValue(
              scores, 3 * stride, pool, table, tableAt, count, values + lane, width, blockTokens);
    }
  }

  private static void values3(
      float[] scores,
      int stride,
      float[][] pool,
      int[] table,
      int tableAt,
      int count,
      int values,
      int width,
      int blockTokens,
      float[] out,
      int o0) {
    int vectorWidth = width / LANES * LANES;
    for (int lane = 0; lane < vectorWidth; lane += LANES) {
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
      for (int first = 0; first < count; first += blockTokens) {
        float[] block = pool[table[tableAt + first / blockTokens]];
        int tokens = Math.min(blockTokens, count - first);
        int p0 = first;
        int p1 = p0 + stride;
        int p2 = p1 + stride;
        int at = values + lane;
        int t = 0;
        for (; t + 4 <= tokens; t += 4, at += 4 * width) {
          FloatVector v0 = FloatVector.fromArray(SPECIES, block, at);
          FloatVector v1 = FloatVector.fromArray(SPECIES, block, at + width);
          FloatVector v2 = FloatVector.fromArray(SPECIES, block, at + 2 * width);
          FloatVector v3 = FloatVector.fromArray(SPECIES, block, at + 3 * width);
          a00 = v0.fma(FloatVector.broadcast(SPECIES, scores[p0 + t]), a00);
          a01 = v1.fma(FloatVector.broadcast(SPECIES, scores[p0 + t + 1]), a01);
          a02 = v2.fma(FloatVector.broadcast(SPECIES, scores[p0 + t + 2]), a02);
          a03 = v3.fma(FloatVector.broadcast(SPECIES, scores[p0 + t + 3]), a03);
          a10 = v0.fma(FloatVector.broadcast(SPECIES, scores[p1 + t]), a10);
          a11 = v1.fma(FloatVector.broadcast(SPECIES, scores[p1 + t + 1]), a11);
          a12 = v2.fma(FloatVector.broadcast(SPECIES, scores[p1 + t + 2]), a12);
          a13 = v3.fma(FloatVector.broadcast(SPECIES, scores[p1 + t + 3]), a13);
          a20 = v0.fma(FloatVector.broadcast(SPECIES, scores[p2 + t]), a20);
          a21 = v1.fma(FloatVector.broadcast(SPECIES, scores[p2 + t + 1]), a21);
          a22 = v2.fma(FloatVector.broadcast(SPECIES, scores[p2 + t + 2]), a22);
          a23 = v3.fma(FloatVector.broadcast(SPECIES, scores[p2 + t + 3]), a23);
        }
        if (t < tokens) {
          FloatVector v0 = FloatVector.fromArray(SPECIES, block, at);
          a00 = v0.fma(FloatVector.broadcast(SPECIES, scores[p0 + t]), a00);
          a10 = v0.fma(FloatVector.broadcast(SPECIES, scores[p1 + t]), a10);
          a20 = v0.fma(FloatVector.broadcast(SPECIES, scores[p2 + t]), a20);
        }
        if (t + 1 < tokens) {
          FloatVector v1 = FloatVector.fromArray(SPECIES, block, at + width);
          a01 = v1.fma(FloatVector.broadcast(SPECIES, scores[p0 + t + 1]), a01);
          a11 = v1.fma(FloatVector.broadcast(SPECIES, scores[p1 + t + 1]), a11);
          a21 = v1.fma(FloatVector.broadcast(SPECIES, scores[p2 + t + 1]), a21);
        }
        if (t + 2 < tokens) {
          FloatVector v2 = FloatVector.fromArray(SPECIES, block, at + 2 * width);
          a02 = v2.fma(FloatVector.broadcast(SPECIES, scores[p0 + t + 2]), a02);
          a12 = v2.fma(FloatVector.broadcast(SPECIES, scores[p1 + t + 2]), a12);
          a22 = v2.fma(FloatVector.broadcast(SPECIES, scores[p2 + t + 2]), a22);
        }
      }
      a00.add(a01).add(a02.add(a03)).intoArray(out, o0 + lane);
      a10.add(a11).add(a12.add(a13)).intoArray(out, o0 + width + lane);
      a20.add(a21).add(a22.add(a23)).intoArray(out, o0 + 2 * width + lane);
    }
    for (int lane = vectorWidth; lane < width; lane++) {
      out[o0 + lane] =
          scalarValue(scores, 0, pool, table, tableAt, count, values + lane, width, blockTokens);
      out[o0 + width + lane] =
          scalarValue(
              scores, stride, pool, table, tableAt, count, values + lane, width, blockTokens);
      out[o0 + 2 * width + lane] =
          scalarValue(
              scores, 2 * stride, pool, table, tableAt, count, values + lane, width, blockTokens);
    }
  }

  private static void values2(
      float[] scores,
      int stride,
      float[][] pool,
      int[] table,
      int tableAt,
      int count,
      int values,
      int width,
      int blockTokens,
      float[] out,
      int o0) {
    int vectorWidth = width / LANES * LANES;
    for (int lane = 0; lane < vectorWidth; lane += LANES) {
      FloatVector a00 = FloatVector.zero(SPECIES);
      FloatVector a01 = FloatVector.zero(SPECIES);
      FloatVector a02 = FloatVector.zero(SPECIES);
      FloatVector a03 = FloatVector.zero(SPECIES);
      FloatVector a10 = FloatVector.zero(SPECIES);
      FloatVector a11 = FloatVector.zero(SPECIES);
      FloatVector a12 = FloatVector.zero(SPECIES);
      FloatVector a13 = FloatVector.zero(SPECIES);
      for (int first = 0; first < count; first += blockTokens) {
        float[] block = pool[table[tableAt + first / blockTokens]];
        int tokens = Math.min(blockTokens, count - first);
        int p0 = first;
        int p1 = p0 + stride;
        int at = values + lane;
        int t = 0;
        for (; t + 4 <= tokens; t += 4, at += 4 * width) {
          FloatVector v0 = FloatVector.fromArray(SPECIES, block, at);
          FloatVector v1 = FloatVector.fromArray(SPECIES, block, at + width);
          FloatVector v2 = FloatVector.fromArray(SPECIES, block, at + 2 * width);
          FloatVector v3 = FloatVector.fromArray(SPECIES, block, at + 3 * width);
          a00 = v0.fma(FloatVector.broadcast(SPECIES, scores[p0 + t]), a00);
          a01 = v1.fma(FloatVector.broadcast(SPECIES, scores[p0 + t + 1]), a01);
          a02 = v2.fma(FloatVector.broadcast(SPECIES, scores[p0 + t + 2]), a02);
          a03 = v3.fma(FloatVector.broadcast(SPECIES, scores[p0 + t + 3]), a03);
          a10 = v0.fma(FloatVector.broadcast(SPECIES, scores[p1 + t]), a10);
          a11 = v1.fma(FloatVector.broadcast(SPECIES, scores[p1 + t + 1]), a11);
          a12 = v2.fma(FloatVector.broadcast(SPECIES, scores[p1 + t + 2]), a12);
          a13 = v3.fma(FloatVector.broadcast(SPECIES, scores[p1 + t + 3]), a13);
        }
        if (t < tokens) {
          FloatVector v0 = FloatVector.fromArray(SPECIES, block, at);
          a00 = v0.fma(FloatVector.broadcast(SPECIES, scores[p0 + t]), a00);
          a10 = v0.fma(FloatVector.broadcast(SPECIES, scores[p1 + t]), a10);
        }
        if (t + 1 < tokens) {
          FloatVector v1 = FloatVector.fromArray(SPECIES, block, at + width);
          a01 = v1.fma(FloatVector.broadcast(SPECIES, scores[p0 + t + 1]), a01);
          a11 = v1.fma(FloatVector.broadcast(SPECIES, scores[p1 + t + 1]), a11);
        }
        if (t + 2 < tokens) {
          FloatVector v2 = FloatVector.fromArray(SPECIES, block, at + 2 * width);
          a02 = v2.fma(FloatVector.broadcast(SPECIES, scores[p0 + t + 2]), a02);
          a12 = v2.fma(FloatVector.broadcast(SPECIES, scores[p1 + t + 2]), a12);
        }
      }
      a00.add(a01).add(a02.add(a03)).intoArray(out, o0 + lane);
      a10.add(a11).add(a12.add(a13)).intoArray(out, o0 + width + lane);
    }
    for (int lane = vectorWidth; lane < width; lane++) {
      out[o0 + lane] =
          scalarValue(scores, 0, pool, table, tableAt, count, values + lane, width, blockTokens);
      out[o0 + width + lane] =
          scalarValue(
              scores, stride, pool, table, tableAt, count, values + lane, width, blockTokens);
    }
  }

  private static void values1(
      float[] scores,
      float[][] pool,
      int[] table,
      int tableAt,
      int count,
      int values,
      int width,
      int blockTokens,
      float[] out,
      int o0) {
    int vectorWidth = width / LANES * LANES;
    for (int lane = 0; lane < vectorWidth; lane += LANES) {
      FloatVector a00 = FloatVector.zero(SPECIES);
      FloatVector a01 = FloatVector.zero(SPECIES);
      FloatVector a02 = FloatVector.zero(SPECIES);
      FloatVector a03 = FloatVector.zero(SPECIES);
      for (int first = 0; first < count; first += blockTokens) {
        float[] block = pool[table[tableAt + first / blockTokens]];
        int tokens = Math.min(blockTokens, count - first);
        int p0 = first;
        int at = values + lane;
        int t = 0;
        for (; t + 4 <= tokens; t += 4, at += 4 * width) {
          FloatVector v0 = FloatVector.fromArray(SPECIES, block, at);
          FloatVector v1 = FloatVector.fromArray(SPECIES, block, at + width);
          FloatVector v2 = FloatVector.fromArray(SPECIES, block, at + 2 * width);
          FloatVector v3 = FloatVector.fromArray(SPECIES, block, at + 3 * width);
          a00 = v0.fma(FloatVector.broadcast(SPECIES, scores[p0 + t]), a00);
          a01 = v1.fma(FloatVector.broadcast(SPECIES, scores[p0 + t + 1]), a01);
          a02 = v2.fma(FloatVector.broadcast(SPECIES, scores[p0 + t + 2]), a02);
          a03 = v3.fma(FloatVector.broadcast(SPECIES, scores[p0 + t + 3]), a03);
        }
        if (t < tokens) {
          FloatVector v0 = FloatVector.fromArray(SPECIES, block, at);
          a00 = v0.fma(FloatVector.broadcast(SPECIES, scores[p0 + t]), a00);
        }
        if (t + 1 < tokens) {
          FloatVector v1 = FloatVector.fromArray(SPECIES, block, at + width);
          a01 = v1.fma(FloatVector.broadcast(SPECIES, scores[p0 + t + 1]), a01);
        }
        if (t + 2 < tokens) {
          FloatVector v2 = FloatVector.fromArray(SPECIES, block, at + 2 * width);
          a02 = v2.fma(FloatVector.broadcast(SPECIES, scores[p0 + t + 2]), a02);
        }
      }
      a00.add(a01).add(a02.add(a03)).intoArray(out, o0 + lane);
    }
    for (int lane = vectorWidth; lane < width; lane++) {
      out[o0 + lane] =
          scalarValue(scores, 0, pool, table, tableAt, count, values + lane, width, blockTokens);
    }
  }

  private static float scalarValue(
      float[] scores,
      int s0,
      float[][] pool,
      int[] table,
      int tableAt,
      int count,
      int values,
      int width,
      int blockTokens) {
    float a0 = 0;
    float a1 = 0;
    float a2 = 0;
    float a3 = 0;
    for (int p = 0; p < count; p++) {
      float value = pool[table[tableAt + p / blockTokens]][values + p % blockTokens * width];
      switch (p & 3) {
        case 0 -> a0 = Math.fma(value, scores[s0 + p], a0);
        case 1 -> a1 = Math.fma(value, scores[s0 + p], a1);
        case 2 -> a2 = Math.fma(value, scores[s0 + p], a2);
        default -> a3 = Math.fma(value, scores[s0 + p], a3);
      }
    }
    return (a0 + a1) + (a2 + a3);
  }
}
