package dev.cofferdam.router.health;

/**
 * Latencies of the last so many milliseconds, in buckets that each end a fifth above the one
 * before, from 1 ms to some 80 s. Not thread-safe.
 */
public final class Latencies {
  private static final double STEP = 1.2;
  private static final int BUCKETS = 64;

  private final SlidingCounters counters;

  /**
   * @param windowMs what is older does not count
   */
  public Latencies(long windowMs) {
    counters = new SlidingCounters(BUCKETS + 1, windowMs);
  }

  /** Takes in a latency. */
  public void add(long ms, long nowMs) {
    int bucket = ms <= 1 ? 0 : (int) Math.ceil(Math.log(ms) / Math.log(STEP));
    counters.add(Math.min(BUCKETS - 1, bucket), nowMs);
    counters.add(BUCKETS, nowMs);
  }

  /** How many there are. */
  public int count(long nowMs) {
    return counters.sum(BUCKETS, nowMs);
  }

  /**
   * The upper end of the bucket that holds a quantile; 0 where there is no latency.
   *
   * @param share in (0, 1]
   */
  public double quantileMs(double share, long nowMs) {
    long rank = (long) Math.ceil(share * count(nowMs));
    long below = 0;
    for (int bucket = 0; bucket < BUCKETS && rank > 0; bucket++) {
      below += counters.sum(bucket, nowMs);
      if (below >= rank) {
        return Math.pow(STEP, bucket);
      }
    }
    return 0;
  }
}
