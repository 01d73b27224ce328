package dev.cofferdam.worker.app.bench;

import dev.cofferdam.vocabulary.PrefixDigests;
import dev.cofferdam.worker.batching.BatchOptions;
import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.execution.KernelChoice;
import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.execution.cpu.CpuExecutor;
import dev.cofferdam.worker.execution.cpu.Kernels;
import dev.cofferdam.worker.kvcache.Sealing;
import java.util.Optional;

/**
 * What keeps tenants apart costs: zeroing and encryption as shares of the time with them, the first
 * token of a cached prompt, and what one tenant's long prompt does to the others' next tokens.
 */
final class WallsSection implements BenchSection {
  private static final int BLOCKS = 512;
  private static final int BLOCK_TOKENS = 16;
  private static final int CONTEXT = 2_000;
  private static final int DECODE_TOKENS = 24;
  private static final int CACHED = 1_024;
  private static final int LONG_PROMPT = 4_000;
  private static final int OTHERS = 8;
  private static final int STEPS = 110;

  private final CpuExecutor executor = executor(KernelChoice.JAVA);

  /** With native kernels, where they can run. */
  private final Optional<CpuExecutor> nativeExecutor =
      Kernels.of(KernelChoice.AUTO, WeightType.BF16)
          .nativeKernel()
          .map(kernel -> executor(KernelChoice.NATIVE));

  private static CpuExecutor executor(KernelChoice kernels) {
    return CpuExecutor.create(
        RandomModel.weights(RandomModel.CONFIG),
        new ExecutorOptions(BLOCKS, BLOCK_TOKENS, 0, 16, 256)
            .withWeights(WeightType.BF16)
            .withKernels(kernels));
  }

  @Override
  public String name() {
    return "walls";
  }

  @Override
  public void prepare() {
    executor.warmUp();
    nativeExecutor.ifPresent(CpuExecutor::warmUp);
  }

  @Override
  public void round(Samples samples) {
    encryption(executor, "", samples);
    nativeExecutor.ifPresent(own -> encryption(own, "_native", samples));
    warmPrefix(samples);
    longPrompt(samples);
  }

  /**
   * A long context, encrypted at rest and always: decoded, then read again from the cache, as the
   * next turn of a conversation does. At rest, what runs is plain.
   */
  private static void encryption(CpuExecutor executor, String suffix, Samples samples) {
    Turns atRest = turns(executor, Sealing.AT_REST);
    Turns always = turns(executor, Sealing.ALWAYS);
    double zeroing = atRest.zeroNs / (atRest.wholeNs + atRest.zeroNs);
    double encrypted = 1 - atRest.decodeNs / always.decodeNs;
    samples.add("zeroing_share" + suffix, zeroing, "share", 0.01);
    samples.add("sealed_share" + suffix, atRest.sealNs / atRest.wholeNs, "share", 0.01);
    samples.add("always_encrypted_share" + suffix, encrypted, "share", 0.08);
  }

  /** What two turns took: all of it, the decode steps, sealing and opening, zeroing at the end. */
  private record Turns(double wholeNs, double decodeNs, double sealNs, double zeroNs) {}

  private static Turns turns(CpuExecutor executor, Sealing sealing) {
    BenchBatch batch = cached(executor, sealing, true);
    int[] prompt = batch.randomPrompt(CONTEXT);
    long begun = System.nanoTime();
    batch.add(prompt, DECODE_TOKENS);
    batch.prefill(1);
    long decoding = System.nanoTime();
    batch.finish();
    long decoded = System.nanoTime();
    batch.add(prompt, 1);
    batch.finish();
    double whole = System.nanoTime() - begun;
    return new Turns(whole, decoded - decoding, batch.sealNs(), batch.clear());
  }

  /** The first token of a prompt that is cached but for its last token, beside a decode step. */
  private void warmPrefix(Samples samples) {
    BenchBatch batch = cached(executor, Sealing.AT_REST, false);
    int[] prompt = batch.randomPrompt(CACHED + 1);
    batch.add(prompt, DECODE_TOKENS);
    batch.prefill(1);
    long begun = System.nanoTime();
    batch.finish();
    double step = (System.nanoTime() - begun) / (DECODE_TOKENS - 1.0);
    long again = System.nanoTime();
    batch.add(prompt, 1);
    batch.finish();
    samples.add("warm_prefix_ttft_ratio", (batch.lastTokenNs() - again) / step, "ratio", 1.2);
    batch.clear();
  }

  /** Time per output token of others, at its 99th percentile, while a long prompt is computed. */
  private void longPrompt(Samples samples) {
    BatchOptions options = new BatchOptions(16, 256, 32, Long.MAX_VALUE, 1.5, Sealing.AT_REST, 0);
    BenchBatch batch = new BenchBatch(executor, options, Optional.empty(), false);
    for (int i = 0; i < OTHERS; i++) {
      batch.add(16, 2 * STEPS + 8);
    }
    batch.prefill(OTHERS);
    double alone = batch.stepNsP99(STEPS);
    batch.add(LONG_PROMPT, 1);
    double beside = batch.stepNsP99(STEPS);
    samples.add("long_prompt_p99_ratio", beside / alone, "ratio", 1.5);
    batch.clear();
  }

  private static BenchBatch cached(CpuExecutor executor, Sealing sealing, boolean encrypted) {
    return new BenchBatch(
        executor,
        new BatchOptions(1, 256, 256, Long.MAX_VALUE, 1.5, sealing, 0),
        Optional.of(new PrefixDigests(new byte[PrefixDigests.BYTES], "model", "", BLOCK_TOKENS)),
        encrypted);
  }

  @Override
  public void close() {
    executor.close();
    nativeExecutor.ifPresent(CpuExecutor::close);
  }
}
