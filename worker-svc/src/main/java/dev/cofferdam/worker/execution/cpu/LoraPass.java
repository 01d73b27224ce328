package dev.cofferdam.worker.execution.cpu;

import dev.cofferdam.worker.adapter.LoraTarget;
import dev.cofferdam.worker.execution.AdapterSlots;
import java.util.Arrays;
import java.util.Objects;

/**
 * Adds the adapters' share to the projections of a step: rows are grouped by adapter, and each
 * factor is read from memory once for all rows of its group (segmented gather matrix-vector
 * multiplication; Punica, Chen et al., 2023). Ranks and targets may differ from group to group.
 * Rows of the base model are in no group and cost nothing.
 *
 * <p>The inputs are shrunk in the same job that computes the base projection; another job expands.
 * What is computed for a row does not depend on its group.
 */
final class LoraPass {
  /** Most rows of a block: a long prompt is for all threads. */
  private static final int ROWS_OF_BLOCK = 32;

  /** Panels of outputs that a chunk expands. */
  private static final int PANELS_OF_CHUNK = 32;

  /** Multiply-adds from which on waking the helpers costs less than it brings. */
  private static final long TOGETHER_MIN = 1 << 16;

  private final AdapterSlots<PackedLora> adapters;
  private final Team team;

  /** A panel of A with the rows of a block; its chunks are what {@link #begin} returns. */
  final Team.Job shrinking = this::shrink;

  private final Team.Job expanding = this::expand;

  /** Scratch: what A gives for each row. */
  private final float[] shrunk;

  /** Number of rows with each adapter, then where its next row goes. */
  private final int[] ofSlot;

  /** Rows with an adapter, in groups of the same. */
  private final int[] rows;

  /** Groups in pieces: their slots, where they begin in {@link #rows}, and the end of the last. */
  private final int[] slotOfBlock;

  private final int[] startOfBlock;

  /** Chunks of shrinking before each block, and of all blocks. */
  private final int[] shrinksBefore;

  private int blocks;

  /** Sum of the rows' ranks. */
  private long ranks;

  private int layer;
  private LoraProjection projection = LoraProjection.QUERY_KEY_VALUE;
  private PackedMatrix matrix;
  private float[] x = {};
  private int xStride;
  private float[] y = {};

  /**
   * Allocates what rows need.
   *
   * @param slots of adapters
   * @param any one of the matrices
   */
  LoraPass(AdapterSlots<PackedLora> adapters, int slots, int rowsMax, Team team, PackedMatrix any) {
    this.adapters = adapters;
    this.team = team;
    this.matrix = any;
    shrunk = new float[slots == 0 ? 0 : Math.multiplyExact(rowsMax, PackedLora.SHRUNK_MAX)];
    ofSlot = new int[slots + 1];
    rows = new int[rowsMax];
    int blocksMax = slots + rowsMax / ROWS_OF_BLOCK;
    slotOfBlock = new int[blocksMax];
    startOfBlock = new int[blocksMax + 1];
    shrinksBefore = new int[blocksMax + 1];
  }

  /** Groups the rows of the projections that follow. */
  void group(int[] slotOfRow, int count) {
    Arrays.fill(ofSlot, 0);
    for (int row = 0; row < count; row++) {
      ofSlot[slotOfRow[row]]++;
    }
    blocks = 0;
    ranks = 0;
    int end = 0;
    for (int slot = 1; slot < ofSlot.length; slot++) {
      int start = end;
      end += ofSlot[slot];
      for (int from = start; from < end; from += ROWS_OF_BLOCK) {
        slotOfBlock[blocks] = slot;
        startOfBlock[blocks++] = from;
      }
      if (start < end) {
        ranks += (long) (end - start) * adapter(slot).rank();
      }
      ofSlot[slot] = start;
    }
    startOfBlock[blocks] = end;
    for (int row = 0; row < count; row++) {
      int slot = slotOfRow[row];
      if (slot != 0) {
        rows[ofSlot[slot]++] = row;
      }
    }
  }

  private PackedLora adapter(int slot) {
    return Objects.requireNonNull(adapters.get(slot));
  }

  /**
   * Says which projection comes next.
   *
   * @param x its input, rows {@code xStride} apart
   * @return chunks of {@link #shrinking}, to be run before {@link #expandInto}; 0 when no row's
   *     adapter changes the projection
   */
  int begin(int layer, LoraProjection projection, PackedMatrix matrix, float[] x, int xStride) {
    this.layer = layer;
    this.projection = projection;
    this.matrix = matrix;
    this.x = x;
    this.xStride = xStride;
    for (int block = 0; block < blocks; block++) {
      int panels = adapter(slotOfBlock[block]).panels(layer, projection);
      shrinksBefore[block + 1] = shrinksBefore[block] + panels;
    }
    return shrinksBefore[blocks];
  }

  private void shrink(int chunk, int worker) {
    int block = 0;
    while (shrinksBefore[block + 1] <= chunk) {
      block++;
    }
    adapter(slotOfBlock[block])
        .shrink(
            layer,
            projection,
            chunk - shrinksBefore[block],
            x,
            xStride,
            rows,
            startOfBlock[block],
            startOfBlock[block + 1],
            shrunk);
  }

  /** Adds the adapters' share to what the base projection gave. */
  void expandInto(float[] y) {
    this.y = y;
    int chunks = blocks * chunksOfBlock();
    if (ranks * matrix.paddedOutputs < TOGETHER_MIN) {
      Team.alone(expanding, chunks);
    } else {
      team.run(expanding, chunks);
    }
  }

  private int chunksOfBlock() {
    return (matrix.panels() + PANELS_OF_CHUNK - 1) / PANELS_OF_CHUNK;
  }

  private void expand(int chunk, int worker) {
    int block = chunk / chunksOfBlock();
    int from = chunk % chunksOfBlock() * PANELS_OF_CHUNK;
    int to = Math.min(from + PANELS_OF_CHUNK, matrix.panels());
    PackedLora adapter = adapter(slotOfBlock[block]);
    for (int part = 0; part < projection.targets.size(); part++) {
      LoraTarget target = projection.targets.get(part);
      int begin = matrix.offsetOf(part) / PackedMatrix.PANEL;
      int end = matrix.offsetOf(part + 1) / PackedMatrix.PANEL;
      if (adapter.changes(layer, target) && from < end && to > begin) {
        adapter.expand(
            layer,
            target,
            Math.max(from, begin) - begin,
            Math.min(to, end) - begin,
            shrunk,
            rows,
            startOfBlock[block],
            startOfBlock[block + 1],
            y,
            matrix.offsetOf(part),
            matrix.paddedOutputs);
      }
    }
  }
}
