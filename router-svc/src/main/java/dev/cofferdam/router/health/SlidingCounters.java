package dev.cofferdam.router.health;

/**
 * Counters over the last so many milliseconds, forgotten in slices of a tenth of that. Not
 * thread-safe; time comes in as a parameter and does not go back.
 */
public final class SlidingCounters {
  private static final int SLICES = 10;

  private final long sliceMs;
  private final int[][] slices;
  private final int[] sums;
  private long slice;

  /**
   * @param counters how many
   * @param windowMs what is older does not count
   */
  public SlidingCounters(int counters, long windowMs) {
    this.sliceMs = Math.max(1, windowMs / SLICES);
    this.slices = new int[SLICES][counters];
    this.sums = new int[counters];
  }

  /** Adds one to a counter. */
  public void add(int counter, long nowMs) {
    advance(nowMs);
    slices[(int) (slice % SLICES)][counter]++;
    sums[counter]++;
  }

  /** A counter's value. */
  public int sum(int counter, long nowMs) {
    advance(nowMs);
    return sums[counter];
  }

  private void advance(long nowMs) {
    long now = nowMs / sliceMs;
    for (long steps = Math.min(SLICES, now - slice); steps > 0; steps--) {
      int[] oldest = slices[(int) ((now - steps + 1) % SLICES)];
      for (int i = 0; i < sums.length; i++) {
        sums[i] -= oldest[i];
        oldest[i] = 0;
      }
    }
    slice = Math.max(slice, now);
  }
}
