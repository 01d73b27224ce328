package dev.cofferdam.load.drive;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Time that passes. */
public interface Clock {
  /** Nanoseconds since any fixed moment. */
  long nanos();

  /** Returns at a moment, or before it where the thread is interrupted or woken. */
  void sleepUntil(long nanos);

  /** The machine's. */
  Clock SYSTEM =
      new Clock() {
        @Override
        public long nanos() {
          return System.nanoTime();
        }

        @Override
        public void sleepUntil(long nanos) {
          // Looked at often enough that the end of a run is seen soon.
          long left = Math.min(nanos - System.nanoTime(), TimeUnit.MILLISECONDS.toNanos(100));
          if (left > 0) {
            LockSupport.parkNanos(left);
          }
        }
      };
}
