package dev.cofferdam.router.health;

/**
 * Why a worker gets no requests for a while.
 *
 * @param cause what it does
 * @param detail figures, for people; may be empty
 * @param untilMs when it is tried again, milliseconds since the epoch
 */
public record Ejection(Cause cause, String detail, long untilMs) {
  /** What an ejected worker does. */
  public enum Cause {
    /** Most requests failed there. */
    FAILS,
    /** Tokens take much longer there than on its peers. */
    SLOW
  }
}
