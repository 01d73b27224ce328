package dev.cofferdam.worker.execution.cuda;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.cofferdam.worker.execution.ExecutorGeometry;
import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.execution.cuda.driver.DeviceMemory;
import dev.cofferdam.worker.execution.cuda.driver.Stream;
import dev.cofferdam.worker.generation.Penalties;
import dev.cofferdam.worker.model.ModelConfig;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * A step's numbers as the kernels read them: written into pinned memory, and copied to the device
 * in one go. All tables have fixed places, so that a captured graph finds them; the block table,
 * whose length varies most, is the last. Allocates nothing after construction.
 */
final class StepTables {
  private static final int TILE_BYTES = 32;
  private static final int SEGMENT_BYTES = 16;
  private static final int SETTINGS_BYTES = 64;
  private static final int PENALTY_BYTES = 8;
  private static final int COUNTS = 8;

  /** Rows of a segment: more are shared out among several. */
  private static final int SEGMENT_ROWS = 64;

  private final int smallRows;
  private final int largeRows;
  private final int partialSlots;
  private final int penaltiesMax;
  private final int[] rowsOfSlot;
  private final int[] nextOfSlot;
  private final PenaltyCounts penaltyCounts;
  private final OpenedBlocks opened;

  private final long token;
  private final long position;
  private final long tableAt;
  private final long slotOfRow;
  private final long segmentRow;
  private final long sampleRow;
  private final long smallTile;
  private final long largeTile;
  private final long segment;
  private final long settings;
  private final long blockTable;
  private final MemorySegment staged;
  private final DeviceMemory device;
  private final MemorySegment stagedPenalties;
  private final DeviceMemory penalties;
  private long laidOut = COUNTS * (long) Integer.BYTES;
  private long used;
  private int samples;
  private int smallTiles;
  private int largeTiles;
  private int segments;
  private int partials;
  private int splits;
  private int penaltyEntries;

  /**
   * Lays the tables out.
   *
   * @param partialSlots pieces of attention that can be kept for merging
   * @param opened what a step reads of sealed blocks
   */
  StepTables(
      ModelConfig model,
      ExecutorOptions options,
      ExecutorGeometry geometry,
      int partialSlots,
      OpenedBlocks opened,
      Owned owned) {
    this.partialSlots = partialSlots;
    this.opened = opened;
    smallRows = KernelShapes.attendRows(false, model);
    largeRows = KernelShapes.attendRows(true, model);
    rowsOfSlot = new int[options.adapterSlots() + 1];
    nextOfSlot = new int[options.adapterSlots() + 1];
    penaltyCounts = new PenaltyCounts(model.vocabularySize());
    int rows = options.rowsMax();
    int sequences = options.sequencesMax();
    token = place(rows, Integer.BYTES);
    position = place(rows, Integer.BYTES);
    tableAt = place(rows, Integer.BYTES);
    slotOfRow = place(rows, Integer.BYTES);
    segmentRow = place(rows, Integer.BYTES);
    sampleRow = place(sequences, Integer.BYTES);
    smallTile = place(sequences, TILE_BYTES);
    largeTile = place(sequences + rows / largeRows, TILE_BYTES);
    segment = place(sequences + rows / SEGMENT_ROWS, SEGMENT_BYTES);
    settings = place(sequences, SETTINGS_BYTES);
    long blocksOfSequence = KernelShapes.ceil(geometry.positionsMax(), options.blockTokens());
    blockTable = place(blocksOfSequence * sequences, Integer.BYTES);
    staged = owned.pinned(laidOut).segment();
    device = owned.device(laidOut);
    penaltiesMax =
        (int)
            Math.min(
                (long) sequences * Math.min(model.vocabularySize(), geometry.positionsMax() + 1),
                (long) options.blocks() * options.blockTokens() + sequences);
    stagedPenalties = owned.pinned((long) penaltiesMax * PENALTY_BYTES).segment();
    penalties = owned.device((long) penaltiesMax * PENALTY_BYTES);
  }

  private long place(long count, int bytes) {
    long at = (laidOut + 15) / 16 * 16;
    laidOut = at + count * bytes;
    return at;
  }

  /** Most entries of penalties. */
  int penaltiesMax() {
    return penaltiesMax;
  }

