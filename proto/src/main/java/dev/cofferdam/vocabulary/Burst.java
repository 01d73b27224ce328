package dev.cofferdam.vocabulary;

/**
 * A token bucket in front of a tenant's windows: how evenly requests must come.
 *
 * @param requests requests that may come at once, the bucket's size
 * @param requestsPerMinute requests by which it fills again in 60 s
 */
public record Burst(int requests, int requestsPerMinute) {
  /**
   * @throws IllegalArgumentException where a value is not positive
   */
  public Burst {
    if (requests <= 0 || requestsPerMinute <= 0) {
      throw new IllegalArgumentException(
          "burst: " + requests + ", filled by " + requestsPerMinute + " (expected: > 0)");
    }
  }

  /** A bucket that refuses nothing that a window of this many requests lets through. */
  public static Burst ofWindow(int requestsPerMinute) {
    return new Burst(requestsPerMinute, requestsPerMinute);
  }
}
