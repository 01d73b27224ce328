package dev.cofferdam.gateway.connection;

import java.util.concurrent.TimeUnit;

/**
 * Whether a peer is still there: after some silence it is asked, and who does not answer is gone.
 * Not safe for use by several threads.
 */
public final class Keepalive {
  /** Time in which a peer that is there answers. */
  public static final long ANSWER_NS = TimeUnit.SECONDS.toNanos(10);

  private boolean asked;
  private long askedNs;

  /** What to do. */
  public sealed interface Step {
    /** Look again. */
    record Wait(long ns) implements Step {}

    /** Ask, and look again. */
    record Ask(long ns) implements Step {}

    /** End the connection. */
    record Gone() implements Step {}
  }

  /**
   * Looks at a connection.
   *
   * @param nowNs monotonic time
   * @param heardNs when the peer was last heard of
   * @param silenceNs time after which it is asked
   */
  public Step step(long nowNs, long heardNs, long silenceNs) {
    if (asked && heardNs - askedNs < 0) {
      long leftNs = askedNs + ANSWER_NS - nowNs;
      return leftNs > 0 ? new Step.Wait(leftNs) : new Step.Gone();
    }
    asked = false;
    long leftNs = heardNs + silenceNs - nowNs;
    if (leftNs > 0) {
      return new Step.Wait(leftNs);
    }
    asked = true;
    askedNs = nowNs;
    return new Step.Ask(ANSWER_NS);
  }
}
