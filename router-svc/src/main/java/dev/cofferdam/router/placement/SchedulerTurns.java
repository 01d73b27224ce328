package dev.cofferdam.router.placement;

import java.util.OptionalInt;

/**
 * Which of a pool's schedulers, of which one leads, requests are sent to: the one that answered
 * last, until it fails. Then single requests find out, one every few milliseconds, each at the next
 * scheduler, while all others wait: however many they are, they do not take the processors from a
 * scheduler that is about to take over. Thread-safe.
 */
public final class SchedulerTurns {
  private static final long PROBE_MS = 40;
  private static final long NEVER = Long.MIN_VALUE;

  private volatile State state = new State(0, true, NEVER);

  /**
   * What is known.
   *
   * @param turn whose turn it is
   * @param leads whether that one is believed to lead
   * @param askedMs when it was tried, where it is not known to lead
   */
  private record State(int turn, boolean leads, long askedMs) {}

  /**
   * Whose turn it is; empty: whoever asks shall ask again soon.
   *
   * @param nowMs milliseconds since any fixed moment
   */
  public OptionalInt ask(long nowMs) {
    State now = state;
    return now.leads ? OptionalInt.of(now.turn) : probe(nowMs);
  }

  private synchronized OptionalInt probe(long nowMs) {
    State now = state;
    if (now.leads) {
      return OptionalInt.of(now.turn);
    }
    boolean triedLately =
        now.askedMs != NEVER && nowMs >= now.askedMs && nowMs - now.askedMs < PROBE_MS;
    if (triedLately) {
      return OptionalInt.empty();
    }
    state = new State(now.turn + 1, false, nowMs);
    return OptionalInt.of(now.turn + 1);
  }

  /** The scheduler of that turn leads. */
  public void answered(int turn) {
    if (!state.leads) {
      found(turn);
    }
  }

  private synchronized void found(int turn) {
    if (!state.leads) {
      state = new State(turn, true, NEVER);
    }
  }

  /** The scheduler of that turn does not lead, or cannot be reached. */
  public synchronized void failed(int turn) {
    if (state.leads && state.turn == turn) {
      state = new State(turn, false, NEVER);
    }
  }
}
