package dev.cofferdam.worker.execution.cpu;

import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.model.ModelLoadException;
import dev.cofferdam.worker.model.ModelWeights;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * One or several projections of the same input, packed for the kernels: panels of {@link #PANEL}
 * outputs, in which the weights of all the panel's outputs for one input lie side by side. The
 * outputs of each part begin at a multiple of the panel, the gaps being zeros.
 *
 * <p>A panel is read from memory once, and used for all rows while it is in the cache. Each output
 * of each row is the same chain of multiply-adds in any batch; see {@link F32Kernel}.
 */
abstract sealed class PackedMatrix permits F32Matrix, Bf16Matrix, Int8Matrix {
  /** Outputs of a panel: four vectors. */
  static final int PANEL = 4 * FloatVector.SPECIES_PREFERRED.length();

  /** Inputs at once, so that a widened piece of a panel stays in the second-level cache. */
  static final int INPUTS_AT_ONCE = 2048;

  /** Elements of the scratch of {@link #multiply}. */
  static final int SCRATCH = INPUTS_AT_ONCE * PANEL;

  private static final int READ_ELEMENTS = 1 << 16;

  final int inputs;

  /** Inputs filled up to a multiple of 4. */
  final int paddedInputs;

  /** Outputs with the gaps; the least stride of a row of outputs. */
  final int paddedOutputs;

  /** Where the outputs of each part begin. */
  private final int[] partOffsets;

  PackedMatrix(int inputs, int[] outputs) {
    this.inputs = inputs;
    this.paddedInputs = PackedRows.padded(inputs);
    this.partOffsets = new int[outputs.length];
    long padded = 0;
    for (int part = 0; part < outputs.length; part++) {
      partOffsets[part] = Math.toIntExact(padded);
      padded += padded(outputs[part]);
    }
    if (paddedInputs * padded > Integer.MAX_VALUE - 8) {
      throw new ModelLoadException("weights: a projection of more than 2^31 elements");
    }
    this.paddedOutputs = (int) padded;
  }

  /**
   * Packs projections of the same input.
   *
   * @param inputs width of the input
   * @param names their tensors, each outputs × inputs
   * @param outputs their numbers of outputs
   */
  static PackedMatrix of(
      ModelWeights model, WeightType type, int inputs, String[] names, int[] outputs) {
    PackedMatrix matrix =
        switch (type) {
          case F32 -> new F32Matrix(inputs, outputs);
          case BF16 -> new Bf16Matrix(inputs, outputs);
          case INT8 -> new Int8Matrix(inputs, outputs);
        };
    for (int part = 0; part < names.length; part++) {
      matrix.fill(model, names[part], outputs[part], matrix.partOffsets[part]);
    }
    return matrix;
  }

  /** The least multiple of the panel that is not below {@code width}. */
  static int padded(int width) {
    return (width + PANEL - 1) / PANEL * PANEL;
  }

  /** Where the outputs of a part begin. */
  final int offsetOf(int part) {
    return partOffsets[part];
  }

  /** Number of panels. */
  final int panels() {
    return paddedOutputs / PANEL;
  }

  /** Bytes of weights of a panel. */
  abstract long panelBytes();

  /** Copies the weights of one output, a row of the unpacked matrix. */
  abstract void row(int output, float[] target, int offset);

  /**
   * Packs rows of inputs as {@link #multiply} wants them; {@code packed} has begun with all rows.
   *
   * @param fromRow a multiple of {@link PackedRows#TILE}
   */
  void pack(float[] x, int x0, int xStride, PackedRows packed, int fromRow, int toRow) {
    packed.pack(x, x0, xStride, inputs, fromRow, toRow);
  }

  /**
   * Computes outputs {@code y[row] = matrix · x[row]} of the panels from {@code fromPanel} to
   * before {@code toPanel}.
   *
   * @param y rows of outputs, {@code yStride} apart; the stride is at least the padded outputs
   * @param scratch of {@link #SCRATCH} elements, the thread's own
   */
  final void multiply(
      PackedRows x, int fromPanel, int toPanel, float[] y, int yStride, float[] scratch) {
    for (int panel = fromPanel; panel < toPanel; panel++) {
      for (int row = 0; row < x.rows; row++) {
        int at = row * yStride + panel * PANEL;
        Arrays.fill(y, at, at + PANEL, 0);
      }
      if (x.rows <= direct()) {
        multiplyDirectly(x, panel, y, yStride);
      } else {
        for (int from = 0; from < paddedInputs; from += INPUTS_AT_ONCE) {
          int count = Math.min(INPUTS_AT_ONCE, paddedInputs - from);
          multiplyWidened(x, panel, from, count, y, yStride, scratch);
        }
      }
      finish(x, panel, y, yStride);
    }
  }

  /** Rows up to which the weights are used as they are stored; beyond, they are widened first. */
  abstract int direct();

  abstract void multiplyDirectly(PackedRows x, int panel, float[] y, int yStride);

  abstract void multiplyWidened(
      PackedRows x, int panel, int from, int count, float[] y, int yStride, float[] scratch);

  /** Makes outputs of the sums. */
  void finish(PackedRows x, int panel, float[] y, int yStride) {}

  /** Adds the products with a piece of a panel in F32 that begins at {@code w0}. */
  static void multiplyF32(
      PackedRows x, float[] w, int w0, int from, int count, int panel, float[] y, int yStride) {
    for (int row = 0; row < x.rows; ) {
      int tile = x.tileRows(row);
      int x0 = row * x.stride + from * tile;
      int y0 = row * yStride + panel * PANEL;
      switch (tile) {
        case PackedRows.TILE -> F32Kernel.tile6(x.values, x0, w, w0, count, y, y0, yStride);
        case 4 -> F32Kernel.tile4(x.values, x0, w, w0, count, y, y0, yStride);
        case 2 -> F32Kernel.tile2(x.values, x0, w, w0, count, y, y0, yStride);
        default -> F32Kernel.tile1(x.values, x0, w, w0, count, y, y0);
      }
      row += tile;
    }
  }

  private void fill(ModelWeights model, String name, int outputs, int offset) {
    int rowsAtOnce = Math.max(1, READ_ELEMENTS / inputs);
    float[] rows = new float[rowsAtOnce * inputs];
    for (int first = 0; first < outputs; first += rowsAtOnce) {
      int count = Math.min(rowsAtOnce, outputs - first);
      model.read(name, (long) first * inputs, rows, 0, count * inputs);
      for (int r = 0; r < count; r++) {
        place(rows, r * inputs, offset + first + r);
      }
    }
  }

  /** Stores the weights of one output. */
  abstract void place(float[] rows, int from, int output);
}
