package dev.cofferdam.worker.model;

import java.util.List;

/** How a model stretches its rotary frequencies beyond the context that it was first trained on. */
public sealed interface RopeScaling {

  /**
   * The scaled frequency for an unscaled one, both in radians per position.
   *
   * @param pair index of the frequency, from the fastest on
   */
  double scale(int pair, double frequency);

  /** Factor of the rotated queries and keys each. */
  default double attentionFactor() {
    return 1;
  }

  /** No stretching. */
  record None() implements RopeScaling {
    @Override
    public double scale(int pair, double frequency) {
      return frequency;
    }
  }

  /** Position interpolation: all frequencies divided by one factor (Chen et al., 2023). */
  record Linear(double factor) implements RopeScaling {
    @Override
    public double scale(int pair, double frequency) {
      return frequency / factor;
    }
  }

  /**
   * Llama 3.1's: long wavelengths are divided by the factor, short ones kept, those between
   * blended.
   *
   * @param factor divisor of the long wavelengths
   * @param lowFrequencyFactor wavelengths above {@code originalPositions / lowFrequencyFactor} are
   *     long
   * @param highFrequencyFactor wavelengths below {@code originalPositions / highFrequencyFactor}
   *     are short
   * @param originalPositions positions of the first training
   */
  record Llama3(
      double factor,
      double lowFrequencyFactor,
      double highFrequencyFactor,
      double originalPositions)
      implements RopeScaling {
    @Override
    public double scale(int pair, double frequency) {
      double wavelength = 2 * Math.PI / frequency;
      if (wavelength < originalPositions / highFrequencyFactor) {
        return frequency;
      }
      if (wavelength > originalPositions / lowFrequencyFactor) {
        return frequency / factor;
      }
      double smooth =
          (originalPositions / wavelength - lowFrequencyFactor)
              / (highFrequencyFactor - lowFrequencyFactor);
      return (1 - smooth) * frequency / factor + smooth * frequency;
    }
  }

  /** A divisor for each frequency: how GGUF files say what Llama 3.1 does. */
  record Divided(List<Float> divisors) implements RopeScaling {
    public Divided {
      divisors = List.copyOf(divisors);
    }

    @Override
    public double scale(int pair, double frequency) {
      return frequency / divisors.get(pair);
    }
  }

  /**
   * YaRN (Peng et al., 2023): fast frequencies are kept, slow ones divided by the factor, those
   * between blended linearly by their index.
   *
   * @param factor divisor of the slow frequencies
   * @param low index up to which a frequency is kept
   * @param high index from which on a frequency is divided; above {@code low}
   * @param attentionFactor factor of queries and keys, which sharpens the attention
   */
  record Yarn(double factor, double low, double high, double attentionFactor)
      implements RopeScaling {

    /**
     * With the bounds that the numbers of rotations in the first training's context give, rounded
     * outwards as the paper's authors do.
     *
     * @param betaFast rotations from which on a frequency is kept
     * @param betaSlow rotations up to which a frequency is divided
     * @param truncate whether the bounds are rounded
     */
    public static Yarn of(
        double factor,
        double betaFast,
        double betaSlow,
        boolean truncate,
        double attentionFactor,
        double theta,
        int headDimension,
        double originalPositions) {
      double low = pair(betaFast, theta, headDimension, originalPositions);
      double high = pair(betaSlow, theta, headDimension, originalPositions);
      low = Math.max(truncate ? Math.floor(low) : low, 0);
      high = Math.min(truncate ? Math.ceil(high) : high, headDimension - 1.0);
      return new Yarn(factor, low, low == high ? high + 0.001 : high, attentionFactor);
    }

    /** The attention's factor where a model does not say one. */
    public static double attentionFactorOf(double factor, double scale) {
      return factor <= 1 ? 1 : 0.1 * scale * StrictMath.log(factor) + 1;
    }

    private static double pair(
        double rotations, double theta, int headDimension, double originalPositions) {
      return headDimension
          * StrictMath.log(originalPositions / (rotations * 2 * Math.PI))
          / (2 * StrictMath.log(theta));
    }

    @Override
    public double scale(int pair, double frequency) {
      double divided = Math.clamp((pair - low) / (high - low), 0.0, 1.0);
      return frequency * (divided / factor + 1 - divided);
    }
  }
}
