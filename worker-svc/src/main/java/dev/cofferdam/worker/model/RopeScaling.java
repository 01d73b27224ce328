package dev.cofferdam.worker.model;

/** How a model stretches its rotary frequencies beyond the context that it was first trained on. */
public sealed interface RopeScaling {

  /** The scaled frequency for an unscaled one, both in radians per position. */
  double scale(double frequency);

  /** No stretching. */
  record None() implements RopeScaling {
    @Override
    public double scale(double frequency) {
      return frequency;
    }
  }

  /** Position interpolation: all frequencies divided by one factor (Chen et al., 2023). */
  record Linear(double factor) implements RopeScaling {
    @Override
    public double scale(double frequency) {
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
    public double scale(double frequency) {
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
}
