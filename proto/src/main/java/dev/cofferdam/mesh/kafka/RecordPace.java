package dev.cofferdam.mesh.kafka;

/**
 * Bounds what somebody who repeats an attempt can have recorded: so many a second, and the next one
 * says how many were left out. Thread-safe.
 */
public final class RecordPace {
  private final int perSecondMax;
  private long second;
  private int inSecond;
  private long leftOut;

  /**
   * @param perSecondMax records in a second
   */
  public RecordPace(int perSecondMax) {
    this.perSecondMax = perSecondMax;
  }

  /**
   * Asks for a record now.
   *
   * @return how many were left out before this one; negative where this one is left out too
   */
  public synchronized long admit(long nowMs) {
    long now = nowMs / 1_000;
    if (now != second) {
      second = now;
      inSecond = 0;
    }
    if (inSecond == perSecondMax) {
      leftOut++;
      return -1;
    }
    inSecond++;
    long before = leftOut;
    leftOut = 0;
    return before;
  }

  /** A record's text, and how many were left out before it. */
  public static String told(String detail, long leftOut) {
    return leftOut == 0 ? detail : detail + "; " + leftOut + " more were left out";
  }
}
