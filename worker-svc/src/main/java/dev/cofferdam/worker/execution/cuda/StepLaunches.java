package dev.cofferdam.worker.execution.cuda;

import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.execution.KvType;
import dev.cofferdam.worker.execution.cuda.driver.Arguments;
import dev.cofferdam.worker.execution.cuda.driver.DeviceMemory;
import dev.cofferdam.worker.execution.cuda.driver.PinnedMemory;
import dev.cofferdam.worker.execution.cuda.driver.Stream;
import dev.cofferdam.worker.model.ModelConfig;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;

/**
 * The kernels of a step, in order. {@link #run} is captured once for each {@link StepShape}, and
 * replayed.
 */
final class StepLaunches {
  /** Bytes of what is sampled of a sequence. */
  static final int RESULT_BYTES = 176;

  private static final int ROW_THREADS = 128;
  private static final int NORM_THREADS = 256;
  private static final int PRODUCT_THREADS = 256;
  private static final int SAMPLE_THREADS = 1024;
  private static final int SMALL_THREADS = 128;
  private static final int LARGE_THREADS = 256;
  private static final int GATE_PIECE = 1024;
  private static final int EXPAND_PIECE = 256;
  private static final int SHRINK_PIECE = 16;
  private static final int SCAN_PIECE = 4096;
  private static final int TARGETS_OF_LAYER = 7;

  /** Largest number of tiles of a grid along the splits of a context. */
  private static final int SPLITS_MAX = 64;

  private final CudaDevice device;
  private final Stream stream;
  private final ModelConfig model;
  private final DeviceWeights weights;
  private final DeviceBlocks blocks;
  private final DeviceAdapters adapters;
  private final StepTables tables;
  private final OpenedBlocks opened;
  private final Arguments arguments = new Arguments(Arena.ofAuto());
  private final int attendDimension;
  private final boolean fp8;

  private final DeviceMemory stream32;
  private final DeviceMemory normed;
  private final DeviceMemory planes;
  private final DeviceMemory query;
  private final DeviceMemory attended;
  private final DeviceMemory gated;
  private final DeviceMemory delta;
  private final DeviceMemory shrunk;
  private final DeviceMemory partials;
  private final DeviceMemory logits;
  private final DeviceMemory states;
  private final DeviceMemory scratch;
  private final DeviceMemory penalized;
  private final DeviceMemory results;

  private StepShape shape = new StepShape(0, 0, 0, 0, 1, 0, 0, false, false, false);

  /** Planes that the last product left behind, and the adapters' share of it, or 0. */
  private int planeCount;

  private long planeStride;
  private long deltaAddress;

  StepLaunches(
      CudaDevice device,
      ModelConfig model,
      ExecutorOptions options,
      DeviceWeights weights,
      DeviceBlocks blocks,
      DeviceAdapters adapters,
      StepTables tables,
      OpenedBlocks opened,
      int partialSlots,
      Owned owned) {
    this.device = device;
    this.stream = device.stream();
    this.model = model;
    this.weights = weights;
    this.blocks = blocks;
    this.adapters = adapters;
    this.tables = tables;
    this.opened = opened;
    attendDimension = KernelShapes.attendDimension(model);
    fp8 = options.kv() == KvType.FP8;
    int rows = options.rowsMax();
    int samples = options.sequencesMax();
    long hidden = model.hidden();
    long widest = Math.max(model.queryWidth() + 2L * model.kvWidth(), 2L * model.feedForward());
    stream32 = owned.device(rows * hidden * Float.BYTES);
    normed = owned.device(rows * hidden * Short.BYTES);
    planes = owned.device(planesElements(rows) * Float.BYTES);
    query = owned.device((long) rows * model.queryWidth() * Short.BYTES);
    attended = owned.device((long) rows * model.queryWidth() * Short.BYTES);
    gated = owned.device((long) rows * model.feedForward() * Short.BYTES);
    boolean lora = options.adapterSlots() > 0;
    delta = owned.device(lora ? rows * widest * Float.BYTES : 0);
    shrunk = owned.device(lora ? rows * 3L * DeviceAdapters.RANK_MAX * Float.BYTES : 0);
    partials =
        owned.device(
            (long) partialSlots * model.heads() * (model.headDimension() + 2) * Float.BYTES);
    logits = owned.device((long) samples * model.vocabularySize() * Float.BYTES);
    states = owned.device(rows * hidden * Float.BYTES);
    scratch = owned.device(samples * KernelShapes.sampleScratch(model.vocabularySize()));
    penalized = owned.device((long) tables.penaltiesMax() * Float.BYTES);
    results = owned.device((long) samples * RESULT_BYTES);
  }

