package dev.cofferdam.worker.execution.cpu;

/** Multiplies rows with matrices, on all threads where that is worth it. */
final class Projector {
  /** Multiply-adds from which on waking the helpers costs less than it brings. */
  private static final long TOGETHER_MIN = 1 << 19;

  /** Of what a thread's share of the rest would be, that a chunk is. */
  private static final int PARTS_OF_SHARE = 4;

  private static final int COPIED_ROWS_MIN = 32;

  private static final Team.Job NOTHING = (chunk, worker) -> {};

  private final Team team;
  private final PackedRows packed;
  private final Team.Job packing = this::pack;
  private final Team.Job multiplying = this::multiply;

  private float[] x = {};
  private int x0;
  private int xStride;
  private PackedMatrix matrix;
  private float[] y = {};

  /** By chunk: the pair of panels behind its last. */
  private final int[] chunkEnds;

  private int matrixChunks;
  private Team.Job beside = NOTHING;

  /**
   * Allocates what rows of these sizes need.
   *
   * @param kernels those of all matrices
   * @param any one of the matrices
   */
  Projector(Team team, int rowsMax, int inputsMax, Kernels kernels, PackedMatrix any) {
    this.team = team;
    this.packed = new PackedRows(rowsMax, inputsMax, kernels);
    this.matrix = any;
    this.chunkEnds = new int[team.size() * PARTS_OF_SHARE * Integer.SIZE];
  }

  /**
   * Computes {@code y[row] = matrix · x[row]}, the rows of {@code y} being the matrix' padded
   * outputs apart.
   */
  void project(float[] x, int x0, int xStride, int rows, PackedMatrix matrix, float[] y) {
    project(x, x0, xStride, rows, matrix, y, NOTHING, 0);
  }

  /** The same, beside another job's chunks. */
  void project(
      float[] x,
      int x0,
      int xStride,
      int rows,
      PackedMatrix matrix,
      float[] y,
      Team.Job beside,
      int besideChunks) {
    if (rows == 0) {
      return;
    }
    this.x = x;
    this.x0 = x0;
    this.xStride = xStride;
    this.matrix = matrix;
    this.y = y;
    this.beside = beside;
    packed.begin(rows, matrix.inputs, matrix.largestTile());
    int tiles = (rows + packed.tile - 1) / packed.tile;
    long work = (long) rows * matrix.inputs * matrix.paddedOutputs;
    int panelPairs = (matrix.panels() + 1) / 2;
    if (work < TOGETHER_MIN) {
      Team.alone(packing, tiles);
      chunkEnds[0] = panelPairs;
      matrixChunks = 1;
      Team.alone(multiplying, 1 + besideChunks);
      return;
    }
    if (rows < COPIED_ROWS_MIN) {
      Team.alone(packing, tiles);
    } else {
      team.run(packing, tiles);
    }
    matrixChunks = cut(panelPairs);
    team.run(multiplying, matrixChunks + besideChunks);
  }

  private void pack(int tile, int worker) {
    int from = tile * packed.tile;
    matrix.pack(x, x0, xStride, packed, from, Math.min(from + packed.tile, packed.rows));
  }

  /** The other job's chunks come last: they are the smaller ones, and even out the end. */
  private void multiply(int chunk, int worker) {
    if (chunk >= matrixChunks) {
      beside.run(chunk - matrixChunks, worker);
      return;
    }
    int from = chunk == 0 ? 0 : chunkEnds[chunk - 1];
    matrix.multiply(
        packed, 2 * from, Math.min(2 * chunkEnds[chunk], matrix.panels()), y, matrix.paddedOutputs);
  }

  /**
   * Chunks that become smaller towards the end, a fixed part of what is left each, so that all
   * threads end together (guided self-scheduling, Polychronopoulos and Kuck, 1987). Returns how
   * many: at most {@code k (1 + ln n)} of {@code n} pairs, k being threads times {@link
   * #PARTS_OF_SHARE}.
   */
  private int cut(int panelPairs) {
    int parts = team.size() * PARTS_OF_SHARE;
    int chunks = 0;
    for (int from = 0; from < panelPairs; chunks++) {
      from += Math.max(1, (panelPairs - from) / parts);
      chunkEnds[chunks] = from;
    }
    return chunks;
  }
}
