package dev.cofferdam.worker.execution.cpu;

/** Weights in F32: [panel][input][output of the panel]. */
final class F32Matrix extends PackedMatrix {
  private final float[] weights;

  F32Matrix(int inputs, int[] outputs) {
    super(inputs, outputs);
    weights = new float[paddedInputs * paddedOutputs];
  }

  private int at(int output) {
    return output / PANEL * PANEL * paddedInputs + output % PANEL;
  }

  @Override
  void place(float[] rows, int from, int output) {
    for (int i = 0, to = at(output); i < inputs; i++, to += PANEL) {
      weights[to] = rows[from + i];
    }
  }

  @Override
  void row(int output, float[] target, int offset) {
    for (int i = 0, from = at(output); i < inputs; i++, from += PANEL) {
      target[offset + i] = weights[from];
    }
  }

  @Override
  long panelBytes() {
    return (long) paddedInputs * PANEL * Float.BYTES;
  }

  @Override
  int direct() {
    return 0;
  }

  @Override
  void multiplyDirectly(PackedRows x, int panel, float[] y, int yStride) {
    throw new UnsupportedOperationException();
  }

  @Override
  void multiplyWidened(
      PackedRows x, int panel, int from, int count, float[] y, int yStride, float[] scratch) {
    int w0 = (panel * paddedInputs + from) * PANEL;
    multiplyF32(x, weights, w0, from, count, panel, y, yStride);
  }
}
