package dev.cofferdam.router.fleet;

import java.util.Map;
import java.util.Set;

/**
 * How loaded a worker is.
 *
 * @param known whether it has said so yet; a scorer without data stays neutral
 * @param running sequences in the batch
 * @param slots batch slots in all
 * @param kvBlocksFree KV blocks that no sequence holds
 * @param kvBlocks KV blocks in all
 * @param adaptersResident names of the adapters in memory, as "model/adapter version"
 * @param draining takes no new requests
 * @param models of each model that it serves, by id
 */
public record WorkerLoad(
    boolean known,
    int running,
    int slots,
    int kvBlocksFree,
    int kvBlocks,
    Set<String> adaptersResident,
    boolean draining,
    Map<String, ModelLoad> models) {

  /**
   * How loaded a model is.
   *
   * @param inMemory whether it is in memory; if not, the first request waits until it is loaded
   * @param kvBlocksFree KV blocks of its own that no sequence holds
   * @param kvBlocks KV blocks of its own
   */
  public record ModelLoad(boolean inMemory, int kvBlocksFree, int kvBlocks) {}

  /** Of a worker that has not said yet. */
  public static final WorkerLoad UNKNOWN =
      new WorkerLoad(false, 0, 0, 0, 0, Set.of(), false, Map.of());

  public WorkerLoad {
    adaptersResident = Set.copyOf(adaptersResident);
    models = Map.copyOf(models);
  }
}
