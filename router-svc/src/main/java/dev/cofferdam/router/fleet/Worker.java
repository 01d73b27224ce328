package dev.cofferdam.router.fleet;

import java.util.Set;

/**
 * A live worker as of its last announcement.
 *
 * @param id unique among live workers
 * @param incarnation larger for each start of the same worker
 * @param pool its pool
 * @param endpoint host:port
 * @param models models that it serves
 * @param blockTokens tokens of a KV block
 * @param zone availability zone, empty where unknown
 * @param attachedMs when this incarnation was first heard of
 * @param load its load
 */
public record Worker(
    String id,
    long incarnation,
    String pool,
    String endpoint,
    Set<String> models,
    int blockTokens,
    String zone,
    long attachedMs,
    WorkerLoad load) {

  public Worker {
    models = Set.copyOf(models);
  }

  Worker with(WorkerLoad next) {
    return new Worker(id, incarnation, pool, endpoint, models, blockTokens, zone, attachedMs, next);
  }
}
