package dev.cofferdam.worker.execution.cpu;

import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.adapter.LoraTarget;
import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.model.ModelConfig;
import java.util.Arrays;
import java.util.Optional;

/**
 * A {@link LoraAdapter} packed for {@link LoraPass}, all factors in one array in the order in which
 * a step reads them. The A of targets with the same input are one matrix: panels of {@link #LANES}
 * ranks, in which the weights for one input lie side by side. Each B is panels of {@link
 * PackedMatrix#PANEL} outputs, in which the weights for one rank lie side by side.
 *
 * <p>The factors are in F32 only where the model's weights are, and BF16 would lose something: in a
 * batch of many adapters, their bytes are what adapters cost.
 */
final class PackedLora {
  /** Ranks of a panel of A. */
  static final int LANES = PackedMatrix.PANEL / 2;

  /** Largest rank. */
  static final int RANK_MAX = 512;

  /** Most elements of a row that was shrunk for one projection. */
  static final int SHRUNK_MAX = LoraProjection.TARGETS_MAX * RANK_MAX;

  private static final int PANEL = PackedMatrix.PANEL;
  private static final int LOW_HALF = 0xFFFF;
  private static final int ABSENT = -1;

  /** Inputs of each projection, filled up to a multiple of 4. */
  private final int[] paddedInputs;

  private final float scale;

  /** Rank, made even: two ranks are one lane in BF16. */
  private final int paddedRank;

  private final boolean bf16;
  private final float[] f32Factors;
  private final int[] bf16Factors;

  /** Panels of A by layer and projection; 0 where the adapter changes none of its targets. */
  private final int[][] panels;

  /** Where A begins, by layer and projection. */
  private final int[][] startOfA;

  /** Where B begins, by layer and target; {@link #ABSENT} where the adapter does not change it. */
  private final int[][] startOfB;

  /** First element of what A gives that is B's input, by layer and target. */
  private final int[][] shrunkAt;

  /**
   * Packs an adapter.
   *
   * @param weights how the model's weights are kept
   * @throws IllegalArgumentException when it is one of another model, or too large
   */
  PackedLora(LoraAdapter adapter, ModelConfig model, WeightType weights) {
    if (adapter.layers() != model.layers()) {
      throw new IllegalArgumentException("adapter of another model");
    }
    if (adapter.rank() > RANK_MAX) {
      throw new IllegalArgumentException("adapter of a rank above " + RANK_MAX);
    }
    scale = adapter.scale();
    paddedRank = adapter.rank() + 1 & -2;
    bf16 = weights != WeightType.F32 || exactInBf16(adapter);
    paddedInputs = new int[LoraProjection.values().length];
    for (LoraProjection projection : LoraProjection.values()) {
      paddedInputs[projection.ordinal()] =
          PackedRows.padded(projection.targets.getFirst().inputs(model));
    }
    int layers = model.layers();
    panels = new int[layers][LoraProjection.values().length];
    startOfA = new int[layers][LoraProjection.values().length];
    startOfB = new int[layers][LoraTarget.values().length];
    shrunkAt = new int[layers][LoraTarget.values().length];
    long size = Alignment.PAD;
    for (int layer = 0; layer < layers; layer++) {
      Arrays.fill(startOfB[layer], ABSENT);
      for (LoraProjection projection : LoraProjection.values()) {
        size = place(adapter, model, layer, projection, size);
      }
    }
    if (size > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException("adapter of more than 2^31 elements");
    }
    f32Factors = new float[bf16 ? 0 : (int) size];
    bf16Factors = new int[bf16 ? (int) size : 0];
    for (int layer = 0; layer < layers; layer++) {
      for (LoraTarget target : LoraTarget.values()) {
        fill(adapter, model, layer, target);
      }
    }
  }

