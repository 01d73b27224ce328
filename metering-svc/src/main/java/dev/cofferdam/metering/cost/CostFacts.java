package dev.cofferdam.metering.cost;

import dev.cofferdam.mesh.store.View;
import dev.cofferdam.metering.invoice.Days;
import dev.cofferdam.vocabulary.TenantId;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * What costs are made of. All methods throw {@link
 * dev.cofferdam.mesh.store.StoreUnavailableException} where the store is away.
 */
public interface CostFacts {
  /**
   * Work in an hour.
   *
   * @param tenant whose
   * @param shadow whether it is a copy that nobody asked for
   * @param pool where
   * @param hour the hour's beginning
   * @param work how it went
   */
  record WorkHour(TenantId tenant, boolean shadow, String pool, Instant hour, Work work) {}

  /**
   * Nodes in an hour.
   *
   * @param pool the pool
   * @param hour the hour's beginning
   * @param nodes how many were paid for
   * @param currency ISO 4217
   * @param microsPerHour of one node
   */
  record NodeHour(String pool, Instant hour, int nodes, String currency, long microsPerHour) {}

  /**
   * What a tenant keeps.
   *
   * @param adapterHours hours of adapters
   * @param storedByteHours bytes for hours
   */
  record Kept(long adapterHours, long storedByteHours) {
    /** Nothing. */
    public static final Kept NOTHING = new Kept(0, 0);
  }

  /** Work of a view, hour by hour. */
  List<WorkHour> work(View view, Days days);

  /** For whom tenants' attempts gave way, and how often, the most frequent first; for operators. */
  Map<TenantId, List<Reason.Cause>> preempted(Days days);

  /** What tenants keep. */
  Map<TenantId, Kept> kept(View view, Days days);

  /** Nodes that were paid for, hour by hour. */
  List<NodeHour> nodes(Days days);
}
