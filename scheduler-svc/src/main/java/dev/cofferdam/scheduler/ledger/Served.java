package dev.cofferdam.scheduler.ledger;

/**
 * What an attempt was served so far.
 *
 * @param prefillTokens input tokens that were computed
 * @param cachedTokens input tokens that came from the prefix cache
 * @param outputTokens output tokens
 * @param computeUs compute time as the share of each step, microseconds
 * @param kvBlockMs KV blocks held, times milliseconds
 */
public record Served(
    long prefillTokens, long cachedTokens, long outputTokens, long computeUs, long kvBlockMs) {
  /** Nothing. */
  public static final Served NOTHING = new Served(0, 0, 0, 0, 0);

  /** The later of two reports: what is cumulated never shrinks. */
  public Served max(Served other) {
    return new Served(
        Math.max(prefillTokens, other.prefillTokens),
        Math.max(cachedTokens, other.cachedTokens),
        Math.max(outputTokens, other.outputTokens),
        Math.max(computeUs, other.computeUs),
        Math.max(kvBlockMs, other.kvBlockMs));
  }
}
