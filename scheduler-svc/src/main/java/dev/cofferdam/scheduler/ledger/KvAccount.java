package dev.cofferdam.scheduler.ledger;

import java.util.HashMap;
import java.util.Map;

/**
 * The KV blocks of a model on a worker, and who holds leases on them. A tenant that holds less than
 * it is sure of keeps the difference free: nobody else gets a lease on it.
 */
final class KvAccount {
  private final KvPool pool;
  private final Map<String, Integer> takenBy = new HashMap<>();
  private Map<String, Integer> guaranteed = Map.of();
  private int taken;

  KvAccount(KvPool pool, Guarantees guarantees) {
    this.pool = pool;
    guarantee(guarantees);
  }

  void guarantee(Guarantees guarantees) {
    guaranteed = guarantees.in(pool);
  }

  void take(Lease lease) {
    takenBy.merge(lease.request().tenant().value(), lease.kvBlocks(), Integer::sum);
    taken += lease.kvBlocks();
  }

  void free(Lease lease) {
    takenBy.computeIfPresent(
        lease.request().tenant().value(),
        (unused, blocks) -> blocks == lease.kvBlocks() ? null : blocks - lease.kvBlocks());
    taken -= lease.kvBlocks();
  }

  /** Blocks that are leased. */
  int taken() {
    return taken;
  }

  /** Blocks that a tenant may be leased now. */
  int free(String tenant) {
    int free = pool.blocks() - taken;
    for (Map.Entry<String, Integer> other : guaranteed.entrySet()) {
      if (!other.getKey().equals(tenant)) {
        free -= Math.max(0, other.getValue() - takenBy.getOrDefault(other.getKey(), 0));
      }
    }
    return free;
  }

  /** Blocks that a tenant could be leased at most, if nobody else had any. */
  int most(String tenant) {
    int most = pool.blocks();
    for (Map.Entry<String, Integer> other : guaranteed.entrySet()) {
      most -= other.getKey().equals(tenant) ? 0 : other.getValue();
    }
    return most;
  }
}
