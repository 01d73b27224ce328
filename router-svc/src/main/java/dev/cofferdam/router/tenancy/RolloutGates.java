package dev.cofferdam.router.tenancy;

/**
 * When a rollout is rolled back.
 *
 * @param errorRateExcessMax by how much its share of failed requests may be above the current
 *     version's; looked at with the confidence that so many requests allow
 * @param ttftRatioMax how many times as long the 90th percentile of its time to the first token may
 *     be
 * @param requestsMin requests from which on a gate is looked at
 * @param windowMs what is older does not count
 */
public record RolloutGates(
    double errorRateExcessMax, double ttftRatioMax, int requestsMin, long windowMs) {
  /** Five per cent more failures, or twice the time, from 20 requests within five minutes on. */
  public static final RolloutGates DEFAULT = new RolloutGates(0.05, 2, 20, 300_000);
}
