package dev.cofferdam.worker.generation;

/**
 * The exponential function by additions and multiplications alone, so that it gives the same bits
 * on every machine; the JDK's is only specified to one unit in the last place.
 */
final class Exponential {
  private static final double LOG2_E = 1.4426950408889634;
  private static final double LN2_HIGH = 0.6931471803691238;
  private static final double LN2_LOW = 1.9082149292705877e-10;

  /** 1.5 · 2⁵²: added and taken away again, it rounds to an integer. */
  private static final double ROUNDER = 6755399441055744.0;

  private static final int DEGREE = 13;
  private static final double[] COEFFICIENTS = coefficients();

  private Exponential() {}

  private static double[] coefficients() {
    double[] inverseFactorials = new double[DEGREE + 1];
    double factorial = 1;
    for (int i = 0; i <= DEGREE; i++) {
      factorial *= Math.max(1, i);
      inverseFactorials[i] = 1 / factorial;
    }
    return inverseFactorials;
  }

  /** e to the power of {@code x ≤ 0}, within two units in the last place; 0 below −708. */
  static double ofNonPositive(double x) {
    if (!(x > -708)) {
      return 0;
    }
    double n = (x * LOG2_E + ROUNDER) - ROUNDER;
    double r = (x - n * LN2_HIGH) - n * LN2_LOW;
    double[] c = COEFFICIENTS;
    double p = c[13];
    p = p * r + c[12];
    p = p * r + c[11];
    p = p * r + c[10];
    p = p * r + c[9];
    p = p * r + c[8];
    p = p * r + c[7];
    p = p * r + c[6];
    p = p * r + c[5];
    p = p * r + c[4];
    p = p * r + c[3];
    p = p * r + c[2];
    p = p * r + c[1];
    p = p * r + c[0];
    return p * Double.longBitsToDouble(((long) n + 1023) << 52);
  }
}
