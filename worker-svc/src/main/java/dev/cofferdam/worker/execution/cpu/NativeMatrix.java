package dev.cofferdam.worker.execution.cpu;

import dev.cofferdam.worker.execution.cpu.foreign.NativeKernel;
import dev.cofferdam.worker.execution.cpu.foreign.NativeKernels;
import java.lang.foreign.MemorySegment;

/** Weights as a {@link VectorMatrix} keeps them, multiplied by a native kernel. */
final class NativeMatrix extends PackedMatrix {
  private final VectorMatrix kept;
  private final NativeKernel kernel;
  private final MemorySegment weights;
  private final MemorySegment scales;

  NativeMatrix(VectorMatrix kept, NativeKernel kernel, int[] outputs) {
    super(kept.inputs, outputs);
    this.kept = kept;
    this.kernel = kernel;
    this.weights = kept.weights();
    this.scales = kept.scales();
  }

  @Override
  void place(float[] rows, int from, int output) {
    kept.place(rows, from, output);
  }

  @Override
  void row(int output, float[] target, int offset) {
    kept.row(output, target, offset);
  }

  @Override
  int largestTile() {
    return kernel.largestTile();
  }

  @Override
  void pack(float[] x, int x0, int xStride, PackedRows packed, int fromRow, int toRow) {
    if (kernel.packs()) {
      NativeKernels.pack(kernel, x, x0, xStride, packed.bytes, inputs, fromRow, toRow);
    } else {
      super.pack(x, x0, xStride, packed, fromRow, toRow);
    }
  }

  @Override
  void multiply(PackedRows x, int fromPanel, int toPanel, float[] y, int yStride) {
    NativeKernels.multiply(
        kernel,
        x.bytes,
        weights,
        scales,
        y,
        x.rows,
        paddedInputs,
        PANEL,
        fromPanel,
        toPanel,
        yStride);
  }
}
