package dev.cofferdam.worker.execution.cpu;

import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.adapter.LoraTarget;
import dev.cofferdam.worker.model.ModelConfig;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;

/**
 * A {@link LoraAdapter} packed for {@link #apply}: A with the rows of a vector side by side, B
 * transposed. Rows are computed one by one, each as fixed chains, so that other rows and adapters
 * of the step do not matter.
 */
final class PackedLora {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = SPECIES.length();
  private static final int PANEL = PackedMatrix.PANEL;

  /** Largest rank that {@link #apply} has scratch for. */
  static final int RANK_MAX = 512;

  private static final class Factors {
    final int inputs;
    final int paddedOutputs;

    /** [panel of LANES ranks][input][rank of the panel]. */
    final float[] a;

    /** [rank][output]. */
    final float[] b;

    Factors(LoraAdapter.Module module, int rank, int inputs, int outputs) {
      this.inputs = inputs;
      this.paddedOutputs = PackedMatrix.padded(outputs);
      this.a = new float[paddedRank(rank) * inputs];
      this.b = new float[rank * paddedOutputs];
      for (int r = 0; r < rank; r++) {
        for (int i = 0; i < inputs; i++) {
          a[r / LANES * LANES * inputs + i * LANES + r % LANES] = module.a()[r * inputs + i];
        }
        for (int o = 0; o < outputs; o++) {
          b[r * paddedOutputs + o] = module.b()[o * rank + r];
        }
      }
    }
  }

  private final int rank;
  private final float scale;

  /** By target and layer; null where the adapter does not change it. */
  private final Map<LoraTarget, @Nullable Factors[]> factors = new EnumMap<>(LoraTarget.class);

  PackedLora(LoraAdapter adapter, ModelConfig model) {
    if (adapter.layers() != model.layers()) {
      throw new IllegalArgumentException("adapter of another model");
    }
    if (adapter.rank() > RANK_MAX) {
      throw new IllegalArgumentException("adapter of a rank above " + RANK_MAX);
    }
    rank = adapter.rank();
    scale = adapter.scale();
    for (LoraTarget target : LoraTarget.values()) {
      @Nullable Factors[] ofLayers = new Factors[model.layers()];
      for (int layer = 0; layer < ofLayers.length; layer++) {
        Optional<LoraAdapter.Module> module = adapter.module(layer, target);
        if (module.isPresent()) {
          ofLayers[layer] =
              new Factors(module.get(), rank, target.inputs(model), target.outputs(model));
        }
      }
      factors.put(target, ofLayers);
    }
  }

  /** The least multiple of the vector's width that is not below {@code rank}. */
  static int paddedRank(int rank) {
    return (rank + LANES - 1) / LANES * LANES;
  }

  /**
   * Adds {@code scale · B (A x)} to a row, where the adapter changes this projection.
   *
   * @param shrunk scratch of {@link #RANK_MAX} elements
   */
  void apply(int layer, LoraTarget target, float[] x, int from, float[] y, int to, float[] shrunk) {
    @Nullable Factors[] ofLayers = factors.get(target);
    Factors f = ofLayers == null ? null : ofLayers[layer];
    if (f == null) {
      return;
    }
    for (int r = 0; r < rank; r += LANES) {
      shrink(f.a, r * f.inputs, f.inputs, x, from, scale, shrunk, r);
    }
    for (int o = 0; o < f.paddedOutputs; o += PANEL) {
      expand(f.b, o, f.paddedOutputs, rank, shrunk, y, to + o);
    }
  }

  private static void shrink(
      float[] a, int at, int inputs, float[] x, int from, float scale, float[] shrunk, int to) {
    FloatVector a0 = FloatVector.zero(SPECIES);
    FloatVector a1 = FloatVector.zero(SPECIES);
    FloatVector a2 = FloatVector.zero(SPECIES);
    FloatVector a3 = FloatVector.zero(SPECIES);
    int i = 0;
    for (; i + 4 <= inputs; i += 4, at += 4 * LANES) {
      FloatVector w0 = FloatVector.fromArray(SPECIES, a, at);
      FloatVector w1 = FloatVector.fromArray(SPECIES, a, at + LANES);
      FloatVector w2 = FloatVector.fromArray(SPECIES, a, at + 2 * LANES);
      FloatVector w3 = FloatVector.fromArray(SPECIES, a, at + 3 * LANES);
      a0 = w0.fma(FloatVector.broadcast(SPECIES, x[from + i]), a0);
      a1 = w1.fma(FloatVector.broadcast(SPECIES, x[from + i + 1]), a1);
      a2 = w2.fma(FloatVector.broadcast(SPECIES, x[from + i + 2]), a2);
      a3 = w3.fma(FloatVector.broadcast(SPECIES, x[from + i + 3]), a3);
    }
    for (; i < inputs; i++, at += LANES) {
      FloatVector w = FloatVector.fromArray(SPECIES, a, at);
      a0 = w.fma(FloatVector.broadcast(SPECIES, x[from + i]), a0);
    }
    a0.add(a1).add(a2.add(a3)).mul(scale).intoArray(shrunk, to);
  }

  private static void expand(
      float[] b, int at, int stride, int rank, float[] shrunk, float[] y, int to) {
    FloatVector y0 = FloatVector.zero(SPECIES);
    FloatVector y1 = FloatVector.zero(SPECIES);
    for (int r = 0; r < rank; r++, at += stride) {
      FloatVector s = FloatVector.broadcast(SPECIES, shrunk[r]);
      y0 = FloatVector.fromArray(SPECIES, b, at).fma(s, y0);
      y1 = FloatVector.fromArray(SPECIES, b, at + LANES).fma(s, y1);
    }
    FloatVector.fromArray(SPECIES, y, to).add(y0).intoArray(y, to);
    FloatVector.fromArray(SPECIES, y, to + LANES).add(y1).intoArray(y, to + LANES);
  }
}
