package dev.cofferdam.worker.execution;

import java.util.Optional;

/**
 * The sum of a sequence's final normalised hidden states, position after position from the first
 * one on, each exactly once: a position that is computed again, after a preemption, changes
 * nothing. The order of the additions is fixed, so that the sum does not depend on how the
 * positions were cut into steps.
 *
 * <p>Not thread-safe.
 */
public final class HiddenSum {
  private final double[] sum;
  private int positions;

  /**
   * @param hidden dimensions of a hidden state
   */
  public HiddenSum(int hidden) {
    sum = new double[hidden];
  }

  /** Positions that are in the sum; the next one to be added. */
  public int positions() {
    return positions;
  }

  /** Adds the state of the next position, which begins at {@code at}. */
  public void add(float[] states, int at) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += states[at + i];
    }
    positions++;
  }

  /** Adds the state of the next position. */
  public void add(double[] state) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += state[i];
    }
    positions++;
  }

  /**
   * The mean of the states, scaled to length 1; empty where there is none, because a state is not
   * finite or the mean is zero.
   */
  public Optional<float[]> unitMean() {
    double squares = 0;
    for (double element : sum) {
      squares += element * element;
    }
    double length = Math.sqrt(squares);
    if (!(length > 0 && length < Double.POSITIVE_INFINITY)) {
      return Optional.empty();
    }
    float[] unit = new float[sum.length];
    for (int i = 0; i < unit.length; i++) {
      unit[i] = (float) (sum[i] / length);
    }
    return Optional.of(unit);
  }
}
