package dev.cofferdam.worker.execution.cuda;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.execution.BlockKey;
import dev.cofferdam.worker.execution.DeviceLostError;
import dev.cofferdam.worker.execution.ExecutorGeometry;
import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.execution.HiddenSum;
import dev.cofferdam.worker.execution.KvType;
import dev.cofferdam.worker.execution.ModelExecutor;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.execution.StepPlanCheck;
import dev.cofferdam.worker.execution.StepResult;
import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.execution.cuda.driver.CudaException;
import dev.cofferdam.worker.execution.cuda.driver.Graph;
import dev.cofferdam.worker.execution.cuda.driver.Stream;
import dev.cofferdam.worker.model.ModelConfig;
import dev.cofferdam.worker.model.ModelWeights;
import java.lang.foreign.MemorySegment;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Runs steps on a CUDA device: weights in BF16 or eight bits, what they are multiplied with and KV
 * in BF16, sums and the residual stream in F32. The numbers of a step are copied to the device in
 * one go, its kernels are launched as one graph, and what was sampled is copied back: one wait for
 * each step. A row's bits do not depend on what else is in the step, nor on how its prompt was
 * chunked, but on the kind of device.
 *
 * <p>Sealed blocks stay so: what a step reads of them is opened beside the pool, layer by layer,
 * and zeroed behind it.
 */
public final class CudaExecutor implements ModelExecutor {
  private static final int BLOCK_TOKENS = 16;
  private static final int PARTIAL_SLOTS_MIN = 1024;
  private static final int GRAPHS_MAX = 128;
  private static final int RESULT_LOGPROB = 8;
  private static final int RESULT_TOP_TOKENS = 16;
  private static final int RESULT_TOP_LOGPROBS = 96;

