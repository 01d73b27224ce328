package dev.cofferdam.worker.execution.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Attention scores of up to four query heads that share a key head. The keys of a block lie with
 * its tokens side by side, so that the products run along vector lanes without a reduction across
 * them.
 *
 * <p>A score is four chains over the head's elements, element i in chain i mod 4, in vectors and in
 * the scalar remainder alike; it depends on nothing else. The tiles are written out for the same
 * reason as in {@link MatrixKernel}.
 */
final class ScoreKernel {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = SPECIES.length();

  private ScoreKernel() {}

  /**
   * Scores of {@code queries} (1 to 4) heads with the tokens of all blocks of the first {@code
   * count} positions.
   *
   * @param q0 first element of the first head; the others follow, {@code width} apart
   * @param tableAt entry of the first position's block in {@code table}
   * @param keys where a block's keys begin: [element][token]
   * @param scores receives the first head's scores from 0 on, and the others' {@code stride}
   *     further on
   */
  static void scores(
      int queries,
      float[] query,
      int q0,
      float[][] pool,
      int[] table,
      int tableAt,
      int count,
      int keys,
      int width,
      int blockTokens,
      float[] scores,
      int stride) {
    switch (queries) {
      case 4 ->
          scores4(query, q0, pool, table, tableAt, count, keys, width, blockTokens, scores, stride);
      case 3 ->
          scores3(query, q0, pool, table, tableAt, count, keys, width, blockTokens, scores, stride);
      case 2 ->
          scores2(query, q0, pool, table, tableAt, count, keys, width, blockTokens, scores, stride);
      default -> scores1(query, q0, pool, table, tableAt, count, keys, width, blockTokens, scores);
    }
  }

  private static void scores4(
      float[] query,
      int q0,
      float[][] pool,
      int[] table,
      int tableAt,
      int count,
      int keys,
      int width,
      int blockTokens,
      float[] scores,
      int stride) {
    int q1 = q0 + width;
    int q2 = q1 + width;
    int q3 = q2 + width;
    for (int first = 0; first < count; first += blockTokens) {
      float[] block = pool[table[tableAt + first / blockTokens]];
      int token = 0;
      for (; token + LANES <= blockTokens; token += LANES) {
        int at = keys + token;
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
        int i = 0;
        for (; i + 4 <= width; i += 4, at += 4 * blockTokens) {
          FloatVector k0 = FloatVector.fromArray(SPECIES, block, at);
          FloatVector k1 = FloatVector.fromArray(SPECIES, block, at + blockTokens);
          FloatVector k2 = FloatVector.fromArray(SPECIES, block, at + 2 * blockTokens);
          FloatVector k3 = FloatVector.fromArray(SPECIES, block, at + 3 * blockTokens);
          a00 = k0.fma(FloatVector.broadcast(SPECIES, query[q0 + i]), a00);
          a01 = k1.fma(FloatVector.broadcast(SPECIES, query[q0 + i + 1]), a01);
          a02 = k2.fma(FloatVector.broadcast(SPECIES, query[q0 + i + 2]), a02);
          a03 = k3.fma(FloatVector.broadcast(SPECIES, query[q0 + i + 3]), a03);
          a10 = k0.fma(FloatVector.broadcast(SPECIES, query[q1 + i]), a10);
          a11 = k1.fma(FloatVector.broadcast(SPECIES, query[q1 + i + 1]), a11);
          a12 = k2.fma(FloatVector.broadcast(SPECIES, query[q1 + i + 2]), a12);
          a13 = k3.fma(FloatVector.broadcast(SPECIES, query[q1 + i + 3]), a13);
          a20 = k0.fma(FloatVector.broadcast(SPECIES, query[q2 + i]), a20);
          a21 = k1.fma(FloatVector.broadcast(SPECIES, query[q2 + i + 1]), a21);
          a22 = k2.fma(FloatVector.broadcast(SPECIES, query[q2 + i + 2]), a22);
          a23 = k3.fma(FloatVector.broadcast(SPECIES, query[q2 + i + 3]), a23);
          a30 = k0.fma(FloatVector.broadcast(SPECIES, query[q3 + i]), a30);
          a31 = k1.fma(FloatVector.broadcast(SPECIES, query[q3 + i + 1]), a31);
          a32 = k2.fma(FloatVector.broadcast(SPECIES, query[q3 + i + 2]), a32);
          a33 = k3.fma(FloatVector.broadcast(SPECIES, query[q3 + i + 3]), a33);
        }
        if (i < width) {
          FloatVector k0 = FloatVector.fromArray(SPECIES, block, at);
          FloatVector k1 = FloatVector.fromArray(SPECIES, block, at + blockTokens);
          a00 = k0.fma(FloatVector.broadcast(SPECIES, query[q0 + i]), a00);
          a01 = k1.fma(FloatVector.broadcast(SPECIES, query[q0 + i + 1]), a01);
          a10 = k0.fma(FloatVector.broadcast(SPECIES, query[q1 + i]), a10);
          a11 = k1.fma(FloatVector.broadcast(SPECIES, query[q1 + i + 1]), a11);
          a20 = k0.fma(FloatVector.broadcast(SPECIES, query[q2 + i]), a20);
          a21 = k1.fma(FloatVector.broadcast(SPECIES, query[q2 + i + 1]), a21);
          a30 = k0.fma(FloatVector.broadcast(SPECIES, query[q3 + i]), a30);
          a31 = k1.fma(FloatVector.broadcast(SPECIES, query[q3 + i + 1]), a31);
        }
        int to = first + token;
        a00.add(a01).add(a02.add(a03)).intoArray(scores, to);
        a10.add(a11).add(a12.add(a13)).intoArray(scores, to + stride);
        a20.add(a21).add(a22.add(a23)).intoArray(scores, to + 2 * stride);
        a30.add(a31).add(a32.add(a33)).intoArray(scores, to + 3 * stride);
      }
      for (; token < blockTokens; token++) {
        scores[first + token] = scalarScore(query, q0, block, keys + token, width, blockTokens);
        scores[first + stride + token] =
            scalarScore(query, q1, block, keys + token, width, blockTokens);
        scores[first + 2 * stride + token] =
            scalarScore(query, q2, block, keys + token, width, blockTokens);
        scores[first + 3 * stride + token] =
            scalarScore(query, q3, block, keys + token, width, blockTokens);
      }
    }
  }

