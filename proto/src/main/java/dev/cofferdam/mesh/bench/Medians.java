package dev.cofferdam.mesh.bench;

import java.util.Arrays;

/** Medians of what a benchmark measures. */
public final class Medians {
  private Medians() {}

  /** The median; of an even number, the upper one of the two in the middle. */
  public static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  /** Median of the milliseconds that some work takes. */
  public static double medianMs(int times, Runnable work) {
    double[] took = new double[times];
    for (int i = 0; i < times; i++) {
      long start = System.nanoTime();
      work.run();
      took[i] = (System.nanoTime() - start) / 1e6;
    }
    return median(took);
  }
}