  /** What was sampled, in the order of the samples, {@link #RESULT_BYTES} each. */
  DeviceMemory results() {
    return results;
  }

  /** Final normalised hidden states of all rows, where they were wanted. */
  DeviceMemory states() {
    return states;
  }

  /** Logits of the {@code i}-th sample of the last step. Waits. */
  float[] logits(int i) {
    long bytes = (long) model.vocabularySize() * Float.BYTES;
    try (PinnedMemory copied = new PinnedMemory(bytes)) {
      stream.copyOut(copied.segment(), logits.at(i * bytes, bytes), bytes);
      stream.synchronize();
      return copied.segment().toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  private long planesElements(int rowsMax) {
    long most = 0;
    for (int rows = 1; rows < 2 * rowsMax; rows *= 2) {
      for (DeviceMatrix matrix : matrices()) {
        most = Math.max(most, (long) planesOf(matrix, rows) * rows * matrix.outputs());
      }
    }
    return most;
  }

  private DeviceMatrix[] matrices() {
    DeviceWeights.Layer layer = weights.layers[0];
    return new DeviceMatrix[] {layer.queryKeyValue(), layer.output(), layer.gateUp(), layer.down()};
  }

  /** Whether a product's splits are computed side by side, which few rows need. */
  private int planesOf(DeviceMatrix matrix, int rows) {
    long tiles =
        (long) KernelShapes.ceil(rows, KernelShapes.productRows(rows))
            * KernelShapes.ceil(matrix.outputs(), KernelShapes.PRODUCT_OUTPUTS);
    return tiles < device.device().multiprocessors() ? matrix.splits() : 1;
  }

  /** Launches a step of the given shape. */
  void run(StepShape wanted) {
    shape = wanted;
    arguments.clear().address(tables.rowsCount()).address(tables.token());
    launch(
        weights.embedding.kernel("cf_embed"),
        shape.rows(),
        1,
        1,
        ROW_THREADS,
        withWeights(weights.embedding, arguments)
            .address(stream32.address())
            .number(model.hidden()));
    noPlanes();
    for (int layer = 0; layer < weights.layers.length; layer++) {
      DeviceWeights.Layer current = weights.layers[layer];
      norm(0, current.inputNorm());
      attention(layer, current);
      norm(current.outputBias(), current.feedForwardNorm());
      feedForward(layer, current);
    }
    ending();
  }

  private void noPlanes() {
    planeCount = 0;
    planeStride = 0;
    deltaAddress = 0;
  }

  /** Adds what the last product gave to the stream, and normalises all rows. */
  private void norm(long bias, long weight) {
    norm(tables.rowsCount(), shape.rows(), 0, bias, weight, normed.address(), 0);
  }

  private void norm(
      long count, int rows, long rowIndex, long bias, long weight, long to, long to32) {
    arguments
        .clear()
        .address(count)
        .address(rowIndex)
        .address(stream32.address())
        .number(model.hidden());
    launch(
        "cf_norm",
        rows,
        1,
        1,
        NORM_THREADS,
        planes(bias).address(weight).number((float) model.normEpsilon()).address(to).address(to32));
  }

  private Arguments planes(long bias) {
    return arguments
        .address(planes.address())
        .number(planeCount)
        .number(planeStride)
        .address(bias)
        .address(deltaAddress)
        .address(tables.slotOfRow());
  }

  private void attention(int layer, DeviceWeights.Layer current) {
    project(
        layer,
        current.queryKeyValue(),
        normed.address(),
        0,
        model.queryWidth(),
        model.kvWidth(),
        model.kvWidth());
    arguments.clear().address(tables.rowsCount());
    launch(
        fp8 ? "cf_rotate_store_fp8" : "cf_rotate_store",
        shape.rows(),
        1,
        1,
        NORM_THREADS,
        planes(current.queryKeyValueBias())
            .address(current.queryNorm())
            .address(current.keyNorm())
            .number((float) model.normEpsilon())
            .address(weights.rotary)
            .address(tables.position())
            .address(tables.tableAt())
            .address(tables.blockTable())
            .address(query.address())
            .address(blocks.address())
            .number(blocks.blockElements())
            .number(layer)
            .number(model.heads())
            .number(model.kvHeads())
            .number(model.headDimension()));
    opened.open(layer, shape.opened());
    if (shape.smallTiles() > 0) {
      int splits = Math.min(shape.splits(), SPLITS_MAX);
      attend(
          false, layer, tables.smallTilesCount(), tables.smallTile(), shape.smallTiles(), splits);
      if (shape.splits() > 1) {
        merge();
      }
    }
    if (shape.largeTiles() > 0) {
      attend(true, layer, tables.largeTilesCount(), tables.largeTile(), shape.largeTiles(), 1);
    }
    project(layer, current.output(), attended.address(), 3, model.hidden(), 0, 0);
  }

  private void attend(boolean large, int layer, long count, long tile, int tiles, int splits) {
    String name =
        (large ? "cf_attend_large_" : "cf_attend_small_")
            + (shape.opened() > 0 ? "opened_" : "")
            + (fp8 ? "fp8_" : "");
    int d = attendDimension;
    int shared = fp8 ? KernelShapes.attendShared8(large, d) : KernelShapes.attendShared(large, d);
    stream.launch(
        device.kernel(name + d, shared),
        tiles,
        model.kvHeads(),
        splits,
        large ? LARGE_THREADS : SMALL_THREADS,
        shared,
        arguments
            .clear()
            .address(count)
            .address(tile)
            .address(query.address())
            .address(blocks.address())
            .number(blocks.blockElements())
            .address(tables.blockTable())
            .number(layer)
            .number(model.heads())
            .number(model.kvHeads())
            .number(model.headDimension())
            .number((float) (1 / Math.sqrt(model.headDimension())))
            .address(attended.address())
            .address(partials.address())
            .address(opened.address()));
  }

  private void merge() {
    launch(
        "cf_attend_merge",
        shape.smallTiles(),
        model.heads(),
        1,
        SMALL_THREADS,
        arguments
            .clear()
            .address(tables.smallTilesCount())
            .address(tables.smallTile())
            .address(partials.address())
            .number(model.heads())
            .number(model.headDimension())
            .address(attended.address()));
  }

  private void feedForward(int layer, DeviceWeights.Layer current) {
    int width = model.feedForward();
    project(layer, current.gateUp(), normed.address(), 4, width, width, 0);
    arguments.clear().address(tables.rowsCount());
    launch(
        "cf_gate",
        shape.rows(),
        KernelShapes.ceil(width, GATE_PIECE),
        1,
        NORM_THREADS,
        planes(0).address(gated.address()).number(width));
    project(layer, current.down(), gated.address(), 6, model.hidden(), 0, 0);
  }

  /**
   * Multiplies all rows with a matrix of a layer, and with the adapters' factors of its targets.
   *
   * @param target the first of its targets, whose outputs are the widths
   */
  private void project(
      int layer, DeviceMatrix matrix, long x, int target, int width0, int width1, int width2) {
    planeCount = planesOf(matrix, shape.rows());
    planeStride = (long) shape.rows() * matrix.outputs();
    product(tables.rowsCount(), shape.rows(), matrix, x, planes.address(), planeCount);
    deltaAddress = 0;
    if (shape.segments() > 0) {
      deltaAddress = delta.address();
      int targets = width2 > 0 ? 3 : width1 > 0 ? 2 : 1;
      int at = layer * TARGETS_OF_LAYER + target;
      shrink(x, matrix.inputs(), targets, at);
      expand(targets, at, width0, width1, width2);
    }
  }

  private void product(long count, int rows, DeviceMatrix matrix, long x, long to, int gridZ) {
    int width = KernelShapes.productRows(rows, matrix, device.device());
    int shared = matrix.sharedBytes(width);
    stream.launch(
        device.kernel(matrix.kernel("cf_product") + "_" + width, shared),
        KernelShapes.ceil(rows, width),
        KernelShapes.ceil(matrix.outputs(), KernelShapes.PRODUCT_OUTPUTS),
        gridZ,
        PRODUCT_THREADS,
        shared,
        withWeights(matrix, arguments.clear().address(count))
            .address(x)
            .address(to)
            .number(matrix.outputs())
            .number(matrix.inputs())
            .number(matrix.splitInputs())
            .number(planeStride));
  }

  private static Arguments withWeights(DeviceMatrix matrix, Arguments arguments) {
    arguments.address(matrix.address());
    return matrix.scales() == 0 ? arguments : arguments.address(matrix.scales());
  }

  private void shrink(long x, int inputs, int targets, int moduleAt) {
    launch(
        "cf_lora_shrink",
        shape.segments(),
        targets,
        DeviceAdapters.RANK_MAX / SHRINK_PIECE,
        NORM_THREADS,
        segments(moduleAt)
            .address(x)
            .number(inputs)
            .address(shrunk.address())
            .number(DeviceAdapters.RANK_MAX));
  }

  private void expand(int targets, int moduleAt, int width0, int width1, int width2) {
    launch(
        "cf_lora_expand",
        shape.segments(),
        KernelShapes.ceil(width0 + width1 + width2, EXPAND_PIECE),
        1,
        NORM_THREADS,
        segments(moduleAt)
            .address(shrunk.address())
            .number(DeviceAdapters.RANK_MAX)
            .address(delta.address())
            .number(targets)
            .number(width0)
            .number(width1)
            .number(width2));
  }

  private Arguments segments(int moduleAt) {
    return arguments
        .clear()
        .address(tables.segmentsCount())
        .address(tables.segment())
        .address(tables.segmentRow())
        .address(adapters.modules())
        .number(adapters.slotStride())
        .number(moduleAt);
  }

  private void ending() {
    if (shape.states()) {
      norm(tables.rowsCount(), shape.rows(), 0, 0, weights.finalNorm, 0, states.address());
      noPlanes();
    }
    if (shape.samples() > 0) {
      norm(
          tables.samplesCount(),
          shape.samples(),
          tables.sampleRow(),
          0,
          weights.finalNorm,
          normed.address(),
          0);
      planeStride = 0;
      product(
          tables.samplesCount(),
          shape.samples(),
          weights.outputHead,
          normed.address(),
          logits.address(),
          1);
      sample();
    }
  }

  private void sample() {
    int vocabulary = model.vocabularySize();
    if (shape.penalties()) {
      launch(
          "cf_penalize",
          shape.samples(),
          1,
          1,
          NORM_THREADS,
          sampling()
              .address(tables.penalties())
              .address(logits.address())
              .number(vocabulary)
              .address(penalized.address()));
    }
    launch(
        "cf_sample_scan",
        KernelShapes.ceil(vocabulary, SCAN_PIECE),
        shape.samples(),
        1,
        NORM_THREADS,
        arguments
            .clear()
            .address(tables.samplesCount())
            .address(logits.address())
            .number(vocabulary)
            .address(scratch.address()));
    launch(
        "cf_sample",
        shape.samples(),
        1,
        1,
        SAMPLE_THREADS,
        sampling()
            .address(tables.penalties())
            .address(logits.address())
            .number(vocabulary)
            .address(penalized.address())
            .address(scratch.address())
            .address(results.address()));
    if (shape.logprobs()) {
      launch(
          "cf_logprobs",
          shape.samples(),
          1,
          1,
          SAMPLE_THREADS,
          sampling().address(logits.address()).number(vocabulary).address(results.address()));
    }
  }

  private Arguments sampling() {
    return arguments.clear().address(tables.samplesCount()).address(tables.settings());
  }

  private void launch(String kernel, int x, int y, int z, int threads, Arguments with) {
    stream.launch(device.kernel(kernel), x, y, z, threads, 0, with);
  }
}