  private final CudaDevice device;
  private final Stream stream;
  private final ModelConfig model;
  private final ExecutorGeometry geometry;
  private final StepPlanCheck check;
  private final Owned owned;
  private final DeviceBlocks blocks;
  private final OpenedBlocks opened;
  private final boolean readsSealed;
  private final DeviceAdapters adapters;
  private final StepTables tables;
  private final StepLaunches launches;
  private final MemorySegment results;
  private final MemorySegment states;
  private final float[] state;
  private final Set<StepShape> seen = new HashSet<>();
  private final Map<StepShape, Graph> graphs =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<StepShape, Graph> eldest) {
          if (size() > GRAPHS_MAX) {
            eldest.getValue().close();
            return true;
          }
          return false;
        }
      };

  private CudaExecutor(CudaDevice device, ModelWeights weights, ExecutorOptions options) {
    this.device = device;
    stream = device.stream();
    model = weights.config();
    geometry = ExecutorGeometry.of(model, options);
    check = new StepPlanCheck(geometry, options);
    readsSealed = options.sealedKv();
    owned = new Owned(device.context());
    try {
      int partialSlots =
          Math.max(
              PARTIAL_SLOTS_MIN,
              KernelShapes.ceil(geometry.positionsMax(), KernelShapes.ATTEND_SPLIT));
      DeviceWeights copied =
          new DeviceWeights(weights, options.weights(), geometry.positionsMax(), owned);
      blocks = new DeviceBlocks(device, geometry, model.layers(), options.kv(), owned);
      opened = new OpenedBlocks(device, geometry, options, blocks, owned);
      adapters = owned.own(new DeviceAdapters(device, model, options.adapterSlots(), owned));
      tables = new StepTables(model, options, geometry, partialSlots, opened, owned);
      launches =
          new StepLaunches(
              device,
              model,
              options,
              copied,
              blocks,
              adapters,
              tables,
              opened,
              partialSlots,
              owned);
      results = owned.pinned((long) options.sequencesMax() * StepLaunches.RESULT_BYTES).segment();
      states = owned.pinned((long) options.rowsMax() * model.hidden() * Float.BYTES).segment();
      state = new float[model.hidden()];
    } catch (RuntimeException e) {
      owned.close();
      throw e;
    }
  }

  /**
   * Builds an executor: copies the weights, and asks for the pool and all buffers.
   *
   * @throws IllegalArgumentException when the model or the options are none that it can run
   * @throws CudaException when the driver fails, or buffers do not fit into the device's memory
   */
  public static CudaExecutor create(
      CudaDevice device, ModelWeights weights, ExecutorOptions options) {
    check(weights.config(), options);
    device.context().enter();
    long pool = options.blocks() * options.kv().blockBytes(weights.config(), options.blockTokens());
    long openedBytes = openedBytes(weights.config(), options);
    long needed = weights.config().parameters() * options.weights().bytes + pool + openedBytes;
    long free = device.context().freeBytes();
    require(
        needed < free,
        "model and its KV of "
            + needed
            + " bytes"
            + (openedBytes == 0 ? "" : ", " + openedBytes + " of them for what steps open of it"),
        "less than " + free);
    return new CudaExecutor(device, weights, options);
  }

  /**
   * Bytes of device memory beside the pool for what a step opens of sealed blocks: one layer of
   * each block of the pool, where steps read sealed ones.
   */
  public static long openedBytes(ModelConfig model, ExecutorOptions options) {
    return OpenedBlocks.bytes(
        options, model.layers(), options.kv().blockBytes(model, options.blockTokens()));
  }

  /** Refuses what the kernels are not made for. */
  private static void check(ModelConfig model, ExecutorOptions options) {
    require(options.weights() != WeightType.F32, "weights", "bf16, int8 or fp8");
    require(options.kv() != KvType.F32, "kv", "bf16 or fp8");
    require(options.blockTokens() == BLOCK_TOKENS, "block-tokens", "16");
    require(
        model.headDimension() % 16 == 0 && model.headDimension() <= 256,
        "head_dim",
        "a multiple of 16 up to 256");
    require(model.heads() / model.kvHeads() <= 16, "num_attention_heads", "16 for each KV head");
    require(model.hidden() % 8 == 0, "hidden_size", "a multiple of 8");
    require(model.feedForward() % 8 == 0, "intermediate_size", "a multiple of 8");
  }

  private static void require(boolean holds, String what, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(
          "the cuda executor cannot run this " + what + " (expected: " + expected + ")");
    }
  }

  @Override
  public ExecutorGeometry geometry() {
    return geometry;
  }

  @Override
  public void execute(StepPlan plan, StepResult result) {
    check.check(plan);
    for (int s = 0; s < plan.sequences; s++) {
      checkSequence(plan, s);
    }
    if (plan.rows == 0) {
      return;
    }
    device.context().enter();
    try {
      run(plan);
    } catch (CudaException e) {
      if (e.deviceLost()) {
        throw new DeviceLostError(e);
      }
      throw e;
    }
    read(plan, result);
  }

  private void checkSequence(StepPlan plan, int s) {
    if (!adapters.usable(plan.adapterSlot[s])) {
      throw new IllegalArgumentException("step plan: adapterSlot");
    }
    int last = plan.positions[plan.rowStart[s + 1] - 1] / geometry.blockTokens();
    for (int i = plan.blockStart[s]; i <= plan.blockStart[s] + last && !readsSealed; i++) {
      if (plan.seal[i] != 0) {
        throw new IllegalArgumentException("step plan: seal: a sealed block is read");
      }
    }
  }

  private void run(StepPlan plan) {
    try {
      opened.fill(plan, geometry.blockTokens());
      tables.fill(plan);
      launch(plan, tables.shape(plan));
    } catch (RuntimeException e) {
      try {
        opened.forget();
      } catch (CudaException again) {
        e.addSuppressed(again);
      }
      throw e;
    }
    opened.forget();
    stream.synchronize();
    opened.check();
  }

  private void launch(StepPlan plan, StepShape shape) {
    tables.copyIn(stream);
    opened.copyIn();
    Graph graph = graphs.get(shape);
    if (graph != null) {
      stream.launch(graph);
    } else if (seen.add(shape)) {
      launches.run(shape); // which loads its kernels; many shapes never come again
    } else {
      graph = stream.capture(() -> launches.run(shape));
      graphs.put(shape, graph);
      stream.launch(graph);
    }
    if (tables.samples() > 0) {
      stream.copyOut(
          results,
          launches.results().address(),
          (long) tables.samples() * StepLaunches.RESULT_BYTES);
    }
    if (shape.states()) {
      stream.copyOut(
          states, launches.states().address(), (long) plan.rows * model.hidden() * Float.BYTES);
    }
    opened.copyOut();
  }

  private void read(StepPlan plan, StepResult result) {
    long at = 0;
    for (int s = 0; s < plan.sequences; s++) {
      if (plan.sample[s]) {
        read(plan, s, at, result);
        at += StepLaunches.RESULT_BYTES;
      }
    }
    for (int s = 0; s < plan.sequences; s++) {
      HiddenSum wanted = plan.hidden[s];
      for (int row = plan.rowStart[s]; wanted != null && row < plan.rowStart[s + 1]; row++) {
        if (wanted.positions() == plan.positions[row]) {
          MemorySegment.copy(
              states,
              JAVA_FLOAT,
              (long) row * model.hidden() * Float.BYTES,
              state,
              0,
              state.length);
          wanted.add(state, 0);
        }
      }
    }
  }

  private void read(StepPlan plan, int s, long at, StepResult result) {
    result.tokenId[s] = results.get(JAVA_INT, at);
    result.notFinite[s] = results.get(JAVA_INT, at + Integer.BYTES) != 0;
    if (plan.topLogprobs[s] >= 0 && !result.notFinite[s]) {
      result.logprob[s] = results.get(JAVA_FLOAT, at + RESULT_LOGPROB);
      int to = s * StepResult.TOP_LOGPROBS_MAX;
      int count = Math.min(plan.topLogprobs[s], geometry.vocabularySize());
      MemorySegment.copy(results, JAVA_INT, at + RESULT_TOP_TOKENS, result.topTokenIds, to, count);
      MemorySegment.copy(
          results, JAVA_FLOAT, at + RESULT_TOP_LOGPROBS, result.topLogprobs, to, count);
    }
  }

  /** Launches the last step once more, whose plan this was; for measuring. Does not wait. */
  public void replay(StepPlan plan) {
    stream.launch(Objects.requireNonNull(graphs.get(tables.shape(plan))));
  }

  /** Zeroes the whole pool, as the driver's own fill does it. */
  public void zeroPool() {
    device.context().enter();
    blocks.zeroAll();
  }

  /** Logits of the {@code i}-th sampled sequence of the last step. */
  public float[] logits(int i) {
    device.context().enter();
    return launches.logits(i);
  }

  @Override
  public void zeroBlocks(int[] blockIds, int count) {
    device.context().enter();
    blocks.zeroBlocks(blockIds, count);
  }

  @Override
  public void sealBlock(int blockId, BlockKey key, long seal) {
    device.context().enter();
    blocks.sealBlock(blockId, key, seal);
  }

  @Override
  public void endSealing() {
    device.context().enter();
    blocks.endSealing();
  }

  @Override
  public boolean openBlock(int blockId, BlockKey key, long seal) {
    device.context().enter();
    return blocks.openBlock(blockId, key, seal);
  }

  @Override
  public byte[] exportBlock(int blockId, BlockKey key, long seal) {
    device.context().enter();
    return blocks.exportBlock(blockId, key, seal);
  }

  @Override
  public byte[] exportSealed(int blockId) {
    device.context().enter();
    return blocks.exportSealed(blockId);
  }

  @Override
  public boolean importBlock(int blockId, BlockKey key, long seal, byte[] exported) {
    device.context().enter();
    return blocks.importBlock(blockId, key, seal, exported);
  }

  @Override
  public long residueBytes(int blockId) {
    device.context().enter();
    return blocks.residueBytes(blockId);
  }

  /** Where a block begins in device memory. */
  long blockAddress(int blockId) {
    return blocks.block(blockId);
  }

  /** Bytes that lie readable beside the pool, keys included; none between steps. */
  long openedResidue() {
    device.context().enter();
    return opened.residueBytes();
  }

  @Override
  public void prepare(LoraAdapter adapter) {
    adapters.prepare(adapter);
  }

  @Override
  public int loadAdapter(LoraAdapter adapter) {
    device.context().enter();
    return adapters.load(adapter);
  }

  @Override
  public void unloadAdapter(int slot) {
    device.context().enter();
    adapters.unload(slot);
  }

  @Override
  public String kind() {
    return "cuda";
  }

  /** Zeroes all of its memory on the device, activations too, and gives it back. */
  @Override
  public void close() {
    device.context().enter();
    try (owned) {
      graphs.values().forEach(Graph::close);
      graphs.clear();
      owned.zero(stream);
    }
  }
}
