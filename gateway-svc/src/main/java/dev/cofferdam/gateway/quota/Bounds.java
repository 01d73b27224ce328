package dev.cofferdam.gateway.quota;

import dev.cofferdam.vocabulary.TenantLimits;

/**
 * What a decision is held against.
 *
 * @param requests requests in a window
 * @param modelRequests those of them on one model
 * @param tokens tokens in a window
 * @param inFlight requests at once
 */
public record Bounds(long requests, long modelRequests, long tokens, long inFlight) {

  /** A tenant's bounds. */
  public static Bounds of(TenantLimits limits, double modelRequestsShare) {
    return of(limits, modelRequestsShare, 1);
  }

  /** One gateway's part of a tenant's bounds, at least 1 of each. */
  public static Bounds of(TenantLimits limits, double modelRequestsShare, int replicas) {
    long requests = Math.max(1, limits.requestsPerMinute() / replicas);
    return new Bounds(
        requests,
        Math.max(1, (long) (requests * modelRequestsShare)),
        Math.max(1, limits.tokensPerMinute() / replicas),
        Math.max(1, limits.concurrentRequests() / replicas));
  }
}
