package dev.cofferdam.worker.execution.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Weights that the Vector API multiplies: each output of each row is the same chain of
 * multiply-adds in any batch; see {@link F32Kernel}.
 */
abstract sealed class VectorMatrix extends PackedMatrix permits F32Matrix, Bf16Matrix, Int8Matrix {
  /**
   * Words of weights by which the kernels touch a panel before they use it, and that the arrays are
   * longer for it. Java has no prefetch instruction. A scalar load that nothing waits for asks
   * memory just as early: the multiply-adds that wait for their weights probably fill the
   * processor's scheduler after about a kilobyte of them, too little for the latency of memory.
   */
  static final int AHEAD = 1024;

  /** Keeps the touches from being optimised away; written by all threads, and never read. */
  @SuppressWarnings("unused")
  private int touched;

  VectorMatrix(int inputs, int[] outputs) {
    super(inputs, outputs);
  }

  /** The panels, from the first on. */
  abstract MemorySegment weights();

  /** Scale of each output; empty where the type has none. */
  MemorySegment scales() {
    return MemorySegment.NULL;
  }

  @Override
  final void multiply(PackedRows x, int fromPanel, int toPanel, float[] y, int yStride) {
    int ahead = 0;
    for (int panel = fromPanel; panel < toPanel; panel += 2) {
      int panels = Math.min(2, toPanel - panel);
      for (int row = 0; row < x.rows; row++) {
        int at = row * yStride + panel * PANEL;
        Arrays.fill(y, at, at + panels * PANEL, 0);
      }
      for (int row = 0; row < x.rows; ) {
        int tile = x.tileRows(row);
        int x0 = row * x.stride;
        int y0 = row * yStride + panel * PANEL;
        if (tile == 1) {
          ahead |= row(x.values, x0, panel, panels, y, y0);
        } else {
          for (int i = 0; i < panels; i++) {
            ahead |= tile(tile, x.values, x0, panel + i, y, y0 + i * PANEL, yStride);
          }
        }
        row += tile;
      }
      finish(x, panel, panels, y, yStride);
    }
    touched = ahead;
  }

  /** Adds the products of one row with one or two panels; returns what was touched ahead. */
  abstract int row(float[] x, int x0, int panel, int panels, float[] y, int y0);

  /** Adds the products of a tile of more rows with a panel; returns what was touched ahead. */
  abstract int tile(int rows, float[] x, int x0, int panel, float[] y, int y0, int yStride);

  /** Makes outputs of the sums. */
  void finish(PackedRows x, int panel, int panels, float[] y, int yStride) {}
}