  /** Writes a plan down; it was checked, and what it reads of sealed blocks has places. */
  void fill(StepPlan plan) {
    samples = 0;
    smallTiles = 0;
    largeTiles = 0;
    partials = 0;
    splits = 1;
    penaltyEntries = 0;
    used = blockTable;
    for (int s = 0; s < plan.sequences; s++) {
      int firstEntry = (int) ((used - blockTable) / Integer.BYTES);
      rows(plan, s, firstEntry);
      tiles(plan, s, firstEntry);
      if (plan.sample[s]) {
        sample(plan, s);
      }
    }
    segments(plan);
    putInt(0, plan.rows);
    putInt(Integer.BYTES, samples);
    putInt(2 * Integer.BYTES, smallTiles);
    putInt(3 * Integer.BYTES, largeTiles);
    putInt(4 * Integer.BYTES, segments);
  }

  private void rows(StepPlan plan, int s, int firstEntry) {
    int blockTokens = 16;
    int last = plan.rowStart[s + 1] - 1;
    for (int row = plan.rowStart[s]; row <= last; row++) {
      putInt(token + 4L * row, plan.tokenIds[row]);
      putInt(position + 4L * row, plan.positions[row]);
      putInt(tableAt + 4L * row, firstEntry);
      putInt(slotOfRow + 4L * row, plan.adapterSlot[s]);
    }
    int blocks = plan.positions[last] / blockTokens + 1;
    MemorySegment.copy(plan.blockTable, plan.blockStart[s], staged, JAVA_INT, used, blocks);
    for (int i = 0; opened.count() > 0 && i < blocks; i++) {
      int entry = plan.blockStart[s] + i;
      if (plan.seal[entry] != 0) {
        putInt(used + 4L * i, ~opened.place(plan.blockTable[entry]));
      }
    }
    used += (long) blocks * Integer.BYTES;
  }

  private void tiles(StepPlan plan, int s, int firstEntry) {
    int from = plan.rowStart[s];
    int to = plan.rowStart[s + 1];
    if (to - from <= smallRows) {
      int slots = to - from > 1 ? 1 : plan.positions[from] / KernelShapes.ATTEND_SPLIT + 1;
      boolean merged = slots > 1 && partials + slots <= partialSlots;
      long at = smallTile + (long) smallTiles++ * TILE_BYTES;
      tile(at, plan, from, to, firstEntry, merged ? partials : -1);
      if (merged) {
        partials += slots;
        splits = Math.max(splits, slots);
      }
    } else {
      for (int row = from; row < to; row += largeRows) {
        long at = largeTile + (long) largeTiles++ * TILE_BYTES;
        tile(at, plan, row, Math.min(to, row + largeRows), firstEntry, -1);
      }
    }
  }

  private void tile(long at, StepPlan plan, int from, int to, int firstEntry, int partialAt) {
    putInt(at, from);
    putInt(at + 4, to - from);
    putInt(at + 8, plan.positions[from]);
    putInt(at + 12, firstEntry);
    putInt(at + 16, partialAt);
  }

  private void sample(StepPlan plan, int s) {
    long at = settings + (long) samples * SETTINGS_BYTES;
    Penalties wanted = plan.penalties[s];
    putInt(sampleRow + 4L * samples, plan.rowStart[s + 1] - 1);
    putFloat(at, plan.temperature[s]);
    putFloat(at + 4, plan.topP[s]);
    putFloat(at + 8, plan.minP[s]);
    putInt(at + 12, plan.topK[s]);
    staged.set(JAVA_LONG, at + 16, plan.seed[s]);
    putInt(at + 24, plan.outputIndex[s]);
    putInt(at + 28, plan.topLogprobs[s]);
    putFloat(at + 32, wanted.repetition());
    putFloat(at + 36, wanted.presence());
    putFloat(at + 40, wanted.frequency());
    putInt(at + 44, penaltyEntries);
    int entries = wanted.none() ? 0 : penaltyEntries(plan, s);
    putInt(at + 48, entries);
    penaltyEntries += entries;
    samples++;
  }

