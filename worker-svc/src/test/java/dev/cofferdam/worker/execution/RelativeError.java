package dev.cofferdam.worker.execution;

/** How far figures are from what they should be: root of the squares, over the size of these. */
public final class RelativeError {
  private double error;
  private double size;

  /** One more figure. */
  public void add(double actual, double expected) {
    error += Math.pow(actual - expected, 2);
    size += Math.pow(expected, 2);
  }

  /** Of all figures so far. */
  public double value() {
    return Math.sqrt(error / size);
  }
}
