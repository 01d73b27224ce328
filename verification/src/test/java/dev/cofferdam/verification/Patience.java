package dev.cofferdam.verification;

import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/** Waits for what other processes do, with a bound that only a broken mesh reaches. */
public final class Patience {
  private static final Duration WAIT_MAX = Duration.ofSeconds(90);

  private Patience() {}

  /** The first value that appears. */
  public static <T> T await(String what, Supplier<Optional<T>> probe) {
    long end = System.nanoTime() + WAIT_MAX.toNanos();
    RuntimeException last = null;
    while (System.nanoTime() < end) {
      try {
        Optional<T> value = probe.get();
        if (value.isPresent()) {
          return value.get();
        }
      } catch (RuntimeException e) {
        last = e;
      }
      try {
        Thread.sleep(100);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
    }
    throw new AssertionError("not within " + WAIT_MAX.toSeconds() + " s: " + what, last);
  }

  /** Until a condition holds. */
  public static void until(String what, Supplier<Boolean> condition) {
    await(what, () -> condition.get() ? Optional.of(true) : Optional.empty());
  }
}
