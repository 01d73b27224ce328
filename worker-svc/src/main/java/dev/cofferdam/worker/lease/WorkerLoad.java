package dev.cofferdam.worker.lease;

import java.util.List;

/**
 * How loaded a worker is.
 *
 * @param running sequences in the batch
 * @param models of each model that may be served
 * @param adapters "model/version" of the adapters in memory
 * @param draining it takes no new requests
 */
public record WorkerLoad(
    int running, List<ModelLoad> models, List<String> adapters, boolean draining) {

  /**
   * How loaded a model's KV pool is.
   *
   * @param model model id
   * @param inMemory whether it is in memory
   * @param kvBlocksFree blocks that no sequence holds, cached ones included
   * @param kvBlocks blocks in all
   */
  public record ModelLoad(String model, boolean inMemory, int kvBlocksFree, int kvBlocks) {}

  public WorkerLoad {
    models = List.copyOf(models);
    adapters = List.copyOf(adapters);
  }
}
