package dev.cofferdam.metering.cost;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * Where hours of nodes that are paid for are kept. An hour that is known is never changed. What was
 * not looked at for a while is taken to have been as it is now, for at most {@link #MISSED_MAX}.
 */
public interface HourBook {
  /** How far back hours are filled in. */
  Duration MISSED_MAX = Duration.ofHours(72);

  /**
   * Nodes of a pool.
   *
   * @param pool the pool
   * @param nodes how many are paid for
   * @param currency ISO 4217
   * @param microsPerHour of one node, in millionths
   */
  record Nodes(String pool, int nodes, String currency, long microsPerHour) {}

  /**
   * Keeps the hours up to the one of a moment.
   *
   * @throws dev.cofferdam.mesh.store.StoreUnavailableException where the store is away
   */
  void keep(List<Nodes> nodes, Instant now);
}
