package dev.cofferdam.gateway.quota;

/**
 * How a gateway takes slices of tenants' limits.
 *
 * @param parts no slice is more than this part of a limit: 8 for an eighth
 * @param requestsFirst requests of a tenant's first slice
 * @param requestsMax the most requests of a slice; bounds what Redis does in one script
 * @param sliceMs how long requests take from a slice
 * @param idleMs a slice that nobody takes from for so long is given back
 * @param askAgainMs pause after the store had nothing to give
 */
public record LeaseSettings(
    int parts, long requestsFirst, long requestsMax, long sliceMs, long idleMs, long askAgainMs) {
  /** An eighth at most, 16 to 512 requests, for 2 s, given back after 0.5 s without use. */
  public static final LeaseSettings DEFAULTS = new LeaseSettings(8, 16, 512, 2_000, 500, 100);

  /**
   * @throws IllegalArgumentException where a value is not positive
   */
  public LeaseSettings {
    if (parts < 1
        || requestsFirst < 1
        || requestsMax < requestsFirst
        || sliceMs < 1
        || idleMs < 1
        || askAgainMs < 1) {
      throw new IllegalArgumentException(
          "leases: "
              + parts
              + " parts, "
              + requestsFirst
              + " to "
              + requestsMax
              + " requests, "
              + sliceMs
              + ", "
              + idleMs
              + ", "
              + askAgainMs
              + " ms (expected: > 0, ascending)");
    }
  }
}
