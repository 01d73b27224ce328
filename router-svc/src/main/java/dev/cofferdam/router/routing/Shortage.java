package dev.cofferdam.router.routing;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Whether a pool is short of capacity: a part of the batch slots that it had within the last
 * minutes is gone, as when a zone is lost, and what is left is full. Then the lowest tier is
 * refused, so that the others keep what there is. Thread-safe.
 */
final class Shortage {
  private static final double LEFT_MAX = 0.75;
  private static final double BUSY_MIN = 0.9;
  private static final long PERIOD_MS = 300_000;

  private final Map<String, Peak> peaks = new ConcurrentHashMap<>();

  /** The most slots of this period and of the one before. */
  private record Peak(long period, int now, int before) {
    private Peak with(long at, int slots) {
      if (at == period) {
        return slots > now ? new Peak(period, slots, before) : this;
      }
      return new Peak(at, slots, at == period + 1 ? now : slots);
    }

    private int slots() {
      return Math.max(now, before);
    }
  }

  /**
   * Whether a pool is short of capacity.
   *
   * @param slots batch slots of the workers that are live
   * @param running how many of them are taken
   */
  boolean of(String pool, int slots, int running, long nowMs) {
    long period = nowMs / PERIOD_MS;
    Peak known = peaks.get(pool);
    Peak peak = (known == null ? new Peak(period, slots, slots) : known).with(period, slots);
    if (peak != known) {
      peaks.put(pool, peak);
    }
    return slots <= LEFT_MAX * peak.slots() && running >= BUSY_MIN * slots;
  }
}
