package dev.cofferdam.scheduler.fairness;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Expected output tokens of a tenant's next request: the exponentially weighted mean of its last
 * ones. A forecast only decides how much is charged ahead of service; what it gets wrong is
 * reconciled as tokens are served.
 *
 * <p>Not thread-safe.
 */
public final class OutputForecast {
  private static final double NEWEST_SHARE = 0.1;

  private final double initialTokens;
  private final Map<String, Double> means;

  /**
   * @param initialTokens forecast for a tenant that is not known
   * @param tenantsMax bound of the tenants that are remembered; the least recently used goes
   */
  public OutputForecast(double initialTokens, int tenantsMax) {
    this.initialTokens = initialTokens;
    this.means =
        new LinkedHashMap<>(16, 0.75f, true) {
          private static final long serialVersionUID = 1L;

          @Override
          protected boolean removeEldestEntry(Map.Entry<String, Double> eldest) {
            return size() > tenantsMax;
          }
        };
  }

  /** Expected output tokens, at most {@code tokensMax}. */
  public double expected(String tenant, int tokensMax) {
    return Math.min(tokensMax, means.getOrDefault(tenant, initialTokens));
  }

  /** Learns what a request had. */
  public void observe(String tenant, long outputTokens) {
    means.merge(
        tenant, (double) outputTokens, (mean, newest) -> mean + NEWEST_SHARE * (newest - mean));
  }
}
