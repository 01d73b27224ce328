package dev.cofferdam.worker.execution.cpu;

import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.execution.AdapterSlots;
import dev.cofferdam.worker.execution.BlockCipher;
import dev.cofferdam.worker.execution.BlockKey;
import dev.cofferdam.worker.execution.ExecutorGeometry;
import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.execution.HiddenSum;
import dev.cofferdam.worker.execution.KvType;
import dev.cofferdam.worker.execution.ModelExecutor;
import dev.cofferdam.worker.execution.SequenceSampler;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.execution.StepPlanCheck;
import dev.cofferdam.worker.execution.StepResult;
import dev.cofferdam.worker.model.ModelConfig;
import dev.cofferdam.worker.model.ModelWeights;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.WeakHashMap;

/**
 * Runs steps on the CPU: weights and KV as {@link ExecutorOptions} says, everything else in F32. A
 * row's numbers are bitwise the same whatever else is in the step, however its prompt was chunked,
 * wherever its blocks lie, and, with Java's kernels, on every machine with a fused multiply-add:
 * all sums run in an order that is fixed for each output, and no function of the platform's own
 * precision is called. {@link Kernels} says what native kernels compute.
 *
 * <p>Needs {@code --add-modules jdk.incubator.vector}. Allocates nothing in a step.
 */
public final class CpuExecutor implements ModelExecutor {
  private final ModelConfig model;
  private final ExecutorOptions options;
  private final ExecutorGeometry geometry;
  private final StepPlanCheck check;
  private final AdapterSlots<PackedLora> adapters;

  /** Kept as long as somebody has the adapter. */
  private final Map<LoraAdapter, PackedLora> packed =
      Collections.synchronizedMap(new WeakHashMap<>());

  private final SequenceSampler sampler;
  private final KvPool pool;
  private final BlockCipher cipher;
  private final StepBuffers buffers;
  private final DecoderPass pass;
  private final float[] finalNorm;
  private final PackedMatrix outputHead;
  private final Embedding embedding;
  private final Runnable closing;
  private final Projector projector;
  private final Kernels kernels;

  private CpuExecutor(
      ModelWeights weights, ExecutorOptions options, Kernels kernels, Team team, Runnable closing) {
    this.closing = closing;
    model = weights.config();
    this.kernels = kernels;
    this.options = options;
    geometry = ExecutorGeometry.of(model, options);
    check = new StepPlanCheck(geometry, options);
    adapters = new AdapterSlots<>(options.adapterSlots());
    sampler = new SequenceSampler(model.vocabularySize());
    pool =
        new KvPool(
            model,
            options.kv(),
            options.blocks(),
            options.blockTokens(),
            kernels.nativeKernel().isPresent());
    cipher = pool.cipher();
    finalNorm = weights.read(ModelWeights.FINAL_NORM);
    outputHead =
        PackedMatrix.of(
            weights,
            kernels,
            model.hidden(),
            new String[] {weights.outputHead()},
            new int[] {model.vocabularySize()});
    embedding = Embedding.of(weights, options.weights(), outputHead);
    LayerWeights[] layers = new LayerWeights[model.layers()];
    for (int layer = 0; layer < layers.length; layer++) {
      layers[layer] = new LayerWeights(weights, kernels, layer);
    }
    buffers = new StepBuffers(model, options, layers[0], outputHead.paddedOutputs);
    int widest = Math.max(model.hidden(), Math.max(model.queryWidth(), model.feedForward()));
    projector = new Projector(team, options.rowsMax(), widest, kernels, outputHead);
    pass =
        new DecoderPass(
            model,
            layers,
            pool,
            geometry.positionsMax(),
            buffers,
            team,
            projector,
            new LoraPass(adapters, options.adapterSlots(), options.rowsMax(), team, outputHead));
  }

  /**
   * Builds an executor: copies the weights into its own layout and allocates the pool and all
   * buffers.
   *
   * @throws dev.cofferdam.worker.model.ModelLoadException when a projection is too large for it
   * @throws IllegalArgumentException when the options ask for native kernels that cannot run
   */
  public static CpuExecutor create(ModelWeights weights, ExecutorOptions options) {
    Kernels kernels = kernels(options);
    Team team = new Team(options.threads());
    try {
      return new CpuExecutor(weights, options, kernels, team, team::close);
    } catch (RuntimeException | Error e) {
      team.close();
      throw e;
    }
  }

  /**
   * The same with the threads of a team that others use too; it is not closed with the executor.
   *
   * @throws dev.cofferdam.worker.model.ModelLoadException when a projection is too large for it
   * @throws IllegalArgumentException when the options ask for native kernels that cannot run
   */
  public static CpuExecutor create(ModelWeights weights, ExecutorOptions options, Team team) {
    Kernels kernels = kernels(options);
    return new CpuExecutor(weights, options, kernels, team, () -> {});
  }

  private static Kernels kernels(ExecutorOptions options) {
    if (options.kv() == KvType.FP8) {
      throw new IllegalArgumentException(
          "kv: fp8 on the cpu executor (expected: f32 or bf16, or the executor cuda)");
    }
    return Kernels.of(options.kernels(), options.weights());
  }

