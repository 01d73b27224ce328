package dev.cofferdam.worker.execution.cpu;

import dev.cofferdam.worker.model.ModelLoadException;
import dev.cofferdam.worker.model.ModelWeights;
import jdk.incubator.vector.FloatVector;

/**
 * One or several projections of the same input, packed for {@link MatrixKernel}: panels of {@link
 * #PANEL} outputs, in which the weights of all the panel's outputs for one input lie side by side.
 * The outputs of each part begin at a multiple of the panel, the gaps being zeros.
 */
final class PackedMatrix {
  /** Outputs of a panel: four vectors. */
  static final int PANEL = 4 * FloatVector.SPECIES_PREFERRED.length();

  private static final int READ_ELEMENTS = 1 << 16;

  final int inputs;

  /** Outputs with the gaps; the least stride of a row of outputs. */
  final int paddedOutputs;

  /** [panel][input][output of the panel]. */
  final float[] weights;

  /** Where the outputs of each part begin. */
  private final int[] partOffsets;

  private PackedMatrix(int inputs, int paddedOutputs, int[] partOffsets) {
    this.inputs = inputs;
    this.paddedOutputs = paddedOutputs;
    this.partOffsets = partOffsets;
    if ((long) inputs * paddedOutputs > Integer.MAX_VALUE - 8) {
      throw new ModelLoadException("weights: a projection of more than 2^31 elements");
    }
    this.weights = new float[inputs * paddedOutputs];
  }

  /**
   * Packs projections of the same input.
   *
   * @param inputs width of the input
   * @param names their tensors, each outputs × inputs
   * @param outputs their numbers of outputs
   */
  static PackedMatrix of(ModelWeights model, int inputs, String[] names, int[] outputs) {
    int[] offsets = new int[names.length];
    int padded = 0;
    for (int part = 0; part < names.length; part++) {
      offsets[part] = padded;
      padded += padded(outputs[part]);
    }
    PackedMatrix matrix = new PackedMatrix(inputs, padded, offsets);
    for (int part = 0; part < names.length; part++) {
      matrix.fill(model, names[part], outputs[part], offsets[part]);
    }
    return matrix;
  }

  /** The least multiple of the panel that is not below {@code width}. */
  static int padded(int width) {
    return (width + PANEL - 1) / PANEL * PANEL;
  }

  /** Where the outputs of a part begin. */
  int offsetOf(int part) {
    return partOffsets[part];
  }

  /** Copies the weights of one output, a row of the unpacked matrix. */
  void row(int output, float[] target, int offset) {
    int from = output / PANEL * PANEL * inputs + output % PANEL;
    for (int i = 0; i < inputs; i++) {
      target[offset + i] = weights[from + i * PANEL];
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

  private void place(float[] rows, int from, int output) {
    int to = output / PANEL * PANEL * inputs + output % PANEL;
    for (int i = 0; i < inputs; i++) {
      weights[to + i * PANEL] = rows[from + i];
    }
  }
}
