package dev.cofferdam.scheduler.ledger;

import java.util.HashMap;
import java.util.Map;

/**
 * KV bytes that tenants of a pool of workers are sure of, on each worker and in the KV pool of each
 * model. Where they are more than a KV pool holds, each gets the same share of its own.
 *
 * @param bytes by tenant, above 0
 */
public record Guarantees(Map<String, Long> bytes) {
  /** Nobody is sure of anything. */
  public static final Guarantees NONE = new Guarantees(Map.of());

  public Guarantees {
    bytes = Map.copyOf(bytes);
  }

  /** Blocks of a KV pool by tenant; together at most all of them. */
  Map<String, Integer> in(KvPool pool) {
    if (bytes.isEmpty() || pool.blockBytes() == 0) {
      return Map.of();
    }
    double sum = 0;
    for (long wanted : bytes.values()) {
      sum += (double) (wanted / pool.blockBytes());
    }
    double share = sum <= pool.blocks() ? 1 : pool.blocks() / sum;
    Map<String, Integer> blocks = new HashMap<>();
    bytes.forEach(
        (tenant, wanted) ->
            blocks.put(tenant, (int) Math.floor(share * (double) (wanted / pool.blockBytes()))));
    return blocks;
  }
}
