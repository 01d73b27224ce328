package dev.cofferdam.router.fleet;

import java.util.Set;

/**
 * A live worker as of its last announcement.
 *
 * @param id unique among live workers
 * @param number small and unique in the fleet, its place in arrays; given by the fleet
 * @param incarnation larger for each start of the same worker
 * @param pool its pool
 * @param endpoint host:port
 * @param models models that it serves
 * @param blockTokens tokens of a KV block
 * @param zone availability zone, empty where unknown
 * @param tenant the only tenant that its process serves, empty for any
 * @param attachedMs when this incarnation was first heard of
 * @param load its load
 */
public record Worker(
    String id,
    int number,
    long incarnation,
    String pool,
    String endpoint,
    Set<String> models,
    int blockTokens,
    String zone,
    String tenant,
    long attachedMs,
    WorkerLoad load) {

  public Worker {
    models = Set.copyOf(models);
  }

  Worker with(WorkerLoad next) {
    return new Worker(
        id,
        number,
        incarnation,
        pool,
        endpoint,
        models,
        blockTokens,
        zone,
        tenant,
        attachedMs,
        next);
  }

  Worker numbered(int next) {
    return new Worker(
        id, next, incarnation, pool, endpoint, models, blockTokens, zone, tenant, attachedMs, load);
  }
}
