package dev.cofferdam.worker.app.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.batching.BatchOptions;
import dev.cofferdam.worker.execution.BlockKey;
import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.execution.KvType;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.execution.StepResult;
import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.execution.cuda.CudaDevice;
import dev.cofferdam.worker.execution.cuda.CudaExecutor;
import dev.cofferdam.worker.execution.cuda.driver.CudaUnavailableException;
import dev.cofferdam.worker.kvcache.Sealing;
import dev.cofferdam.worker.model.ModelConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Measures the engine on a CUDA device, with random weights in the shape of Llama 3 8B. The limits
 * that figures are shares of are measured in the same run: the copy of device memory here, the
 * matrix products by PyTorch, where it was run before. Weights and KV in BF16; then decoding once
 * more in eight bits, as a share of the limit and beside BF16's rate.
 *
 * <p>Arguments: file for the JSON [{@code small}, for a tiny model]; the property {@code
 * cofferdam.bench.torch} names the file that {@code torch_peer.py} wrote.
 */
public final class GpuBench {
  private static final ModelConfig TINY =
      new ModelConfig(
          "llama",
          512,
          64,
          128,
          2,
          4,
          2,
          16,
          2048,
          1e-5,
          10_000,
          RandomModel.CONFIG.ropeScaling(),
          true,
          false,
          false,
          false);

  private static final int BLOCK_TOKENS = 16;
  private static final int[] BATCHES = {1, 16, 64, 256};

  /** How much is done. */
  private record Sizes(
      ModelConfig model,
      int blocks,
      int rowsMax,
      int longContext,
      int prompt,
      int encryptedContext,
      int output,
      int[] batches,
      int adapters,
      long copyBytes) {}

  private static final Sizes WHOLE =
      new Sizes(RandomModel.LLAMA_8B, 9000, 2048, 8192, 128, 2000, 96, BATCHES, 64, 4L << 30);
  private static final Sizes SMALL =
      new Sizes(TINY, 96, 256, 640, 16, 40, 4, new int[] {1, 4}, 2, 1L << 20);

  /** How weights and KV are kept. */
  private record Kept(WeightType weights, KvType kv) {
    static final Kept BF16 = new Kept(WeightType.BF16, KvType.BF16);
    static final List<Kept> EIGHT_BITS =
        List.of(new Kept(WeightType.INT8, KvType.BF16), new Kept(WeightType.FP8, KvType.FP8));

    /** In names of metrics. */
    String infix() {
      return weights == WeightType.BF16 ? "" : weights.name().toLowerCase(Locale.ROOT) + "_";
    }
  }

  /** What figures are compared with; rates of BF16 by name. */
  private record Baselines(
      double copyBytesPerSecond, Map<String, Double> torch, Map<String, Double> bf16) {}

  private static final long BEGUN_NS = System.nanoTime();

  private final Sizes sizes;
  private final Kept kept;
  private final CudaDevice device;
  private final Samples samples;
  private final CudaExecutor executor;
  private final Map<String, Double> torch;
  private final Map<String, Double> bf16;
  private final double copyBytesPerSecond;

  private GpuBench(
      Sizes sizes, Kept kept, CudaDevice device, Baselines baselines, Samples samples) {
    this.sizes = sizes;
    this.kept = kept;
    this.device = device;
    this.samples = samples;
    this.torch = baselines.torch;
    this.bf16 = baselines.bf16;
    this.copyBytesPerSecond = baselines.copyBytesPerSecond;
    progress("copying random weights in " + kept.weights + " to " + device.device().name());
    int sequences = sizes.batches[sizes.batches.length - 1];
    executor =
        CudaExecutor.create(
            device,
            RandomModel.weights(sizes.model),
            new ExecutorOptions(
                    sizes.blocks, BLOCK_TOKENS, sizes.adapters, sequences, sizes.rowsMax)
                .withWeights(kept.weights)
                .withKv(kept.kv)
                .withSealedKv());
  }

  /**
   * Runs the bench.
   *
   * @throws IOException when a file cannot be read or written
   */
  public static void main(String[] arguments) throws IOException {
    if (arguments.length < 1) {
      throw new IllegalArgumentException("arguments: file for the JSON [small]");
    }
    Sizes sizes = List.of(arguments).contains("small") ? SMALL : WHOLE;
    Optional<Path> torch =
        Optional.ofNullable(System.getProperty("cofferdam.bench.torch")).map(Path::of);
    Samples samples = new Samples();
    try (CudaDevice device = CudaDevice.open(0)) {
      Map<String, Double> peer = torch.isPresent() ? peer(torch.get()) : Map.of();
      Baselines baselines =
          new Baselines(limits(sizes, device, peer, samples), peer, new HashMap<>());
      GpuBench bench = new GpuBench(sizes, Kept.BF16, device, baselines, samples);
      try (CudaExecutor executor = bench.executor) {
        bench.run();
      }
      try {
        for (Kept kept : Kept.EIGHT_BITS) {
          GpuBench eightBits = new GpuBench(sizes, kept, device, baselines, samples);
          try (CudaExecutor executor = eightBits.executor) {
            eightBits.runEightBits();
          }
        }
      } finally {
        write(samples, Path.of(arguments[0]));
      }
    } catch (CudaUnavailableException e) {
      System.err.println("bench gpu: " + e.getMessage());
      System.exit(1);
    }
  }

