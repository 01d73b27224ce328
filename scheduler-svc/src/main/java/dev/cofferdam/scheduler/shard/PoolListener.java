package dev.cofferdam.scheduler.shard;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.List;
import java.util.Map;

/** Hears what pools do; for metrics. Called on the pools' threads; must not block. */
public interface PoolListener {
  /** A request was granted. */
  void granted(String pool, WorkloadClass workloadClass, String tier, long queueWaitMs);

  /** A request was refused. */
  void refused(String pool, ErrorCode code, boolean wasAdmitted);

  /**
   * A running request was preempted.
   *
   * @param workloadClass its class
   * @param causedBy the tenant of the request that took its place
   */
  void preempted(String pool, WorkloadClass workloadClass, TenantId causedBy);

  /** The usage of an attempt was stated whose worker was lost. */
  void attemptLost(String pool);

  /** How a pool stands; several times a second. */
  void stats(String pool, PoolStats stats);

  /**
   * What each tenant has in a pool; once a second.
   *
   * @param serviceTimes by class: what each tenant that waits was served so far, in weighted tokens
   *     over its weight
   */
  default void tenants(
      String pool, List<TenantLoad> loads, Map<WorkloadClass, Map<String, Double>> serviceTimes) {}
}
