package dev.cofferdam.verification.bench;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * How well an observer tells two kinds of probes apart by their times.
 *
 * @param hits times of what may be in a cache, in the order of the probes
 * @param misses times of what is in none, in the order of the probes
 */
record TwoSamples(double[] hits, double[] misses) {

  /**
   * The probability that a hit is faster than a miss, ties by half: the area under the curve of an
   * observer with any threshold. 0.5 is a coin.
   */
  double auc() {
    double[] sorted = misses.clone();
    Arrays.sort(sorted);
    double wins = 0;
    for (double hit : hits) {
      wins += sorted.length - (below(sorted, hit, true) + below(sorted, hit, false)) / 2.0;
    }
    return wins / hits.length / misses.length;
  }

  /** How many values are smaller, or not larger. */
  private static int below(double[] sorted, double value, boolean orEqual) {
    int low = 0;
    int high = sorted.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      boolean below = orEqual ? sorted[middle] <= value : sorted[middle] < value;
      low = below ? middle + 1 : low;
      high = below ? high : middle;
    }
    return low;
  }

  /**
   * Two-sided probability of an area this far from 0.5 where both kinds are alike (Mann and Whitney
   * 1947, in the normal approximation, for few ties).
   */
  double pValue() {
    double n = hits.length;
    double m = misses.length;
    double sigma = Math.sqrt((n + m + 1) / (12 * n * m));
    return Math.min(1, 2 * (1 - normal(Math.abs(auc() - 0.5) / sigma)));
  }

  /** Standard normal distribution (Zelen and Severo 1964, 26.2.17; error below 1e-7). */
  private static double normal(double x) {
    double t = 1 / (1 + 0.2316419 * x);
    double density = Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
    return 1
        - density
            * t
            * (0.319381530
                + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  }

  /**
   * The share of probes that an observer tells right who learned its threshold on one half of the
   * probes and is tried on the other; the mean of both ways.
   */
  double telling() {
    return (tellingOf(0) + tellingOf(1)) / 2;
  }

  private double tellingOf(int learned) {
    double[] h = half(hits, learned);
    double[] m = half(misses, learned);
    double best = 0;
    double threshold = 0;
    boolean faster = true;
    for (double candidate : h) {
      double right = share(h, m, candidate);
      if (Math.max(right, 1 - right) > best) {
        best = Math.max(right, 1 - right);
        threshold = candidate;
        faster = right >= 0.5;
      }
    }
    double right = share(half(hits, 1 - learned), half(misses, 1 - learned), threshold);
    return faster ? right : 1 - right;
  }

  /** The share that is told right where what is not above the threshold counts as a hit. */
  private static double share(double[] hits, double[] misses, double threshold) {
    double hit = Arrays.stream(hits).filter(t -> t <= threshold).count();
    double miss = Arrays.stream(misses).filter(t -> t > threshold).count();
    return (hit / hits.length + miss / misses.length) / 2;
  }

  private static double[] half(double[] values, int parity) {
    return IntStream.range(0, values.length)
        .filter(i -> i % 2 == parity)
        .mapToDouble(i -> values[i])
        .toArray();
  }
}
