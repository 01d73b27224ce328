package dev.cofferdam.gateway.quota;

import dev.cofferdam.vocabulary.Budgets;
import dev.cofferdam.vocabulary.Burst;
import dev.cofferdam.vocabulary.TenantLimits;

/**
 * What a decision is held against.
 *
 * @param requests requests in a window
 * @param modelRequests those of them on one model
 * @param tokens tokens in a window
 * @param inFlight requests at once
 * @param burst the bucket in front of the windows, filled in a window
 * @param budgets of a day and a month
 */
public record Bounds(
    long requests, long modelRequests, long tokens, long inFlight, Burst burst, Budgets budgets) {

  /** A tenant's bounds. */
  public static Bounds of(TenantLimits limits, double modelRequestsShare) {
    return of(limits, modelRequestsShare, 1);
  }

  /** One gateway's part of a tenant's bounds, at least 1 of each. Budgets are not parted. */
  public static Bounds of(TenantLimits limits, double modelRequestsShare, int replicas) {
    long requests = Math.max(1, limits.requestsPerMinute() / replicas);
    return new Bounds(
        requests,
        Math.max(1, (long) (requests * modelRequestsShare)),
        Math.max(1, limits.tokensPerMinute() / replicas),
        Math.max(1, limits.concurrentRequests() / replicas),
        new Burst(
            Math.max(1, limits.burst().requests() / replicas),
            Math.max(1, limits.burst().requestsPerMinute() / replicas)),
        limits.budgets());
  }
}
