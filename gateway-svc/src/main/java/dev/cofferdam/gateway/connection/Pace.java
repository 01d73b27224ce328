package dev.cofferdam.gateway.connection;

import java.util.concurrent.TimeUnit;

/**
 * The speed of all streams of one tenant together, as a virtual schedule (ITU-T I.371, GCRA): what
 * is sent takes its time on it, and a stream may send again when its own share has passed. Streams
 * that all have something to send so take turns, whatever connections they are on, and run over the
 * limit by what each sends at once, at most.
 */
public final class Pace {
  /** Time that may be made up for after silence. */
  static final long BURST_NS = TimeUnit.MILLISECONDS.toNanos(100);

  private static final double BITS_NS = 8e9;

  private volatile long bitsPerSecond;
  private long paidNs;
  private boolean used;

  /** Sets the speed; 0: unlimited. */
  void limit(long bits) {
    if (bits != bitsPerSecond) {
      bitsPerSecond = bits;
    }
  }

  /**
   * Something was sent.
   *
   * @param nowNs monotonic time
   * @return nanoseconds for which its stream is to send nothing more; 0: none
   */
  public long sent(long bytes, long nowNs) {
    long bits = bitsPerSecond;
    return bits == 0 ? 0 : sent(bytes * BITS_NS / bits, nowNs);
  }

  private synchronized long sent(double tookNs, long nowNs) {
    long earliest = nowNs - BURST_NS;
    if (!used || paidNs - earliest < 0) {
      used = true;
      paidNs = earliest;
    }
    paidNs += (long) Math.ceil(tookNs);
    return Math.max(0, paidNs - nowNs);
  }
}