  private static boolean exactInBf16(LoraAdapter adapter) {
    for (int layer = 0; layer < adapter.layers(); layer++) {
      for (LoraTarget target : LoraTarget.values()) {
        Optional<LoraAdapter.Module> module = adapter.module(layer, target);
        if (module.isPresent() && !(exact(module.get().a()) && exact(module.get().b()))) {
          return false;
        }
      }
    }
    return true;
  }

  private static boolean exact(float[] values) {
    for (float value : values) {
      if ((Float.floatToRawIntBits(value) & LOW_HALF) != 0) {
        return false;
      }
    }
    return true;
  }

  /** Says where a projection's factors go, the first at {@code from}; returns where they end. */
  private long place(
      LoraAdapter adapter, ModelConfig model, int layer, LoraProjection projection, long from) {
    int shrunk = 0;
    for (LoraTarget target : projection.targets) {
      if (adapter.module(layer, target).isPresent()) {
        shrunkAt[layer][target.ordinal()] = shrunk;
        shrunk += paddedRank;
      }
    }
    int panels = (shrunk + LANES - 1) / LANES;
    this.panels[layer][projection.ordinal()] = panels;
    startOfA[layer][projection.ordinal()] = (int) from;
    int perLane = bf16 ? 2 : 1;
    long size = (long) panels * LANES * paddedInputs[projection.ordinal()] / perLane;
    for (LoraTarget target : projection.targets) {
      if (adapter.module(layer, target).isPresent()) {
        startOfB[layer][target.ordinal()] = (int) (from + size);
        size += (long) PackedMatrix.padded(target.outputs(model)) * paddedRank / perLane;
      }
    }
    return from + size;
  }

  private void fill(LoraAdapter adapter, ModelConfig model, int layer, LoraTarget target) {
    Optional<LoraAdapter.Module> module = adapter.module(layer, target);
    if (module.isEmpty()) {
      return;
    }
    LoraProjection projection = LoraProjection.of(target);
    int inputs = target.inputs(model);
    int paddedInputs = this.paddedInputs[projection.ordinal()];
    int rank = adapter.rank();
    float[] a = module.get().a();
    for (int r = 0; r < rank; r++) {
      int row = shrunkAt[layer][target.ordinal()] + r;
      int panel = startOfA[layer][projection.ordinal()] + at(row / LANES * LANES * paddedInputs);
      for (int i = 0; i < inputs; i++) {
        put(panel, i, row % LANES, LANES, a[r * inputs + i]);
      }
    }
    float[] b = module.get().b();
    for (int o = 0; o < target.outputs(model); o++) {
      int panel = startOfB[layer][target.ordinal()] + at(o / PANEL * PANEL * paddedRank);
      for (int r = 0; r < rank; r++) {
        put(panel, r, o % PANEL, PANEL, b[o * rank + r]);
      }
    }
  }

  /** Where an element is that so many others precede. */
  private int at(int elements) {
    return bf16 ? elements / 2 : elements;
  }

  /** Stores the {@code i}-th weight of a lane of a panel. */
  private void put(int panel, int i, int lane, int lanes, float value) {
    if (bf16) {
      bf16Factors[panel + i / 2 * lanes + lane] |= Bf16Matrix.round(value) << 16 * (i & 1);
    } else {
      f32Factors[panel + i * lanes + lane] = value;
    }
  }

  /** The rank, made even. */
  int rank() {
    return paddedRank;
  }

  /** Panels of A of a projection; 0 where the adapter leaves it as it is. */
  int panels(int layer, LoraProjection projection) {
    return panels[layer][projection.ordinal()];
  }

  /** Whether the adapter changes a target. */
  boolean changes(int layer, LoraTarget target) {
    return startOfB[layer][target.ordinal()] != ABSENT;
  }

