package dev.cofferdam.worker.execution;

/**
 * Numbers of eight bits with four of exponent and three of mantissa: E4M3 of the Open Compute
 * Project's 8-bit floating point (revision 1.0), which has no infinities. The codes 0x7F and 0xFF
 * are no numbers.
 */
public final class Fp8 {
  /** The largest number. */
  public static final float MAX = 448;

  private static final int LARGEST = 0x7E;
  private static final int NOT_A_NUMBER = 0x7F;
  private static final int MANTISSA_BITS = 3;
  private static final int EXPONENT_MIN = -6;

  private Fp8() {}

  /** The nearest code, the even one of two; what is larger than {@link #MAX} becomes that. */
  public static byte encode(float number) {
    int sign = Float.floatToRawIntBits(number) >>> 24 & 0x80;
    if (Float.isNaN(number)) {
      return (byte) (sign | NOT_A_NUMBER);
    }
    float size = Math.min(Math.abs(number), MAX);
    int exponent = Math.max(Math.getExponent(size), EXPONENT_MIN);
    int steps = (int) Math.rint((double) Math.scalb(size, MANTISSA_BITS - exponent));
    // Eight steps are the exponent's first number; sixteen, after rounding, the next one's.
    int code = (exponent - EXPONENT_MIN << MANTISSA_BITS) + steps;
    return (byte) (sign | Math.min(code, LARGEST));
  }

  /** The least power of two that numbers of at most this size are {@link #MAX} times of. */
  public static double scale(double largest) {
    int exponent = Math.getExponent(largest) - 8;
    return Math.scalb(1.0, largest > Math.scalb(MAX, exponent) ? exponent + 1 : exponent);
  }

  /** The number of a code. */
  public static float decode(byte code) {
    int exponent = code >> MANTISSA_BITS & 0xF;
    int mantissa = code & 7;
    float size;
    if ((code & NOT_A_NUMBER) == NOT_A_NUMBER) {
      size = Float.NaN;
    } else if (exponent == 0) {
      size = Math.scalb((float) mantissa, EXPONENT_MIN - MANTISSA_BITS);
    } else {
      size = Math.scalb(8f + mantissa, exponent - 1 + EXPONENT_MIN - MANTISSA_BITS);
    }
    return code < 0 ? -size : size;
  }
}