  /** What the peer measured, by name. */
  private static Map<String, Double> peer(Path file) throws IOException {
    JsonNode root = new ObjectMapper().readTree(Files.readAllBytes(file));
    Map<String, Double> figures = new HashMap<>();
    root.properties().forEach(e -> figures.put(e.getKey(), e.getValue().asDouble()));
    return figures;
  }

  private void runEightBits() {
    Arrays.stream(sizes.batches).limit(2).forEach(this::decode);
    attention();
    prefill();
  }

  private void run() {
    for (int batch : sizes.batches) {
      decode(batch);
    }
    attention();
    prefill();
    adapters();
    zeroing();
    sealing();
    alwaysEncrypted();
    hostTime();
  }

  /** Bytes that device memory reads and writes in a second. */
  private static double limits(
      Sizes sizes, CudaDevice device, Map<String, Double> torch, Samples samples) {
    progress("device memory");
    int times = 20;
    device.copySeconds(sizes.copyBytes, 2);
    double seconds = device.copySeconds(sizes.copyBytes, times);
    double copyBytesPerSecond =
        (double) sizes.copyBytes * times / seconds; // half read, half written
    samples.add("copy_gb_s", copyBytesPerSecond / 1e9, "GB/s", copyBytesPerSecond / 1e9);
    Double matmul = torch.get("matmul_tflop_s");
    if (matmul != null) {
      samples.add("matmul_tflop_s", matmul, "Tflop/s", matmul);
    }
    return copyBytesPerSecond;
  }

  /** Bytes of a token's KV. */
  private double kvBytes() {
    return (double) kept.kv.blockBytes(sizes.model, BLOCK_TOKENS) / BLOCK_TOKENS;
  }

  /** A rate in eight bits as so many times BF16's, which was measured before. */
  private void besideBf16(String metric, double rate) {
    Double before = bf16.putIfAbsent(metric, rate);
    if (before != null) {
      samples.add(metric + "_" + kept.infix() + "over_bf16", rate / before, "times", 1);
    }
  }

  /** Bytes that a step of so many sequences reads: the weights once, and everybody's KV. */
  private double stepBytes(int batch, double context) {
    return (double) kept.weights.bytes * RandomModel.weightsOfStep(sizes.model)
        + batch * context * kvBytes();
  }

  private void decode(int batch) {
    progress("decoding, batch " + batch);
    BenchBatch.decodeRate(executor, batch, sizes.prompt, sizes.output);
    double rate = BenchBatch.decodeRate(executor, batch, sizes.prompt, sizes.output);
    double bytes = stepBytes(batch, sizes.prompt + sizes.output / 2.0);
    String metric = "decode_b" + batch + "_" + kept.infix();
    samples.add(metric + "tok_s", rate, "tokens/s", batch * copyBytesPerSecond / bytes);
    samples.addShare(metric + "hbm_share", rate / batch * bytes, copyBytesPerSecond);
    besideBf16("decode_b" + batch, rate);
    Double peer = torch.get("decode_b" + batch + "_tok_s");
    if (peer != null && kept.equals(Kept.BF16)) {
      samples.add("torch_b" + batch + "_ratio", rate / peer, "times", 1);
    }
  }

  /** What a long context adds to a step, against the KV that it adds. */
  private void attention() {
    progress("attention to a long context");
    int batch = Math.min(16, sizes.batches[sizes.batches.length - 1]);
    int context = Math.min(sizes.longContext, sizes.blocks * BLOCK_TOKENS / batch) - sizes.output;
    double with = batch / BenchBatch.decodeRate(executor, batch, context, sizes.output);
    double without = batch / BenchBatch.decodeRate(executor, batch, 16, sizes.output);
    double bytes = batch * (context - 16) * kvBytes();
    samples.addShare(
        "attention_8k_" + kept.infix() + "hbm_share", bytes / (with - without), copyBytesPerSecond);
  }

  private void prefill() {
    progress("a long prompt");
    int tokens = sizes.longContext;
    seconds(tokens);
    double seconds = seconds(tokens);
    samples.add(
        "prefill_8k_" + kept.infix() + "tok_s", tokens / seconds, "tokens/s", tokens / seconds);
    besideBf16("prefill_8k", tokens / seconds);
    double attention =
        2.0 * tokens * tokens * sizes.model.queryWidth() * sizes.model.layers(); // half is masked
    double flops = 2.0 * tokens * RandomModel.multiplyAddsOfToken(sizes.model) + attention;
    Double matmul = torch.get("matmul_tflop_s");
    if (matmul != null) {
      samples.addShare(
          "prefill_8k_" + kept.infix() + "matmul_share", flops / seconds, matmul * 1e12);
    }
  }

