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
   * Scores of {@code queries} (1, 2 or 4) heads with all tokens of a block.
   *
   * @param q0 first element of the first head; the others follow, {@code width} apart
   * @param keys where the block's keys begin: [element][token]
   * @param s0 where the first head's scores go; the others' go {@code sStride} further on
   */
  static void scores(
      int queries,
      float[] query,
      int q0,
      float[] block,
      int keys,
      int width,
      int blockTokens,
      float[] scores,
      int s0,
      int sStride) {
    switch (queries) {
      case 4 -> scores4(query, q0, width, block, keys, width, blockTokens, scores, s0, sStride);
      case 2 -> scores2(query, q0, width, block, keys, width, blockTokens, scores, s0, sStride);
      default -> scores1(query, q0, block, keys, width, blockTokens, scores, s0);
    }
  }

  private static void scores4(
      float[] query,
      int q0,
      int qStride,
      float[] block,
      int keys,
      int width,
      int blockTokens,
      float[] scores,
      int s0,
      int sStride) {
    int q1 = q0 + qStride;
    int q2 = q1 + qStride;
    int q3 = q2 + qStride;
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
      a00.add(a01).add(a02.add(a03)).intoArray(scores, s0 + token);
      a10.add(a11).add(a12.add(a13)).intoArray(scores, s0 + sStride + token);
      a20.add(a21).add(a22.add(a23)).intoArray(scores, s0 + 2 * sStride + token);
      a30.add(a31).add(a32.add(a33)).intoArray(scores, s0 + 3 * sStride + token);
    }
    for (; token < blockTokens; token++) {
      scores[s0 + token] = scalarScore(query, q0, block, keys + token, width, blockTokens);
      scores[s0 + sStride + token] =
          scalarScore(query, q1, block, keys + token, width, blockTokens);
      scores[s0 + 2 * sStride + token] =
          scalarScore(query, q2, block, keys + token, width, blockTokens);
      scores[s0 + 3 * sStride + token] =
          scalarScore(query, q3, block, keys + token, width, blockTokens);
    }
  }

  private static void scores2(
      float[] query,
      int q0,
      int qStride,
      float[] block,
      int keys,
      int width,
      int blockTokens,
      float[] scores,
      int s0,
      int sStride) {
    int q1 = q0 + qStride;
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
      a00.add(a01).add(a02.add(a03)).intoArray(scores, s0 + token);
      a10.add(a11).add(a12.add(a13)).intoArray(scores, s0 + sStride + token);
    }
    for (; token < blockTokens; token++) {
      scores[s0 + token] = scalarScore(query, q0, block, keys + token, width, blockTokens);
      scores[s0 + sStride + token] =
          scalarScore(query, q1, block, keys + token, width, blockTokens);
    }
  }

  private static void scores1(
      float[] query,
      int q0,
      float[] block,
      int keys,
      int width,
      int blockTokens,
      float[] scores,
      int s0) {
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
      a00.add(a01).add(a02.add(a03)).intoArray(scores, s0 + token);
    }
    for (; token < blockTokens; token++) {
      scores[s0 + token] = scalarScore(query, q0, block, keys + token, width, blockTokens);
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
