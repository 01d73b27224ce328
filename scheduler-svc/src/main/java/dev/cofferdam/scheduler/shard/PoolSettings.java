package dev.cofferdam.scheduler.shard;

import dev.cofferdam.scheduler.admission.QueueBounds;
import dev.cofferdam.scheduler.fairness.TokenWeights;
import dev.cofferdam.scheduler.preemption.PreemptionRules;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.Map;

/**
 * How a pool is scheduled.
 *
 * @param weights what tokens cost
 * @param bounds bounds of the queues
 * @param floors shares that the less urgent classes get in any case
 * @param expectedOutputTokens forecast of output for a tenant that is not known
 * @param bypassWindow waiting tenants that are looked at when the first cannot be placed
 * @param bypassesMax how often a request is bypassed before a worker is kept for it
 * @param grantTtlMs how long a grant can be shown to its worker
 * @param unusedLeaseMs how long a lease is kept that its worker has not reported; above the grant's
 *     time, so that a late acceptance is seen
 * @param lostWindowMs how long an attempt whose worker is lost waits for the worker's return or the
 *     request's next attempt
 * @param reportIntervalMs how often positions are told
 * @param positionsMax positions that are told
 * @param tenantsRememberedMax idle tenants that are remembered
 * @param preemption when a running request gives way
 */
public record PoolSettings(
    TokenWeights weights,
    QueueBounds bounds,
    Map<WorkloadClass, Double> floors,
    double expectedOutputTokens,
    int bypassWindow,
    int bypassesMax,
    long grantTtlMs,
    long unusedLeaseMs,
    long lostWindowMs,
    long reportIntervalMs,
    int positionsMax,
    int tenantsRememberedMax,
    PreemptionRules preemption) {

  /** The defaults. */
  public static final PoolSettings DEFAULT =
      new PoolSettings(
          TokenWeights.DEFAULT,
          QueueBounds.DEFAULT,
          Map.of(WorkloadClass.STANDARD, 0.2, WorkloadClass.BATCH, 0.05),
          128,
          64,
          64,
          10_000,
          15_000,
          10_000,
          1_000,
          1_000,
          10_000,
          PreemptionRules.DEFAULT);

  public PoolSettings {
    floors = Map.copyOf(floors);
    if (unusedLeaseMs <= grantTtlMs) {
      throw new IllegalArgumentException(
          "unused lease: "
              + unusedLeaseMs
              + " ms (expected: above the grant's "
              + grantTtlMs
              + ")");
    }
  }

  /** These settings with other bounds. */
  public PoolSettings withBounds(QueueBounds other) {
    return new PoolSettings(
        weights,
        other,
        floors,
        expectedOutputTokens,
        bypassWindow,
        bypassesMax,
        grantTtlMs,
        unusedLeaseMs,
        lostWindowMs,
        reportIntervalMs,
        positionsMax,
        tenantsRememberedMax,
        preemption);
  }

  /** These settings with other rules of preemption. */
  public PoolSettings withPreemption(PreemptionRules other) {
    return new PoolSettings(
        weights,
        bounds,
        floors,
        expectedOutputTokens,
        bypassWindow,
        bypassesMax,
        grantTtlMs,
        unusedLeaseMs,
        lostWindowMs,
        reportIntervalMs,
        positionsMax,
        tenantsRememberedMax,
        other);
  }
}
