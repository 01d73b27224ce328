package dev.cofferdam.gateway;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Waits for what happens beside a test. */
public final class Eventually {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final long PAUSE_MS = 20;

  private Eventually() {}

  /**
   * Returns once a condition holds.
   *
   * @throws AssertionError where it does not within a minute
   */
  public static void eventually(BooleanSupplier condition) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("still not so after " + PATIENCE.toSeconds() + " s");
      }
      try {
        Thread.sleep(PAUSE_MS);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
