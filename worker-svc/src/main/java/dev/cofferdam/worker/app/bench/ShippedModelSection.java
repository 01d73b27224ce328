package dev.cofferdam.worker.app.bench;

import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.execution.cpu.CpuExecutor;
import dev.cofferdam.worker.model.ModelWeights;
import java.nio.file.Path;

/** The model folder of the command line: the figures that the mesh's bench compares itself with. */
final class ShippedModelSection implements BenchSection {
  private static final int SLOTS = 32;
  private static final int PROMPT = 32;
  private static final int DECODE_TOKENS = 64;
  private static final int WARM_UPS = 40;

  private final Machine machine;
  private final Path folder;
  private final CpuExecutor executor;
  private final long weightBytes;

  ShippedModelSection(Machine machine, Path folder) {
    this.machine = machine;
    this.folder = folder;
    ModelWeights weights = ModelWeights.load(folder);
    executor = CpuExecutor.create(weights, new ExecutorOptions(512, 16, 1, SLOTS, 256));
    weightBytes = weights.config().parameters() * Float.BYTES;
  }

  @Override
  public String name() {
    return folder.getFileName().toString();
  }

  @Override
  public void prepare() {
    for (int i = 0; i < WARM_UPS; i++) {
      BenchBatch.decodeRate(executor, 1, PROMPT, DECODE_TOKENS);
      BenchBatch.decodeRate(executor, SLOTS, PROMPT, 8);
      BenchBatch.firstTokenSeconds(executor, 512);
    }
  }

  @Override
  public void round(Samples samples) {
    double single = BenchBatch.decodeRate(executor, 1, PROMPT, 4 * DECODE_TOKENS);
    // A token must read every weight; the model fits into a cache, so that it may beat memory.
    samples.add("decode_batch_1", single, "tokens/s", machine.dramBytesPerSecond() / weightBytes);
    for (int batch : new int[] {8, SLOTS}) {
      double rate = BenchBatch.decodeRate(executor, batch, PROMPT, DECODE_TOKENS);
      samples.add("decode_batch_" + batch, rate, "tokens/s", single);
    }
    samples.add(
        "prefill_512", 512 / BenchBatch.firstTokenSeconds(executor, 512), "tokens/s", single);
    samples.add(
        "ttft_128_ms", 1_000 * BenchBatch.firstTokenSeconds(executor, 128), "ms", 1_000 / single);
    samples.addShare("executor_share", executorShare(), 1);
  }

  private double executorShare() {
    BenchBatch batch = new BenchBatch(executor, SLOTS, 256, 32);
    for (int i = 0; i < SLOTS; i++) {
      batch.add(PROMPT, DECODE_TOKENS);
    }
    batch.finish();
    return (double) batch.executeNs() / batch.batch().stats().busyNs();
  }

  @Override
  public void close() {
    executor.close();
  }
}
