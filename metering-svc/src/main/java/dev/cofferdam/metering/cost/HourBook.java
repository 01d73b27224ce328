package dev.cofferdam.metering.cost;

import dev.cofferdam.vocabulary.TenantId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * Where hours are kept: of nodes that are paid for, and of what tenants keep. An hour that is known
 * is never changed. What was not looked at for a while is taken to have been as it is now, for at
 * most {@link #MISSED_MAX}.
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
   * An adapter that is kept.
   *
   * @param tenant whose
   * @param model its base model
   * @param name its name
   * @param since when it came
   */
  record Adapter(TenantId tenant, String model, String name, Instant since) {}

  /**
   * Keeps the hours up to the one of a moment.
   *
   * @throws dev.cofferdam.mesh.store.StoreUnavailableException where the store is away
   */
  void keep(List<Nodes> nodes, List<Adapter> adapters, Instant now);
}
