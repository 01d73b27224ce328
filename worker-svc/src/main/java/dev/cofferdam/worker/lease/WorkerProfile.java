package dev.cofferdam.worker.lease;

import java.util.List;

/**
 * What a worker says of itself.
 *
 * @param workerId unique among live workers
 * @param incarnation larger for each start of the same worker
 * @param pool its pool
 * @param endpoint host:port of its WorkerService
 * @param models the models that it serves, at least one
 * @param zone availability zone, empty where unknown
 * @param tenant the only tenant that it serves, empty for any
 * @param slots batch slots
 * @param blockTokens tokens of a KV block
 * @param adapterSlots different adapters that may run at once
 */
public record WorkerProfile(
    String workerId,
    long incarnation,
    String pool,
    String endpoint,
    List<Model> models,
    String zone,
    String tenant,
    int slots,
    int blockTokens,
    int adapterSlots) {

  /**
   * A model that it serves.
   *
   * @param id model id
   * @param kvBlocks KV blocks in its pool
   * @param blockBytes bytes of one of them
   */
  public record Model(String id, int kvBlocks, long blockBytes) {}

  public WorkerProfile {
    models = List.copyOf(models);
  }
}
