package dev.cofferdam.worker.lease;

import java.util.random.RandomGenerator;

/**
 * Which of several schedulers, of which one leads, a worker tries, and when. It goes on to the next
 * one at once, and pauses only when all of them turned it away: pauses double up to a quarter of a
 * second, with jitter, so that a scheduler that takes over has its workers soon after.
 */
public final class SchedulerTurns {
  private static final long FIRST_MS = 50;
  private static final long MAX_MS = 250;

  private final int schedulers;
  private int next;
  private int tries;
  private long pauseMs = FIRST_MS;

  /**
   * @param schedulers how many there are, at least 1
   */
  public SchedulerTurns(int schedulers) {
    this.schedulers = schedulers;
  }

  /** The scheduler that is tried now. */
  public int next() {
    tries++;
    int now = next;
    next = (next + 1) % schedulers;
    return now;
  }

  /**
   * The one that was tried does not lead, or the session with the leader ended.
   *
   * @return milliseconds until the next try
   */
  public long failed(RandomGenerator random) {
    if (tries % schedulers != 0) {
      return 0;
    }
    long pause = pauseMs;
    pauseMs = Math.min(MAX_MS, 2 * pause);
    return pause / 2 + random.nextLong(pause / 2 + 1);
  }

  /** The one that was tried leads. */
  public void answered() {
    tries = 0;
    pauseMs = FIRST_MS;
  }
}
