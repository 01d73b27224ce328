package dev.cofferdam.worker.execution.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Element-wise functions and reductions over rows. Reductions run in an order that depends neither
 * on the vector width nor on other rows. The exponential is a polynomial of fused multiply-adds
 * (Cephes' expf), since the platform's differs between machines.
 */
final class RowMath {
  /** Widest vector of any machine; buffers are padded to it, and sums have that many chains. */
  static final int WIDEST = 16;

  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = SPECIES.length();

  private static final float EXP_LEAST = -87f;
  private static final int EXP_MOST_BITS = Float.floatToRawIntBits(-EXP_LEAST);
  private static final float LOG2_E = 1.442695f;

  /** 1.5 · 2²³: added, it leaves the rounded integer in the low bits. */
  private static final float ROUNDER = 12582912f;

  private static final float MINUS_LN2_HIGH = -0.6933594f;
  private static final float MINUS_LN2_LOW = 2.1219444e-04f;
  private static final float C7 = 1.9875691e-04f;
  private static final float C6 = 0.0013981999f;
  private static final float C5 = 0.008333452f;
  private static final float C4 = 0.041665796f;
  private static final float C3 = 0.16666666f;
  private static final float C2 = 0.5f;

  private RowMath() {}

  /** {@code y = x / rms(x) · weight} (Zhang and Sennrich, 2019). The two may be the same place. */
  static void normalise(
      float[] x, int from, float[] weight, int width, double epsilon, float[] y, int to) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    int i = 0;
    for (; i + 4 <= width; i += 4) {
      s0 += (double) x[from + i] * x[from + i];
      s1 += (double) x[from + i + 1] * x[from + i + 1];
      s2 += (double) x[from + i + 2] * x[from + i + 2];
      s3 += (double) x[from + i + 3] * x[from + i + 3];
    }
    for (; i < width; i++) {
      s0 += (double) x[from + i] * x[from + i];
    }
    float factor = (float) (1 / Math.sqrt(((s0 + s1) + (s2 + s3)) / width + epsilon));
    for (i = 0; i < width; i++) {
      y[to + i] = x[from + i] * factor * weight[i];
    }
  }

  /** {@code x += addend}. */
  static void add(float[] x, int at, float[] addend, int from, int width) {
    for (int i = 0; i < width; i++) {
      x[at + i] += addend[from + i];
    }
  }

  /**
   * SwiGLU (Shazeer, 2020): {@code gate = gate · sigmoid(gate) · up}.
   *
   * @param width a multiple of {@link #WIDEST}
   */
  static void gate(float[] gate, int gateAt, float[] up, int upAt, int width) {
    for (int i = 0; i < width; i += LANES) {
      FloatVector x = FloatVector.fromArray(SPECIES, gate, gateAt + i);
      FloatVector u = FloatVector.fromArray(SPECIES, up, upAt + i);
      FloatVector z = x.abs().neg().max(EXP_LEAST);
      FloatVector t =
          z.fma(FloatVector.broadcast(SPECIES, LOG2_E), FloatVector.broadcast(SPECIES, ROUNDER));
      FloatVector n = t.sub(ROUNDER);
      FloatVector r = n.fma(FloatVector.broadcast(SPECIES, MINUS_LN2_HIGH), z);
      r = n.fma(FloatVector.broadcast(SPECIES, MINUS_LN2_LOW), r);
      FloatVector p = FloatVector.broadcast(SPECIES, C7);
      p = p.fma(r, FloatVector.broadcast(SPECIES, C6));
      p = p.fma(r, FloatVector.broadcast(SPECIES, C5));
      p = p.fma(r, FloatVector.broadcast(SPECIES, C4));
      p = p.fma(r, FloatVector.broadcast(SPECIES, C3));
      p = p.fma(r, FloatVector.broadcast(SPECIES, C2));
      p = p.fma(r.mul(r), r).add(1f);
      IntVector exponent = t.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
      FloatVector e = p.reinterpretAsInts().add(exponent).reinterpretAsFloats();
      FloatVector numerator = e.blend(1f, x.compare(VectorOperators.GE, 0f));
      x.mul(numerator.div(e.add(1f))).mul(u).intoArray(gate, gateAt + i);
    }
  }

  /** The next multiple of {@link #WIDEST}. */
  static int padded(int width) {
    return (width + WIDEST - 1) / WIDEST * WIDEST;
  }

  /**
   * Whether no element is greater than a bound, and all are numbers.
   *
   * @param width a multiple of {@link #WIDEST}
   */
  static boolean noneAbove(float[] values, int at, int width, float bound) {
    for (int i = 0; i < width; i += LANES) {
      if (!FloatVector.fromArray(SPECIES, values, at + i)
          .compare(VectorOperators.LE, bound)
          .allTrue()) {
        return false;
      }
    }
    return true;
  }

  /**
   * The greatest element; not a number where one is none.
   *
   * @param width a multiple of {@link #WIDEST}
   */
  static float greatest(float[] values, int at, int width) {
    FloatVector greatest = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
    for (int i = 0; i < width; i += LANES) {
      greatest = greatest.max(FloatVector.fromArray(SPECIES, values, at + i));
    }
    return greatest.reduceLanes(VectorOperators.MAX);
  }

  /**
   * Replaces {@code width} scores by {@code exp(scale · (score − bound))}, at least {@code
   * exp(−87)}.
   *
   * @param width a multiple of {@link #WIDEST}
   * @param bound finite, and no score is greater
   */
  static void exponentials(float[] scores, int at, int width, float scale, float bound) {
    for (int i = 0; i < width; i += LANES) {
      FloatVector x = FloatVector.fromArray(SPECIES, scores, at + i);
      // Positive floats are ordered as their bits are, and the minimum of integers is one
      // instruction.
      FloatVector z =
          FloatVector.broadcast(SPECIES, bound)
              .sub(x)
              .mul(scale)
              .reinterpretAsInts()
              .min(EXP_MOST_BITS)
              .reinterpretAsFloats()
              .neg();
      FloatVector t =
          z.fma(FloatVector.broadcast(SPECIES, LOG2_E), FloatVector.broadcast(SPECIES, ROUNDER));
      FloatVector n = t.sub(ROUNDER);
      FloatVector r = n.fma(FloatVector.broadcast(SPECIES, MINUS_LN2_HIGH), z);
      r = n.fma(FloatVector.broadcast(SPECIES, MINUS_LN2_LOW), r);
      FloatVector p = FloatVector.broadcast(SPECIES, C7);
      p = p.fma(r, FloatVector.broadcast(SPECIES, C6));
      p = p.fma(r, FloatVector.broadcast(SPECIES, C5));
      p = p.fma(r, FloatVector.broadcast(SPECIES, C4));
      p = p.fma(r, FloatVector.broadcast(SPECIES, C3));
      p = p.fma(r, FloatVector.broadcast(SPECIES, C2));
      p = p.fma(r.mul(r), r).add(1f);
      IntVector exponent = t.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
      p.reinterpretAsInts().add(exponent).reinterpretAsFloats().intoArray(scores, at + i);
    }
  }

  /**
   * Adds elements to {@link #WIDEST} sums, the i-th to the sum i mod {@link #WIDEST}.
   *
   * @param width a multiple of {@link #WIDEST}
   */
  static void addToSums(float[] values, int at, int width, float[] sums, int sumsAt) {
    for (int lane = 0; lane < WIDEST; lane += LANES) {
      FloatVector sum = FloatVector.fromArray(SPECIES, sums, sumsAt + lane);
      for (int i = lane; i < width; i += WIDEST) {
        sum = sum.add(FloatVector.fromArray(SPECIES, values, at + i));
      }
      sum.intoArray(sums, sumsAt + lane);
    }
  }

  /** The sum of {@link #WIDEST} sums, which are overwritten. */
  static float total(float[] sums, int at) {
    for (int width = WIDEST / 2; width > 0; width /= 2) {
      for (int lane = 0; lane < width; lane++) {
        sums[at + lane] += sums[at + lane + width];
      }
    }
    return sums[at];
  }

  /**
   * {@code values *= factor}.
   *
   * @param width a multiple of {@link #WIDEST}
   */
  static void scale(float[] values, int at, int width, float factor) {
    for (int i = 0; i < width; i += LANES) {
      FloatVector.fromArray(SPECIES, values, at + i).mul(factor).intoArray(values, at + i);
    }
  }
}
