package dev.cofferdam.verification.simulation;

import java.util.Comparator;
import java.util.PriorityQueue;

/** What is to happen, by time; what is due at the same time goes in the order of asking. */
public final class VirtualTime {
  private final PriorityQueue<Due> due =
      new PriorityQueue<>(Comparator.comparingLong(Due::atUs).thenComparingLong(Due::number));
  private long nowUs;
  private long numbers;

  private record Due(long atUs, long number, Runnable task) {}

  /** Microseconds since the start. */
  public long nowUs() {
    return nowUs;
  }

  /** Runs a task after a while, never before what was asked for earlier at the same time. */
  public void after(long us, Runnable task) {
    at(nowUs + Math.max(0, us), task);
  }

  public void at(long us, Runnable task) {
    due.add(new Due(Math.max(nowUs, us), numbers++, task));
  }

  /** Goes on to the next task and runs it; false where there is none before the given time. */
  public boolean step(long untilUs) {
    Due next = due.peek();
    if (next == null || next.atUs > untilUs) {
      nowUs = Math.max(nowUs, untilUs);
      return false;
    }
    due.poll();
    nowUs = next.atUs;
    next.task.run();
    return true;
  }
}
