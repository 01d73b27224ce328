package dev.cofferdam.scheduler.ledger;

import dev.cofferdam.scheduler.admission.PoolRequest;
import java.util.Map;
import java.util.Set;

/**
 * A worker that is attached.
 *
 * @param workerId its id
 * @param incarnation larger for each start of the same worker
 * @param session unique for each session, rising
 * @param endpoint host:port of its service
 * @param models models that it serves
 * @param slots batch slots
 * @param kvBlocks KV blocks in all, of a model without a pool of its own here
 * @param blockTokens tokens of a block
 * @param blockBytes bytes of a block, of a model without a pool of its own here
 * @param adapterSlots different adapters that may run at once
 * @param pools KV pools by model
 */
public record WorkerDescriptor(
    String workerId,
    long incarnation,
    long session,
    String endpoint,
    Set<String> models,
    int slots,
    int kvBlocks,
    int blockTokens,
    long blockBytes,
    int adapterSlots,
    Map<String, KvPool> pools) {

  /**
   * @throws IllegalArgumentException naming every field that does not hold
   */
  public WorkerDescriptor {
    models = Set.copyOf(models);
    pools = Map.copyOf(pools);
    StringBuilder problems = new StringBuilder();
    check(problems, "slots", slots, 1);
    check(problems, "kv_blocks", kvBlocks, 1);
    check(problems, "block_tokens", blockTokens, 1);
    check(problems, "block_bytes", blockBytes, 0);
    check(problems, "adapter_slots", adapterSlots, 0);
    if (workerId.isEmpty() || endpoint.isEmpty() || models.isEmpty()) {
      problems.append("; worker_id, endpoint or models: missing");
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(problems.substring(2));
    }
  }

  /** A worker whose models have KV pools of one size. */
  public WorkerDescriptor(
      String workerId,
      long incarnation,
      long session,
      String endpoint,
      Set<String> models,
      int slots,
      int kvBlocks,
      int blockTokens,
      long blockBytes,
      int adapterSlots) {
    this(
        workerId,
        incarnation,
        session,
        endpoint,
        models,
        slots,
        kvBlocks,
        blockTokens,
        blockBytes,
        adapterSlots,
        Map.of());
  }

  /** The KV pool of a model. */
  public KvPool pool(String model) {
    KvPool own = pools.get(model);
    return own == null ? new KvPool(kvBlocks, blockBytes) : own;
  }

  /** KV bytes that a request takes here. */
  long kvBytes(PoolRequest request) {
    return request.kvBlocks(blockTokens) * pool(request.model()).blockBytes();
  }

  private static void check(StringBuilder problems, String name, long value, long least) {
    if (value < least) {
      problems.append("; ").append(name).append(": ").append(value);
      problems.append(" (expected: at least ").append(least).append(')');
    }
  }
}