  /**
   * Computes {@code s = scale · (A x)} for a panel of A.
   *
   * @param x rows of inputs, {@code xStride} apart, the padding of which is finite
   * @param rows numbers of the rows; those from {@code from} to before {@code to} are computed
   * @param s rows of results, {@link #SHRUNK_MAX} apart
   */
  void shrink(
      int layer,
      LoraProjection projection,
      int panel,
      float[] x,
      int xStride,
      int[] rows,
      int from,
      int to,
      float[] s) {
    int inputs = paddedInputs[projection.ordinal()];
    int at = startOfA[layer][projection.ordinal()] + at(panel * LANES * inputs);
    int s0 = panel * LANES;
    int i = from;
    for (; i + 4 <= to; i += 4) {
      int r0 = rows[i];
      int r1 = rows[i + 1];
      int r2 = rows[i + 2];
      int r3 = rows[i + 3];
      int x0 = r0 * xStride;
      int x1 = r1 * xStride;
      int x2 = r2 * xStride;
      int x3 = r3 * xStride;
      int t0 = s0 + r0 * SHRUNK_MAX;
      int t1 = s0 + r1 * SHRUNK_MAX;
      int t2 = s0 + r2 * SHRUNK_MAX;
      int t3 = s0 + r3 * SHRUNK_MAX;
      if (bf16) {
        Bf16LoraKernel.shrink4(
            bf16Factors, at, inputs, scale, x, x0, x1, x2, x3, s, t0, t1, t2, t3);
      } else {
        F32LoraKernel.shrink4(f32Factors, at, inputs, scale, x, x0, x1, x2, x3, s, t0, t1, t2, t3);
      }
    }
    for (; i < to; i++) {
      int x0 = rows[i] * xStride;
      int t0 = s0 + rows[i] * SHRUNK_MAX;
      if (bf16) {
        Bf16LoraKernel.shrink1(bf16Factors, at, inputs, scale, x, x0, s, t0);
      } else {
        F32LoraKernel.shrink1(f32Factors, at, inputs, scale, x, x0, s, t0);
      }
    }
  }

  /**
   * Adds {@code B s} to the outputs of panels of B.
   *
   * @param s what {@link #shrink} gave
   * @param y rows of outputs, {@code yStride} apart; the first one's first output is at {@code y0}
   */
  void expand(
      int layer,
      LoraTarget target,
      int fromPanel,
      int toPanel,
      float[] s,
      int[] rows,
      int from,
      int to,
      float[] y,
      int y0,
      int yStride) {
    int at = startOfB[layer][target.ordinal()] + at(fromPanel * PANEL * paddedRank);
    int s0 = shrunkAt[layer][target.ordinal()];
    int first = y0 + fromPanel * PANEL;
    int width = (toPanel - fromPanel) * PANEL;
    int rank = paddedRank;
    int i = from;
    for (; i + 4 <= to; i += 4) {
      int t0 = s0 + rows[i] * SHRUNK_MAX;
      int t1 = s0 + rows[i + 1] * SHRUNK_MAX;
      int t2 = s0 + rows[i + 2] * SHRUNK_MAX;
      int t3 = s0 + rows[i + 3] * SHRUNK_MAX;
      int u0 = first + rows[i] * yStride;
      int u1 = first + rows[i + 1] * yStride;
      int u2 = first + rows[i + 2] * yStride;
      int u3 = first + rows[i + 3] * yStride;
      if (bf16) {
        Bf16LoraKernel.expand4(bf16Factors, at, rank, s, t0, t1, t2, t3, y, u0, u1, u2, u3, width);
      } else {
        F32LoraKernel.expand4(f32Factors, at, rank, s, t0, t1, t2, t3, y, u0, u1, u2, u3, width);
      }
    }
    for (; i < to; i++) {
      int t0 = s0 + rows[i] * SHRUNK_MAX;
      int u0 = first + rows[i] * yStride;
      if (bf16) {
        Bf16LoraKernel.expand1(bf16Factors, at, rank, s, t0, y, u0, width);
      } else {
        F32LoraKernel.expand1(f32Factors, at, rank, s, t0, y, u0, width);
      }
    }
  }
}
