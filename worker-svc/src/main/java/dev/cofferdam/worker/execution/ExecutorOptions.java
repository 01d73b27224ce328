package dev.cofferdam.worker.execution;

/**
 * Sizes that an executor is built for; everything that a step needs is allocated at the start.
 *
 * @param blocks KV blocks in the pool
 * @param blockTokens tokens of a block, a multiple of 4
 * @param adapterSlots adapters that may be loaded at once
 * @param sequencesMax most sequences of a step
 * @param rowsMax most rows of a step
 * @param weights how weights are kept
 * @param kv how keys and values are kept
 * @param kernels which kernels multiply them
 * @param threads threads that a step may use, the step thread's included
 * @param sealedKv whether steps read sealed blocks
 */
public record ExecutorOptions(
    int blocks,
    int blockTokens,
    int adapterSlots,
    int sequencesMax,
    int rowsMax,
    WeightType weights,
    KvType kv,
    KernelChoice kernels,
    int threads,
    boolean sealedKv) {
  public ExecutorOptions {
    require(blocks >= 1, "blocks", blocks, "at least 1");
    require(
        blockTokens >= 4 && blockTokens % 4 == 0, "blockTokens", blockTokens, "a multiple of 4");
    require(adapterSlots >= 0, "adapterSlots", adapterSlots, "at least 0");
    require(sequencesMax >= 1, "sequencesMax", sequencesMax, "at least 1");
    require(rowsMax >= sequencesMax, "rowsMax", rowsMax, "at least sequencesMax");
    require(threads >= 1, "threads", threads, "at least 1");
  }

  /**
   * With weights and KV in F32, Java's kernels, and as many threads as the process may use
   * processors.
   */
  public ExecutorOptions(
      int blocks, int blockTokens, int adapterSlots, int sequencesMax, int rowsMax) {
    this(
        blocks,
        blockTokens,
        adapterSlots,
        sequencesMax,
        rowsMax,
        WeightType.F32,
        KvType.F32,
        KernelChoice.JAVA,
        Runtime.getRuntime().availableProcessors(),
        false);
  }

  /** The same with weights kept otherwise, and KV as goes with them. */
  public ExecutorOptions withWeights(WeightType weights) {
    return with(weights, KvType.of(weights), kernels, sealedKv);
  }

  /** The same with KV kept otherwise. */
  public ExecutorOptions withKv(KvType kv) {
    return with(weights, kv, kernels, sealedKv);
  }

  /** The same with other kernels. */
  public ExecutorOptions withKernels(KernelChoice kernels) {
    return with(weights, kv, kernels, sealedKv);
  }

  /** The same with steps that read sealed blocks. */
  public ExecutorOptions withSealedKv() {
    return with(weights, kv, kernels, true);
  }

  private ExecutorOptions with(
      WeightType weights, KvType kv, KernelChoice kernels, boolean sealedKv) {
    return new ExecutorOptions(
        blocks,
        blockTokens,
        adapterSlots,
        sequencesMax,
        rowsMax,
        weights,
        kv,
        kernels,
        threads,
        sealedKv);
  }

  private static void require(boolean condition, String name, int value, String expected) {
    if (!condition) {
      throw new IllegalArgumentException(name + ": " + value + " (expected: " + expected + ")");
    }
  }
}
