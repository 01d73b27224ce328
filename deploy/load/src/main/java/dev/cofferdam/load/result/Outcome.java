package dev.cofferdam.load.result;

import dev.cofferdam.load.scenario.Planned;

/**
 * What became of a request. Times are microseconds from the begin of the run; latencies count from
 * when the request was meant to start, so that a client or a mesh that falls behind cannot hide it
 * (no coordinated omission).
 *
 * @param planned the request
 * @param sentUs when it was sent
 * @param firstUs when its first output came; -1 where none did
 * @param endUs when it was over
 * @param code empty where it was served, else why not: the mesh's code, or one of this client's
 * @param promptTokens input tokens of a served request
 * @param cachedTokens those of them that were read from the prefix cache
 * @param outputTokens output tokens of a served request
 */
public record Outcome(
    Planned planned,
    long sentUs,
    long firstUs,
    long endUs,
    String code,
    int promptTokens,
    int cachedTokens,
    int outputTokens) {
  /** Code of a request that this client did not send, as it had too many in flight. */
  public static final String CLIENT_OVERRUN = "client_overrun";

  /** Code of a request that was still unanswered when the run was over. */
  public static final String CUT_OFF = "cut_off";

  /** Whether all of its answer came. */
  public boolean served() {
    return code.isEmpty();
  }

  /** Time to the first output, in microseconds. */
  public long ttftUs() {
    return firstUs - planned.atUs();
  }

  /** Time of the whole request, in microseconds. */
  public long latencyUs() {
    return endUs - planned.atUs();
  }

  /** Whether it has a time per output token: those of an answer of one token are none. */
  public boolean hasTokenTime() {
    return served() && outputTokens > 1;
  }

  /** Mean time of an output token after the first, in microseconds. */
  public long tokenTimeUs() {
    return (endUs - firstUs) / (outputTokens - 1);
  }
}
