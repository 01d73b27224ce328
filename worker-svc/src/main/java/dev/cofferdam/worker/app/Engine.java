package dev.cofferdam.worker.app;

import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.execution.KernelChoice;
import dev.cofferdam.worker.execution.ModelExecutor;
import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.execution.cpu.CpuExecutor;
import dev.cofferdam.worker.model.ModelConfig;
import dev.cofferdam.worker.model.ModelDigest;
import dev.cofferdam.worker.model.ModelWeights;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A loaded model.
 *
 * @param executor runs its steps
 * @param model its geometry
 * @param digest digest of its files
 */
record Engine(ModelExecutor executor, ModelConfig model, String digest) {
  private static final Logger LOG = LoggerFactory.getLogger(Engine.class);

  /**
   * Loads a model onto the CPU, and compiles its kernels before the first request needs them.
   *
   * @param type how the weights are kept; default: BF16 where they are stored so, else F32
   * @param kernels which kernels multiply them
   * @param threads threads of a step; default: the processors that the process may use
   * @param kvBytes bytes of KV memory; rounded down to whole blocks
   * @throws IllegalArgumentException when they do not make one block, or when the kernels cannot
   *     run
   */
  static Engine load(
      Path folder,
      Optional<WeightType> type,
      KernelChoice kernels,
      Optional<Integer> threads,
      long kvBytes,
      int blockTokens,
      int adapterSlots,
      int slots,
      int rowsMax) {
    long begun = System.nanoTime();
    LOG.info("loading the model {}", folder.getFileName());
    ModelWeights weights = ModelFiles.load(folder);
    ModelConfig model = weights.config();
    String digest = ModelDigest.of(folder);
    long blockBytes = model.kvElementsPerToken() * blockTokens * Float.BYTES;
    int blocks = (int) Math.min(Integer.MAX_VALUE / 2, kvBytes / blockBytes);
    if (blocks < 1) {
      throw new IllegalArgumentException(
          "cofferdam.worker.kv-bytes: " + kvBytes + " (expected: at least " + blockBytes + ")");
    }
    WeightType kept = type.orElse(weights.bf16() ? WeightType.BF16 : WeightType.F32);
    CpuExecutor executor =
        CpuExecutor.create(
            weights,
            new ExecutorOptions(
                blocks,
                blockTokens,
                adapterSlots,
                slots,
                rowsMax,
                kept,
                kernels,
                threads.orElse(Runtime.getRuntime().availableProcessors())));
    LOG.info(
        "loaded {} ({} parameters in {}, {} kernels, {} KV blocks of {} bytes) in {} ms",
        folder.getFileName(),
        model.parameters(),
        kept,
        executor.kernels(),
        blocks,
        blockBytes,
        (System.nanoTime() - begun) / 1_000_000);
    long loaded = System.nanoTime();
    executor.warmUp();
    LOG.info("warmed up in {} ms", (System.nanoTime() - loaded) / 1_000_000);
    return new Engine(executor, model, digest);
  }
}
