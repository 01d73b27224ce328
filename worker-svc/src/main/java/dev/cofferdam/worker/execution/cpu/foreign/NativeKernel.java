package dev.cofferdam.worker.execution.cpu.foreign;

import dev.cofferdam.worker.execution.WeightType;

/**
 * A native kernel: how weights are kept, and what multiplies them. Of those for the same weights
 * the fastest comes first. The ordinals are the numbers of {@code library.c}.
 */
public enum NativeKernel {
  /** The same chains of multiply-adds as Java's kernels, and the same bits. */
  F32_AVX512(WeightType.F32, Feature.AVX512, 32, 12, false),
  /** The same, for narrower vectors. */
  F32_AVX2(WeightType.F32, Feature.AVX2, 16, 6, false),
  /** Inputs as sums of two BF16 numbers: less than 2⁻¹⁶ of an input is left out. */
  BF16_AMX(WeightType.BF16, Feature.AMX, 0, 16, true),
  /** The same chains of multiply-adds as Java's kernels, and the same bits. */
  BF16_AVX512(WeightType.BF16, Feature.AVX512, 32, 12, false),
  /** The same, for narrower vectors. */
  BF16_AVX2(WeightType.BF16, Feature.AVX2, 16, 6, false),
  /** Inputs in 16 bits: at most 1/65278 of their row's largest off. Sums of whole numbers. */
  INT8_AMX(WeightType.INT8, Feature.AMX, 0, 16, true),
  /** The same bits as {@link #INT8_AMX}. */
  INT8_VNNI(WeightType.INT8, Feature.VNNI, 0, 16, true);

  /** What a processor must have; the bits of {@code cofferdam_kernels_features}. */
  enum Feature {
    AVX2(1, "AVX2 and FMA"),
    AVX512(2, "AVX-512 (F, BW, DQ, VL)"),
    VNNI(4, "AVX-512 VNNI"),
    AMX(8, "AMX (BF16, int8)"),
    VAES(16, "VAES, VPCLMULQDQ");

    final int bit;
    final String title;

    Feature(int bit, String title) {
      this.bit = bit;
      this.title = title;
    }
  }

  /** Most inputs for which the sums of int8 fit into 32 bits. */
  public static final int INT8_INPUTS_MAX = 1 << 16;

  final WeightType weights;
  final Feature feature;

  /** Outputs of a panel, 0 for 16 and 32. */
  private final int panel;

  private final int largestTile;
  private final boolean packs;

  NativeKernel(WeightType weights, Feature feature, int panel, int largestTile, boolean packs) {
    this.weights = weights;
    this.feature = feature;
    this.panel = panel;
    this.largestTile = largestTile;
    this.packs = packs;
  }

  /** Whether it reads panels of so many outputs. */
  boolean reads(int panelOutputs) {
    return panel == 0 ? panelOutputs == 16 || panelOutputs == 32 : panelOutputs == panel;
  }

  /** Rows that it packs together. */
  public int largestTile() {
    return largestTile;
  }

  /** Whether it packs its input itself, with {@link NativeKernels#pack}. */
  public boolean packs() {
    return packs;
  }

  /** Bytes of packed rows of so many inputs. */
  public long packedBytes(int rows, int inputs) {
    long blocks = (rows + largestTile - 1) / largestTile;
    return switch (this) {
      case BF16_AMX -> blocks * ((inputs + 31) / 32) * 2048;
      case INT8_AMX, INT8_VNNI -> blocks * (256 + (inputs + 63) / 64 * 2048L);
      case F32_AVX512, F32_AVX2, BF16_AVX512, BF16_AVX2 -> (long) rows * inputs * Float.BYTES;
    };
  }

  /** Bytes of one input's weight. */
  int weightBytes() {
    return weights.bytes;
  }
}
