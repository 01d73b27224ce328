package dev.cofferdam.gateway.quota;

/**
 * A circuit breaker over one tenant's failures of one kind (M. Nygard, Release It!). Closed, it
 * counts failures in a row. Open, it lets nothing through for a while. Then, half-open, it lets one
 * request through: its failure opens it again for twice as long, its success closes it. One writer.
 */
final class Breaker {
  private final int threshold;
  private final BreakerSettings settings;
  private int row;
  private long lastFailureMs;
  private long pauseMs;

  /** Until when nothing passes, 0 while it is closed; while probing, when the next one may. */
  private long openUntilMs;

  private boolean probing;

  Breaker(int threshold, BreakerSettings settings) {
    this.threshold = threshold;
    this.settings = settings;
  }

  /** Milliseconds for which nothing passes. */
  long waitMs(long nowMs) {
    return Math.max(0, openUntilMs - nowMs);
  }

  /** A request passes. */
  void enter(long nowMs) {
    if (openUntilMs != 0) {
      probing = true;
      openUntilMs = nowMs + pauseMs; // a probe that never ends is followed by another
    }
  }

  /** A request went well. */
  void succeeded() {
    row = 0;
    openUntilMs = 0;
    probing = false;
  }

  /**
   * A request failed.
   *
   * @param waitMs after how long the next one may go well; 0 where nobody knows
   * @return whether it opened
   */
  boolean failed(long nowMs, long waitMs) {
    row = nowMs - lastFailureMs > settings.windowMs() ? 1 : row + 1;
    lastFailureMs = nowMs;
    boolean open = openUntilMs != 0;
    if (open != probing || (!open && row < threshold)) {
      return false; // closed still; or it was under way when it opened
    }
    pauseMs = open ? Math.min(settings.pauseMsMax(), 2 * pauseMs) : settings.pauseMsFirst();
    openUntilMs = nowMs + (waitMs > 0 ? Math.min(waitMs, pauseMs) : pauseMs);
    probing = false;
    return true;
  }

  boolean idle(long nowMs) {
    return openUntilMs <= nowMs && nowMs - lastFailureMs > settings.windowMs();
  }
}
