package dev.cofferdam.scheduler.shard;

import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.function.LongPredicate;

/** When to look at which waiting request again. What has gone meanwhile is dropped lazily. */
final class Timers {
  private static final int SWEEP_MIN = 4_096;

  private final PriorityQueue<Timer> timers =
      new PriorityQueue<>(Comparator.comparingLong(Timer::atMs).thenComparingLong(Timer::ticket));
  private int sweepAt = SWEEP_MIN;

  private record Timer(long atMs, long ticket) {}

  /**
   * Sets a timer.
   *
   * @param alive whether a ticket still waits; tickets that do not lose their timers now and then
   */
  void set(long atMs, long ticket, LongPredicate alive) {
    timers.add(new Timer(atMs, ticket));
    if (timers.size() >= sweepAt) {
      timers.removeIf(timer -> !alive.test(timer.ticket));
      sweepAt = Math.max(SWEEP_MIN, 2 * timers.size());
    }
  }

  /** The next ticket whose time has come, or -1. */
  long due(long nowMs) {
    Timer first = timers.peek();
    if (first == null || first.atMs > nowMs) {
      return -1;
    }
    timers.poll();
    return first.ticket;
  }
}
