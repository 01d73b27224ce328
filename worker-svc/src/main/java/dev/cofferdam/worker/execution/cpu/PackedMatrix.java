package dev.cofferdam.worker.execution.cpu;

import dev.cofferdam.worker.model.ModelLoadException;
import dev.cofferdam.worker.model.ModelWeights;
import jdk.incubator.vector.FloatVector;

/**
 * One or several projections of the same input, packed for the kernels: panels of {@link #PANEL}
 * outputs, in which the weights of all the panel's outputs for one input lie side by side. The
 * outputs of each part begin at a multiple of the panel, the gaps being zeros.
 *
 * <p>A panel is read from memory once, and used for all rows while it is in the cache. Each output
 * of each row is computed the same way in any batch.
 */
abstract sealed class PackedMatrix permits VectorMatrix, NativeMatrix {
  /** Outputs of a panel: two vectors. */
  static final int PANEL = 2 * FloatVector.SPECIES_PREFERRED.length();

  /** Leaves room for what stands before and behind the weights in an array. */
  private static final int ELEMENTS_MAX = Integer.MAX_VALUE - (1 << 16);

  private static final int READ_ELEMENTS = 1 << 16;

  final int inputs;

  /** Inputs filled up to a multiple of 4. */
  final int paddedInputs;

  /** Outputs with the gaps; the least stride of a row of outputs. */
  final int paddedOutputs;

  /** Where the outputs of each part begin, and where the last ends. */
  private final int[] partOffsets;

  PackedMatrix(int inputs, int[] outputs) {
    this.inputs = inputs;
    this.paddedInputs = PackedRows.padded(inputs);
    this.partOffsets = new int[outputs.length + 1];
    long padded = 0;
    for (int part = 0; part < outputs.length; part++) {
      partOffsets[part] = Math.toIntExact(padded);
      padded += padded(outputs[part]);
    }
    if (paddedInputs * padded > ELEMENTS_MAX) {
      throw new ModelLoadException("weights: a projection of more than 2^31 elements");
    }
    this.paddedOutputs = (int) padded;
    partOffsets[outputs.length] = paddedOutputs;
  }

  /**
   * Packs projections of the same input.
   *
   * @param inputs width of the input
   * @param names their tensors, each outputs × inputs
   * @param outputs their numbers of outputs
   */
  static PackedMatrix of(
      ModelWeights model, Kernels kernels, int inputs, String[] names, int[] outputs) {
    PackedMatrix matrix = kernels.matrix(inputs, outputs);
    for (int part = 0; part < names.length; part++) {
      matrix.fill(model, names[part], outputs[part], matrix.partOffsets[part]);
    }
    return matrix;
  }

  /** The least multiple of the panel that is not below {@code width}. */
  static int padded(int width) {
    return (width + PANEL - 1) / PANEL * PANEL;
  }

  /** Where the outputs of a part begin: behind those of the part before. */
  final int offsetOf(int part) {
    return partOffsets[part];
  }

  /** Number of panels. */
  final int panels() {
    return paddedOutputs / PANEL;
  }

  /** Copies the weights of one output, a row of the unpacked matrix. */
  abstract void row(int output, float[] target, int offset);

  /**
   * Packs rows of inputs as {@link #multiply} wants them; {@code packed} has begun with all rows.
   *
   * @param fromRow a multiple of {@link #largestTile}
   */
  void pack(float[] x, int x0, int xStride, PackedRows packed, int fromRow, int toRow) {
    packed.pack(x, x0, xStride, inputs, fromRow, toRow);
  }

  /**
   * Computes outputs {@code y[row] = matrix · x[row]} of the panels from {@code fromPanel} to
   * before {@code toPanel}.
   *
   * @param y rows of outputs, {@code yStride} apart; the stride is at least the padded outputs
   */
  abstract void multiply(PackedRows x, int fromPanel, int toPanel, float[] y, int yStride);

  /** Rows of the largest tile. */
  abstract int largestTile();

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
