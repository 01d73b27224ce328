package dev.cofferdam.worker.execution.cpu;

import dev.cofferdam.worker.execution.cpu.foreign.NativeKernel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;

/**
 * Rows of a projection's input in the order in which the tiles read them: tiles of the matrix'
 * largest size, then of 4, 2 and 1 for the rest, in each the rows' elements of one input side by
 * side. The inputs are filled up with zeros to a multiple of 4.
 */
final class PackedRows {
  private static final float BY_2_8 = 1f / (1 << 8);
  private static final float BY_2_16 = 1f / (1 << 16);

  /** Tile after tile; the one that begins with row r begins at r · stride. */
  final float[] values;

  /** {@link #values}, or what a native kernel packs instead. */
  final MemorySegment bytes;

  /** Sum of each row's elements, if asked for. */
  final float[] sums;

  /** Inputs of the rows, filled up. */
  int stride;

  int rows;

  /** Rows of the largest tile. */
  int tile;

  PackedRows(int rowsMax, int inputsMax, Kernels kernels) {
    Optional<NativeKernel> packing = kernels.nativeKernel().filter(NativeKernel::packs);
    int elements = Math.multiplyExact(rowsMax, padded(inputsMax));
    values = new float[packing.isPresent() ? 0 : elements];
    sums = new float[rowsMax];
    bytes =
        packing
            .map(kernel -> Arena.ofAuto().allocate(kernel.packedBytes(rowsMax, inputsMax), 64))
            .orElse(MemorySegment.ofArray(values));
  }

  /** The least multiple of 4 that is not below {@code inputs}. */
  static int padded(int inputs) {
    return (inputs + 3) & -4;
  }

  /** Says what is going to be packed. */
  void begin(int rows, int inputs, int tile) {
    this.rows = rows;
    this.stride = padded(inputs);
    this.tile = tile;
  }

  /** Rows of the tile that begins with {@code row}. */
  int tileRows(int row) {
    int left = rows - row;
    return left >= tile ? tile : left >= 4 ? 4 : left >= 2 ? 2 : 1;
  }

  /**
   * Packs the tiles that begin in {@code fromRow} to before {@code toRow}, the first of which is a
   * multiple of {@link #tile}.
   *
   * @param x rows of {@code inputs} elements, {@code xStride} apart, the first at {@code x0}
   */
  void pack(float[] x, int x0, int xStride, int inputs, int fromRow, int toRow) {
    for (int row = fromRow; row < toRow; ) {
      int count = tileRows(row);
      int to = row * stride;
      for (int r = 0; r < count; r++) {
        int from = x0 + (row + r) * xStride;
        if (count == 1) {
          System.arraycopy(x, from, values, to, inputs);
        } else {
          for (int i = 0, at = to + r; i < inputs; i++, at += count) {
            values[at] = x[from + i];
          }
        }
      }
      Arrays.fill(values, to + count * inputs, to + count * stride, 0);
      row += count;
    }
  }

  /** Sums up the rows of {@link #pack}'s input. */
  void sum(float[] x, int x0, int xStride, int inputs, int fromRow, int toRow) {
    for (int row = fromRow; row < toRow; row++) {
      int from = x0 + row * xStride;
      double s0 = 0;
      double s1 = 0;
      double s2 = 0;
      double s3 = 0;
      int i = 0;
      for (; i + 4 <= inputs; i += 4) {
        s0 += x[from + i];
        s1 += x[from + i + 1];
        s2 += x[from + i + 2];
        s3 += x[from + i + 3];
      }
      for (; i < inputs; i++) {
        s0 += x[from + i];
      }
      sums[row] = (float) ((s0 + s1) + (s2 + s3));
    }
  }

  /** Makes of every four inputs the second 2⁸ and the third 2¹⁶ times smaller. */
  void scaleForBytes(int fromRow, int toRow) {
    for (int row = fromRow; row < toRow; ) {
      int count = tileRows(row);
      int end = (row + count) * stride;
      for (int at = row * stride; at < end; at += 4 * count) {
        for (int r = count; r < 2 * count; r++) {
          values[at + r] *= BY_2_8;
          values[at + count + r] *= BY_2_16;
        }
      }
      row += count;
    }
  }
}