  private static void scores3(
      float[] query,
      int q0,
      float[][] pool,
      int[] table,
      int tableAt,
      int count,
      int keys,
      int width,
      int blockTokens,
      float[] scores,
      int stride) {
    int q1 = q0 + width;
    int q2 = q1 + width;
    for (int first = 0; first < count; first += blockTokens) {
      float[] block = pool[table[tableAt + first / blockTokens]];
      int token = 0;
      for (; token + LANES <= blockTokens; token += LANES) {
        int at = keys + token;
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
        int i = 0;
        for (; i + 4 <= width; i += 4, at += 4 * blockTokens) {
          FloatVector k0 = FloatVector.fromArray(SPECIES, block, at);
          FloatVector k1 = FloatVector.fromArray(SPECIES, block, at + blockTokens);
          FloatVector k2 = FloatVector.fromArray(SPECIES, block, at + 2 * blockTokens);
          FloatVector k3 = FloatVector.fromArray(SPECIES, block, at + 3 * blockTokens);
          a00 = k0.fma(FloatVector.broadcast(SPECIES, query[q0 + i]), a00);
          a01 = k1.fma(FloatVector.broadcast(SPECIES, query[q0 + i + 1]), a01);
          a02 = k2.fma(FloatVector.broadcast(SPECIES, query[q0 + i + 2]), a02);
          a03 = k3.fma(FloatVector.broadcast(SPECIES, query[q0 + i + 3]), a03);
          a10 = k0.fma(FloatVector.broadcast(SPECIES, query[q1 + i]), a10);
          a11 = k1.fma(FloatVector.broadcast(SPECIES, query[q1 + i + 1]), a11);
          a12 = k2.fma(FloatVector.broadcast(SPECIES, query[q1 + i + 2]), a12);
          a13 = k3.fma(FloatVector.broadcast(SPECIES, query[q1 + i + 3]), a13);
          a20 = k0.fma(FloatVector.broadcast(SPECIES, query[q2 + i]), a20);
          a21 = k1.fma(FloatVector.broadcast(SPECIES, query[q2 + i + 1]), a21);
          a22 = k2.fma(FloatVector.broadcast(SPECIES, query[q2 + i + 2]), a22);
          a23 = k3.fma(FloatVector.broadcast(SPECIES, query[q2 + i + 3]), a23);
        }
        if (i < width) {
          FloatVector k0 = FloatVector.fromArray(SPECIES, block, at);
          FloatVector k1 = FloatVector.fromArray(SPECIES, block, at + blockTokens);
          a00 = k0.fma(FloatVector.broadcast(SPECIES, query[q0 + i]), a00);
          a01 = k1.fma(FloatVector.broadcast(SPECIES, query[q0 + i + 1]), a01);
          a10 = k0.fma(FloatVector.broadcast(SPECIES, query[q1 + i]), a10);
          a11 = k1.fma(FloatVector.broadcast(SPECIES, query[q1 + i + 1]), a11);
          a20 = k0.fma(FloatVector.broadcast(SPECIES, query[q2 + i]), a20);
          a21 = k1.fma(FloatVector.broadcast(SPECIES, query[q2 + i + 1]), a21);
        }
        int to = first + token;
        a00.add(a01).add(a02.add(a03)).intoArray(scores, to);
        a10.add(a11).add(a12.add(a13)).intoArray(scores, to + stride);
        a20.add(a21).add(a22.add(a23)).intoArray(scores, to + 2 * stride);
      }
      for (; token < blockTokens; token++) {
        scores[first + token] = scalarScore(query, q0, block, keys + token, width, blockTokens);
        scores[first + stride + token] =
            scalarScore(query, q1, block, keys + token, width, blockTokens);
        scores[first + 2 * stride + token] =
            scalarScore(query, q2, block, keys + token, width, blockTokens);
      }
    }
  }

