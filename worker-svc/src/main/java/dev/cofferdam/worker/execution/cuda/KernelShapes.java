package dev.cofferdam.worker.execution.cuda;

import dev.cofferdam.worker.execution.cuda.driver.Device;
import dev.cofferdam.worker.model.ModelConfig;
import java.util.Arrays;

/**
 * How the kernels are launched: the host's twin of the functions in {@code kernels.h}. What a
 * product's sums look like is a function of the matrix alone, so that a row's bits never depend on
 * the step around it.
 */
final class KernelShapes {
  /** Positions that are attended in one go; splits of a long context begin at its multiples. */
  static final int ATTEND_SPLIT = 512;

  /** Most bytes of a part of a sealed block. */
  private static final int SEAL_PART = 8192;

  /** Shared memory of the kernels that seal and open. */
  static final int SEAL_SHARED = 65536 + 8 * 256;

  /** Bytes of a block that one thread block zeroes or scans. */
  static final int BLOCK_PIECE = 65536;

  /** Most outputs of a tile of a product. */
  static final int PRODUCT_OUTPUTS = 128;

  private static final int[] PRODUCT_ROWS = {8, 16, 32, 64, 128};
  private static final int WIDEST_ROWS = 256;
  private static final int[] HEAD_DIMENSIONS = {32, 64, 128, 256};

  private KernelShapes() {}

  /** Inputs of a split of a product; a multiple of 64. */
  static int productSplit(int outputs, int inputs) {
    int tiles = ceil(outputs, PRODUCT_OUTPUTS);
    int splits = Math.clamp(Math.min(144 / tiles, inputs / 256), 1, 16);
    return ceil(ceil(inputs, splits), 64) * 64;
  }

  /** Rows of the tiles that a product of so many rows is cut into: the kernel's name's end. */
  static int productRows(int rows) {
    for (int candidate : PRODUCT_ROWS) {
      if (rows <= candidate) {
        return candidate;
      }
    }
    return PRODUCT_ROWS[PRODUCT_ROWS.length - 1];
  }

  /**
   * The same for a matrix: the widest tiles where it is in BF16, a device has the shared memory,
   * and at least two full ones for each multiprocessor.
   */
  static int productRows(int rows, DeviceMatrix matrix, Device device) {
    long full = (long) (rows / WIDEST_ROWS) * ceil(matrix.outputs(), PRODUCT_OUTPUTS);
    boolean widest =
        matrix.scales() == 0
            && full >= 2L * device.multiprocessors()
            && device.sharedBytesMax() >= productShared(WIDEST_ROWS);
    return widest ? WIDEST_ROWS : productRows(rows);
  }

  /** All widths of tiles. */
  static int[] productWidths() {
    int[] widths = Arrays.copyOf(PRODUCT_ROWS, PRODUCT_ROWS.length + 1);
    widths[PRODUCT_ROWS.length] = WIDEST_ROWS;
    return widths;
  }

  /** Shared memory of a product's kernel. */
  static int productShared(int width) {
    return (width >= 128 ? 3 : 4) * (PRODUCT_OUTPUTS + width) * 128;
  }

  /** Shared memory of a product's kernel for weights in eight bits. */
  static int productShared8(int width) {
    return (width > 64 ? 4 : 6) * (PRODUCT_OUTPUTS / 2 + width) * 128;
  }

  /** Bytes of a row of weights in eight bits. */
  static int productPitch8(int inputs) {
    return ceil(inputs, 16) * 16;
  }

  /** The head dimension that the attention kernel for a model is made for. */
  static int attendDimension(ModelConfig model) {
    for (int candidate : HEAD_DIMENSIONS) {
      if (model.headDimension() <= candidate) {
        return candidate;
      }
    }
    throw new IllegalArgumentException("head_dim: " + model.headDimension());
  }

  /** Most rows of a tile of attention. */
  static int attendRows(boolean large, ModelConfig model) {
    int rows = large ? model.headDimension() > 128 ? 64 : 128 : 16;
    return rows / (model.heads() / model.kvHeads());
  }

  /** Shared memory of an attention kernel. */
  static int attendShared(boolean large, int dimension) {
    int stages = dimension == 256 ? 1 : 2;
    int exchange = large ? dimension == 256 ? 4 * 2560 : 0 : 2560;
    return stages * 2 * 64 * dimension * 2 + exchange;
  }

  /** The same for keys and values in eight bits: one stage. */
  static int attendShared8(boolean large, int dimension) {
    int stage = 2 * 64 * dimension * 2;
    return stage + attendShared(large, dimension) - (dimension == 256 ? 1 : 2) * stage;
  }

  /** Bytes of scratch for sampling from a row of logits. */
  static long sampleScratch(int vocabulary) {
    return ceil(ceil(vocabulary, 4096) * 32, 64) * 64L;
  }

  /** Bytes of a part of sealed blocks with so many bytes for each layer, a multiple of 16. */
  static int sealPart(long layerBytes) {
    int part = (int) Math.min(layerBytes, SEAL_PART);
    while (layerBytes % part != 0) {
      part -= 16;
    }
    return part;
  }

  /** How often {@code whole} parts of a size cover a number. */
  static int ceil(int whole, int part) {
    return (whole + part - 1) / part;
  }

  /** The smallest power of two that is at least {@code number}, or 0. */
  static int bucket(int number) {
    return number <= 1 ? number : Integer.highestOneBit(number - 1) << 1;
  }
}
