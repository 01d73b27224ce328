package dev.cofferdam.worker.execution;

/**
 * The memory of the KV blocks, wherever it lies. A block is <em>open</em>, its content readable by
 * a step, or <em>sealed</em>: encrypted in place and authenticated. One thread, the step thread,
 * calls every method.
 */
public interface BlockMemory {

  /** Fills the first {@code count} of the given blocks with zeros, in every layer. */
  void zeroBlocks(int[] blockIds, int count);

  /**
   * Encrypts an open block in place.
   *
   * @param seal a number that was never used before in this process
   */
  void sealBlock(int blockId, BlockKey key, long seal);

  /** Ends what {@link #sealBlock} began: where that is put off, nothing is left to do after it. */
  default void endSealing() {}

  /**
   * Decrypts a sealed block in place.
   *
   * @param seal the number that it was sealed with
   * @return whether the seal was whole; otherwise the block is all zeros now
   */
  boolean openBlock(int blockId, BlockKey key, long seal);

  /**
   * The content of an open block, sealed, to be kept outside of the pool.
   *
   * @param seal a number that was never used before in this process
   */
  byte[] exportBlock(int blockId, BlockKey key, long seal);

  /** The content of a sealed block, as it is, to be kept outside of the pool. */
  byte[] exportSealed(int blockId);

  /**
   * Fills a block with what {@link #exportBlock} or {@link #exportSealed} gave.
   *
   * @param seal the number that it was sealed or exported with
   * @return whether the seal was whole; otherwise the block is all zeros now
   */
  boolean importBlock(int blockId, BlockKey key, long seal, byte[] exported);
}