  private static void scores2(
      float[] query,
      int q0,
      float[][] pool,
      int[] table,
      int tableAt,
      int count,
      int keys,
      int width,
      int blockTokens,
      float[] scores,
      int stride) {
    int q1 = q0 + width;
    for (int first = 0; first < count; first += blockTokens) {
      float[] block = pool[table[tableAt + first / blockTokens]];
      int token = 0;
      for (; token + LANES <= blockTokens; token += LANES) {
        int at = keys + token;
        FloatVector a00 = FloatVector.zero(SPECIES);
        FloatVector a01 = FloatVector.zero(SPECIES);
        FloatVector a02 = FloatVector.zero(SPECIES);
        FloatVector a03 = FloatVector.zero(SPECIES);
        FloatVector a10 = FloatVector.zero(SPECIES);
        FloatVector a11 = FloatVector.zero(SPECIES);
        FloatVector a12 = FloatVector.zero(SPECIES);
        FloatVector a13 = FloatVector.zero(SPECIES);
        int i = 0;
        for (; i + 4 <= width; i += 4, at += 4 * blockTokens) {
          FloatVector k0 = FloatVector.fromArray(SPECIES, block, at);
          FloatVector k1 = FloatVector.fromArray(SPECIES, block, at + blockTokens);
          FloatVector k2 = FloatVector.fromArray(SPECIES, block, at + 2 * blockTokens);
          FloatVector k3 = FloatVector.fromArray(SPECIES, block, at + 3 * blockTokens);
          a00 = k0.fma(FloatVector.broadcast(SPECIES, query[q0 + i]), a00);
          a01 = k1.fma(FloatVector.broadcast(SPECIES, query[q0 + i + 1]), a01);
          a02 = k2.fma(FloatVector.broadcast(SPECIES, query[q0 + i + 2]), a02);
          a03 = k3.fma(FloatVector.broadcast(SPECIES, query[q0 + i + 3]), a03);
          a10 = k0.fma(FloatVector.broadcast(SPECIES, query[q1 + i]), a10);
          a11 = k1.fma(FloatVector.broadcast(SPECIES, query[q1 + i + 1]), a11);
          a12 = k2.fma(FloatVector.broadcast(SPECIES, query[q1 + i + 2]), a12);
          a13 = k3.fma(FloatVector.broadcast(SPECIES, query[q1 + i + 3]), a13);
        }
        if (i < width) {
          FloatVector k0 = FloatVector.fromArray(SPECIES, block, at);
          FloatVector k1 = FloatVector.fromArray(SPECIES, block, at + blockTokens);
          a00 = k0.fma(FloatVector.broadcast(SPECIES, query[q0 + i]), a00);
          a01 = k1.fma(FloatVector.broadcast(SPECIES, query[q0 + i + 1]), a01);
          a10 = k0.fma(FloatVector.broadcast(SPECIES, query[q1 + i]), a10);
          a11 = k1.fma(FloatVector.broadcast(SPECIES, query[q1 + i + 1]), a11);
        }
        int to = first + token;
        a00.add(a01).add(a02.add(a03)).intoArray(scores, to);
        a10.add(a11).add(a12.add(a13)).intoArray(scores, to + stride);
      }
      for (; token < blockTokens; token++) {
        scores[first + token] = scalarScore(query, q0, block, keys + token, width, blockTokens);
        scores[first + stride + token] =
            scalarScore(query, q1, block, keys + token, width, blockTokens);
      }
    }
  }

