package dev.cofferdam.worker.app.bench;

import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.execution.KernelChoice;
import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.execution.cpu.CpuExecutor;
import java.util.Locale;

/**
 * Decode and prefill of {@link RandomModel} with one way of keeping weights, by Java's kernels or
 * by the native ones.
 */
final class WeightsSection implements BenchSection {
  private static final int PROMPT = 16;
  private static final int DECODE_TOKENS = 24;
  private static final int BATCH = 16;
  private static final int PREFILL = 512;

  private final Machine machine;
  private final CpuExecutor executor;
  private final String type;
  private final String suffix;
  private final long weightBytes;

  /**
   * Loads the model.
   *
   * @param kernels JAVA, or NATIVE where they are usable
   */
  WeightsSection(Machine machine, WeightType type, KernelChoice kernels) {
    this.machine = machine;
    this.type = type.name().toLowerCase(Locale.ROOT);
    this.suffix = kernels == KernelChoice.NATIVE ? "_native" : "";
    this.executor = executor(type, kernels);
    this.weightBytes = bytesOfStep(type);
  }

  /** Bytes of weights that a decode step reads. */
  static long bytesOfStep(WeightType type) {
    return RandomModel.weightsOfStep(RandomModel.CONFIG) * type.bytes;
  }

  /** An executor for {@link RandomModel}, with 16 sequences of 64 tokens. */
  static CpuExecutor executor(WeightType type, KernelChoice kernels) {
    return CpuExecutor.create(
        RandomModel.weights(RandomModel.CONFIG),
        new ExecutorOptions(128, 16, 0, BATCH, 256).withWeights(type).withKernels(kernels));
  }

  @Override
  public String name() {
    return "254 M, " + type + ", " + executor.kernels();
  }

  @Override
  public void prepare() {
    executor.warmUp();
  }

  @Override
  public void round(Samples samples) {
    double before = machine.dramBytesPerSecond();
    double single = decodeRate();
    double dram = (before + machine.dramBytesPerSecond()) / 2;
    samples.addShare("decode_b1_" + type + "_dram_share" + suffix, single * weightBytes, dram);
    samples.add("decode_b1_" + type + "_tok_s" + suffix, single, "tokens/s", dram / weightBytes);
    double batch = BenchBatch.decodeRate(executor, BATCH, PROMPT, DECODE_TOKENS);
    samples.add("decode_b16_" + type + "_tok_s" + suffix, batch, "tokens/s", single);
    double flops = machine.fmaFlopsPerSecond();
    double prefill = prefillRate();
    flops = (flops + machine.fmaFlopsPerSecond()) / 2;
    samples.add(
        "prefill512_" + type + "_tok_s" + suffix,
        prefill,
        "tokens/s",
        flops / (2 * RandomModel.multiplyAddsOfToken(RandomModel.CONFIG)));
  }

  /** Tokens of one sequence in a second. */
  double decodeRate() {
    return BenchBatch.decodeRate(executor, 1, PROMPT, DECODE_TOKENS);
  }

  /** Tokens of a long prompt in a second. */
  double prefillRate() {
    return PREFILL / BenchBatch.firstTokenSeconds(executor, PREFILL);
  }

  @Override
  public void close() {
    executor.close();
  }
}
