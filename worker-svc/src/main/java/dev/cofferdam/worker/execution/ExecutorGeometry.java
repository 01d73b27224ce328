package dev.cofferdam.worker.execution;

import dev.cofferdam.worker.model.ModelConfig;

/**
 * Shape of an executor's model and KV pool.
 *
 * @param vocabularySize number of token ids
 * @param hidden dimensions of a hidden state
 * @param positionsMax largest number of positions of a sequence: the model's, or what the pool
 *     holds
 * @param blocks KV blocks in the pool
 * @param blockTokens tokens of a block
 * @param blockBytes bytes of a block: 2 · layers · kv heads · head dimension · block tokens · bytes
 *     of an element, and scales where it has some
 * @param adapterSlots adapters that may be loaded at once
 */
public record ExecutorGeometry(
    int vocabularySize,
    int hidden,
    int positionsMax,
    int blocks,
    int blockTokens,
    long blockBytes,
    int adapterSlots) {

  /** Shape of an executor for a model. */
  public static ExecutorGeometry of(ModelConfig model, ExecutorOptions options) {
    return of(model, options, options.kv().blockBytes(model, options.blockTokens()));
  }

  /** The same with blocks of so many bytes. */
  public static ExecutorGeometry of(ModelConfig model, ExecutorOptions options, long blockBytes) {
    return new ExecutorGeometry(
        model.vocabularySize(),
        model.hidden(),
        (int) Math.min(model.positionsMax(), (long) options.blocks() * options.blockTokens()),
        options.blocks(),
        options.blockTokens(),
        blockBytes,
        options.adapterSlots());
  }
}