  /** The kernels that run, for operators. */
  public String kernels() {
    return kernels.toString();
  }

  /**
   * Runs made-up steps until the kernels are compiled, which takes a few seconds on a busy machine;
   * the first requests would wait for it otherwise. To be called before the first step, since it
   * uses the pool; it leaves it zeroed.
   */
  public void warmUp() {
    new WarmUp(this, model, options).run();
  }

  @Override
  public ExecutorGeometry geometry() {
    return geometry;
  }

  @Override
  public void execute(StepPlan plan, StepResult result) {
    check.check(plan);
    mapRows(plan);
    embed(plan);
    pass.run(plan);
    sample(plan, result);
    addHidden(plan); // at last: a step that fails must leave nothing in the sums
  }

  private void mapRows(StepPlan plan) {
    buffers.sampled = 0;
    buffers.whole = false;
    for (int s = 0; s < plan.sequences; s++) {
      if (!adapters.usable(plan.adapterSlot[s])) {
        throw new IllegalArgumentException("step plan: adapterSlot");
      }
      for (int row = plan.rowStart[s]; row < plan.rowStart[s + 1]; row++) {
        buffers.sequenceOfRow[row] = s;
        buffers.slotOfRow[row] = plan.adapterSlot[s];
      }
      buffers.whole |= plan.hidden[s] != null;
      if (plan.sample[s]) {
        buffers.sampledRows[buffers.sampled++] = plan.rowStart[s + 1] - 1;
      }
    }
  }

  private void embed(StepPlan plan) {
    for (int row = 0; row < plan.rows; row++) {
      embedding.copy(plan.tokenIds[row], buffers.stream, row * buffers.hiddenStride);
    }
  }

  private void sample(StepPlan plan, StepResult result) {
    for (int i = 0; i < buffers.sampled; i++) {
      normaliseRow(buffers.whole ? buffers.sampledRows[i] : i, i);
    }
    for (int first = 0; first < buffers.sampled; first += StepBuffers.LOGIT_ROWS) {
      int rows = Math.min(StepBuffers.LOGIT_ROWS, buffers.sampled - first);
      projector.project(
          buffers.normed,
          first * buffers.hiddenStride,
          buffers.hiddenStride,
          rows,
          outputHead,
          buffers.logits);
      for (int i = 0; i < rows; i++) {
        int sequence = buffers.sequenceOfRow[buffers.sampledRows[first + i]];
        sampler.sample(buffers.logits, i * outputHead.paddedOutputs, plan, sequence, result);
      }
    }
  }

  private void normaliseRow(int row, int to) {
    RowMath.normalise(
        buffers.stream,
        row * buffers.hiddenStride,
        finalNorm,
        model.hidden(),
        model.normEpsilon(),
        buffers.normed,
        to * buffers.hiddenStride);
  }

  private void addHidden(StepPlan plan) {
    for (int s = 0; s < plan.sequences; s++) {
      HiddenSum wanted = plan.hidden[s];
      for (int row = plan.rowStart[s]; wanted != null && row < plan.rowStart[s + 1]; row++) {
        if (wanted.positions() == plan.positions[row]) {
          normaliseRow(row, 0);
          wanted.add(buffers.normed, 0);
        }
      }
    }
  }

  /** Logit of a token for the {@code i}-th sampled row of the last step, of at most 16. */
  public float logit(int i, int token) {
    return buffers.logits[i * outputHead.paddedOutputs + token];
  }

  @Override
  public void zeroBlocks(int[] blockIds, int count) {
    for (int i = 0; i < count; i++) {
      pool.zero(blockIds[i]);
    }
  }

  @Override
  public void sealBlock(int blockId, BlockKey key, long seal) {
    pool.seal(blockId, cipher, key, seal);
  }

  @Override
  public boolean openBlock(int blockId, BlockKey key, long seal) {
    return pool.open(blockId, cipher, key, seal);
  }

  @Override
  public byte[] exportBlock(int blockId, BlockKey key, long seal) {
    return pool.export(blockId, cipher, key, seal);
  }

  @Override
  public byte[] exportSealed(int blockId) {
    return pool.exportSealed(blockId);
  }

  @Override
  public boolean importBlock(int blockId, BlockKey key, long seal, byte[] exported) {
    return pool.restore(blockId, cipher, key, seal, exported);
  }

  /** Keys and values that lie readable beside the pool; none between steps. */
  long stagedResidue() {
    return pass.stagedResidue();
  }

  @Override
  public long residueBytes(int blockId) {
    return pool.residueBytes(blockId);
  }

  @Override
  public void prepare(LoraAdapter adapter) {
    if (!packed.containsKey(adapter)) {
      packed.putIfAbsent(adapter, new PackedLora(adapter, model, options.weights()));
    }
  }

  @Override
  public int loadAdapter(LoraAdapter adapter) {
    prepare(adapter);
    return adapters.add(Objects.requireNonNull(packed.get(adapter)));
  }

  @Override
  public void unloadAdapter(int slot) {
    adapters.remove(slot);
  }

  @Override
  public String kind() {
    return "cpu";
  }

  @Override
  public void close() {
    closing.run();
  }
}