  private double seconds(int promptTokens) {
    BenchBatch batch = new BenchBatch(executor, 1, sizes.rowsMax, sizes.rowsMax);
    batch.add(promptTokens, 1);
    long begun = System.nanoTime();
    batch.finish();
    return (System.nanoTime() - begun) / 1e9;
  }

  private void adapters() {
    for (int count : new int[] {16, 64}) {
      int used = Math.min(count, sizes.adapters);
      progress(used + " adapters");
      List<LoraAdapter> distinct =
          new ArrayList<>(
              IntStream.range(0, used).mapToObj(n -> RandomAdapter.of(sizes.model, n)).toList());
      BenchBatch.decodeRate(executor, used, sizes.prompt, sizes.output, distinct);
      double mixed = BenchBatch.decodeRate(executor, used, sizes.prompt, sizes.output, distinct);
      double base = BenchBatch.decodeRate(executor, used, sizes.prompt, sizes.output);
      samples.addShare("lora" + count + "_cost", 1 - mixed / base, 1);
    }
  }

  private void zeroing() {
    progress("zeroing");
    int[] all = IntStream.range(0, sizes.blocks).toArray();
    executor.zeroBlocks(all, all.length);
    double ours = device.seconds(() -> executor.zeroBlocks(all, all.length));
    double fill = device.seconds(executor::zeroPool);
    samples.addShare("zeroing_memset_ratio", fill, ours);
  }

  private void sealing() {
    progress("sealing");
    BlockKey key = BlockKey.random(new SecureRandom());
    int blocks = Math.min(512, sizes.blocks);
    double seconds = 0;
    for (int round = 0; round < 2; round++) {
      int first = round * blocks + 1;
      for (int block = 0; block < blocks; block++) {
        executor.sealBlock(block, key, first + block);
      }
      seconds = device.seconds(executor::endSealing);
      for (int block = 0; block < blocks; block++) {
        if (!executor.openBlock(block, key, first + block)) {
          throw new IllegalStateException("a seal is broken");
        }
      }
    }
    double bytes = (double) blocks * executor.geometry().blockBytes();
    samples.add("aes_gb_s", bytes / seconds / 1e9, "GB/s", copyBytesPerSecond / 1e9);
    executor.zeroPool();
  }

  /** What decoding takes longer where every full block stays sealed, of a sequence alone. */
  private void alwaysEncrypted() {
    progress("decoding from sealed blocks");
    decodeSeconds(Sealing.ALWAYS);
    double always = decodeSeconds(Sealing.ALWAYS);
    double atRest = decodeSeconds(Sealing.AT_REST);
    samples.addShare("always_encrypted_share", 1 - atRest / always, 1);
  }

  private double decodeSeconds(Sealing sealing) {
    BenchBatch batch =
        new BenchBatch(
            executor,
            new BatchOptions(1, sizes.rowsMax, sizes.rowsMax, Long.MAX_VALUE, 1.5, sealing, 0),
            Optional.empty(),
            true);
    batch.add(sizes.encryptedContext, sizes.output);
    batch.prefill(1);
    long begun = System.nanoTime();
    batch.finish();
    double seconds = (System.nanoTime() - begun) / 1e9;
    batch.clear();
    return seconds;
  }

  /** What a step of 16 sequences takes beside the device's own time. */
  private void hostTime() {
    progress("the host's part of a step");
    int sequences = Math.min(16, sizes.batches[sizes.batches.length - 1]);
    StepPlan plan = new StepPlan(sequences, sequences, sequences);
    StepResult result = new StepResult(sequences);
    plan.sequences = sequences;
    plan.rows = sequences;
    for (int s = 0; s < sequences; s++) {
      plan.rowStart[s + 1] = s + 1;
      plan.blockStart[s] = s;
      plan.blockTable[s] = s;
      plan.sample[s] = true;
      plan.topP[s] = 1;
      plan.topLogprobs[s] = -1;
    }
    for (int i = 0; i < 20; i++) {
      executor.execute(plan, result);
    }
    int steps = 50;
    double onDevice = 0;
    long wall = 0;
    for (int i = 0; i < steps; i++) {
      long begun = System.nanoTime();
      executor.execute(plan, result);
      wall += System.nanoTime() - begun;
      onDevice += device.seconds(() -> executor.replay(plan));
    }
    samples.add("host_step_us", (wall / 1e9 - onDevice) / steps * 1e6, "us", 100);
    executor.zeroPool();
  }

  private static void progress(String what) {
    System.out.printf(Locale.ROOT, "[%5.1f s] %s%n", (System.nanoTime() - BEGUN_NS) / 1e9, what);
  }

  private static void write(Samples samples, Path file) throws IOException {
    List<Figure> figures = samples.medians();
    EngineBench.print(System.out, figures);
    new ObjectMapper().writerWithDefaultPrettyPrinter().writeValue(file.toFile(), figures);
  }
}