  private int penaltyEntries(StepPlan plan, int s) {
    int count = penaltyCounts.count(plan.history[s], plan.promptLength[s], plan.historyLength[s]);
    if (penaltyEntries + count > penaltiesMax) {
      throw new IllegalArgumentException("step plan: history");
    }
    for (int i = 0; i < count; i++) {
      long at = (long) (penaltyEntries + i) * PENALTY_BYTES;
      stagedPenalties.set(JAVA_INT, at, penaltyCounts.token(i));
      stagedPenalties.set(JAVA_INT, at + 4, penaltyCounts.times(i));
    }
    return count;
  }

  /** Rows of the same adapter, one behind the other, in pieces. */
  private void segments(StepPlan plan) {
    segments = 0;
    Arrays.fill(rowsOfSlot, 0);
    for (int s = 0; s < plan.sequences; s++) {
      rowsOfSlot[plan.adapterSlot[s]] += plan.rowStart[s + 1] - plan.rowStart[s];
    }
    int next = 0;
    for (int slot = 1; slot < rowsOfSlot.length; slot++) {
      nextOfSlot[slot] = next;
      for (int done = 0; done < rowsOfSlot[slot]; done += SEGMENT_ROWS) {
        long at = segment + (long) segments++ * SEGMENT_BYTES;
        putInt(at, slot);
        putInt(at + 4, next + done);
        putInt(at + 8, Math.min(SEGMENT_ROWS, rowsOfSlot[slot] - done));
      }
      next += rowsOfSlot[slot];
    }
    for (int s = 0; s < plan.sequences && segments > 0; s++) {
      int slot = plan.adapterSlot[s];
      for (int row = plan.rowStart[s]; slot != 0 && row < plan.rowStart[s + 1]; row++) {
        putInt(segmentRow + 4L * nextOfSlot[slot]++, row);
      }
    }
  }

  /** The launches that the plan needs. */
  StepShape shape(StepPlan plan) {
    boolean logprobs = false;
    boolean states = false;
    for (int s = 0; s < plan.sequences; s++) {
      logprobs |= plan.sample[s] && plan.topLogprobs[s] >= 0;
      states |= plan.hidden[s] != null;
    }
    return new StepShape(
        KernelShapes.bucket(plan.rows),
        KernelShapes.bucket(samples),
        KernelShapes.bucket(smallTiles),
        KernelShapes.bucket(largeTiles),
        KernelShapes.bucket(splits),
        KernelShapes.bucket(segments),
        KernelShapes.bucket(opened.count()),
        penaltyEntries > 0,
        logprobs,
        states);
  }

  /** Copies what was filled in to the device. */
  void copyIn(Stream stream) {
    stream.copyIn(device.address(), staged, used);
    if (penaltyEntries > 0) {
      stream.copyIn(penalties.address(), stagedPenalties, (long) penaltyEntries * PENALTY_BYTES);
    }
  }

  private void putInt(long at, int value) {
    staged.set(JAVA_INT, at, value);
  }

  private void putFloat(long at, float value) {
    staged.set(JAVA_FLOAT, at, value);
  }

  /** Sequences that a token is sampled for. */
  int samples() {
    return samples;
  }

  long rowsCount() {
    return device.address();
  }

  long samplesCount() {
    return device.address() + Integer.BYTES;
  }

  long smallTilesCount() {
    return device.address() + 2 * Integer.BYTES;
  }

  long largeTilesCount() {
    return device.address() + 3 * Integer.BYTES;
  }

  long segmentsCount() {
    return device.address() + 4 * Integer.BYTES;
  }

  long token() {
    return device.address() + token;
  }

  long position() {
    return device.address() + position;
  }

  long tableAt() {
    return device.address() + tableAt;
  }

  long slotOfRow() {
    return device.address() + slotOfRow;
  }

  long segmentRow() {
    return device.address() + segmentRow;
  }

  long sampleRow() {
    return device.address() + sampleRow;
  }

  long smallTile() {
    return device.address() + smallTile;
  }

  long largeTile() {
    return device.address() + largeTile;
  }

  long segment() {
    return device.address() + segment;
  }

  long settings() {
    return device.address() + settings;
  }

  long blockTable() {
    return device.address() + blockTable;
  }

  long penalties() {
    return penalties.address();
  }
}
