package dev.cofferdam.worker.execution.cpu;

import java.lang.foreign.MemorySegment;

/** Weights in F32: [panel][input][output of the panel]. */
final class F32Matrix extends VectorMatrix {
  private static final int TILE = 12;
  private final float[] weights;

  F32Matrix(int inputs, int[] outputs) {
    super(inputs, outputs);
    weights = new float[Alignment.PAD + paddedInputs * paddedOutputs + AHEAD];
  }

  @Override
  MemorySegment weights() {
    return MemorySegment.ofArray(weights).asSlice((long) Alignment.PAD * 4);
  }

  private int at(int output) {
    return Alignment.PAD + output / PANEL * PANEL * paddedInputs + output % PANEL;
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
  int largestTile() {
    return TILE;
  }

  @Override
  int row(float[] x, int x0, int panel, int panels, float[] y, int y0) {
    int groups = paddedInputs;
    int next = panels == 1 ? 0 : groups * PANEL;
    return F32Kernel.tile1(x, x0, weights, at(panel * PANEL), next, groups, y, y0);
  }

  @Override
  int tile(int rows, float[] x, int x0, int panel, float[] y, int y0, int yStride) {
    int groups = paddedInputs;
    int at = at(panel * PANEL);
    return switch (rows) {
      case TILE -> F32Kernel.tile12(x, x0, weights, at, groups, y, y0, yStride);
      case 4 -> F32Kernel.tile4(x, x0, weights, at, groups, y, y0, yStride);
      default -> F32Kernel.tile2(x, x0, weights, at, groups, y, y0, yStride);
    };
  }
}