  private static void scores1(
      float[] query,
      int q0,
      float[][] pool,
      int[] table,
      int tableAt,
      int count,
      int keys,
      int width,
      int blockTokens,
      float[] scores) {
    for (int first = 0; first < count; first += blockTokens) {
      float[] block = pool[table[tableAt + first / blockTokens]];
      int token = 0;
      for (; token + LANES <= blockTokens; token += LANES) {
        int at = keys + token;
        FloatVector a00 = FloatVector.zero(SPECIES);
        FloatVector a01 = FloatVector.zero(SPECIES);
        FloatVector a02 = FloatVector.zero(SPECIES);
        FloatVector a03 = FloatVector.zero(SPECIES);
        int i = 0;
        for (; i + 4 <= width; i += 4, at += 4 * blockTokens) {
          FloatVector k0 = FloatVector.fromArray(SPECIES, block, at);
          FloatVector k1 = FloatVector.fromArray(SPECIES, block, at + blockTokens);
          FloatVector k2 = FloatVector.fromArray(SPECIES, block, at + 2 * blockTokens);
          FloatVector k3 = FloatVector.fromArray(SPECIES, block, at + 3 * blockTokens);
          a00 = k0.fma(FloatVector.broadcast(SPECIES, query[q0 + i]), a00);
          a01 = k1.fma(FloatVector.broadcast(SPECIES, query[q0 + i + 1]), a01);
          a02 = k2.fma(FloatVector.broadcast(SPECIES, query[q0 + i + 2]), a02);
          a03 = k3.fma(FloatVector.broadcast(SPECIES, query[q0 + i + 3]), a03);
        }
        if (i < width) {
          FloatVector k0 = FloatVector.fromArray(SPECIES, block, at);
          FloatVector k1 = FloatVector.fromArray(SPECIES, block, at + blockTokens);
          a00 = k0.fma(FloatVector.broadcast(SPECIES, query[q0 + i]), a00);
          a01 = k1.fma(FloatVector.broadcast(SPECIES, query[q0 + i + 1]), a01);
        }
        int to = first + token;
        a00.add(a01).add(a02.add(a03)).intoArray(scores, to);
      }
      for (; token < blockTokens; token++) {
        scores[first + token] = scalarScore(query, q0, block, keys + token, width, blockTokens);
      }
    }
  }

  private static float scalarScore(
      float[] query, int q, float[] block, int at, int width, int blockTokens) {
    float a0 = 0;
    float a1 = 0;
    float a2 = 0;
    float a3 = 0;
    int i = 0;
    for (; i + 4 <= width; i += 4, at += 4 * blockTokens) {
      a0 = Math.fma(block[at], query[q + i], a0);
      a1 = Math.fma(block[at + blockTokens], query[q + i + 1], a1);
      a2 = Math.fma(block[at + 2 * blockTokens], query[q + i + 2], a2);
      a3 = Math.fma(block[at + 3 * blockTokens], query[q + i + 3], a3);
    }
    if (i < width) {
      a0 = Math.fma(block[at], query[q + i], a0);
      a1 = Math.fma(block[at + blockTokens], query[q + i + 1], a1);
    }
    return (a0 + a1) + (a2 + a3);
  }
}
