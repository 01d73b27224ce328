package dev.cofferdam.scheduler.ledger;

/**
 * The KV pool of a model on a worker.
 *
 * @param blocks blocks in all, at least 1
 * @param blockBytes bytes of a block
 */
public record KvPool(int blocks, long blockBytes) {

  /**
   * @throws IllegalArgumentException naming the field that does not hold
   */
  public KvPool {
    if (blocks < 1 || blockBytes < 0) {
      throw new IllegalArgumentException("pools: " + blocks + " blocks of " + blockBytes);
    }
  }
}
