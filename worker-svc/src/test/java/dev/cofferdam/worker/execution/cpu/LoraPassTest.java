package dev.cofferdam.worker.execution.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.adapter.LoraTarget;
import dev.cofferdam.worker.execution.AdapterSlots;
import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.model.ModelConfig;
import dev.cofferdam.worker.model.RopeScaling;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Projections wide enough for several chunks, and groups large enough for several blocks. */
class LoraPassTest {
  private static final int LAYERS = 2;
  private static final int ROWS = 90;

  static IntStream seeds() {
    return IntStream.range(0, 20);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void addsWhatMergedWeightsWouldAddInDoublePrecision(int seed) {
    Given given = new Given(new SplittableRandom(seed));
    given.comparesWithMerged();
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void givesARowBitwiseTheSameAloneAndInAnyGroup(int seed) {
    Given given = new Given(new SplittableRandom(1_000 + seed));
    given.comparesWithAlone();
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void hasNothingToDoForRowsOfTheBaseModelWhateverIsLoaded(int seed) {
    Given given = new Given(new SplittableRandom(2_000 + seed));
    PackedMatrix matrix = given.matrix(LoraProjection.DOWN);
    try (Team team = new Team(1)) {
      LoraPass pass = new LoraPass(given.slots, given.adapters.length, ROWS, team, matrix);
      pass.group(new int[ROWS], ROWS);
      assertThat(pass.begin(0, LoraProjection.DOWN, matrix, new float[0], 0)).isZero();
    }
  }

  /** A random geometry and random adapters in all slots. */
  private static final class Given {
    private final SplittableRandom random;
    private final ModelConfig model;
    private final LoraAdapter[] adapters;
    private final AdapterSlots<PackedLora> slots;

    Given(SplittableRandom random) {
      this.random = random;
      int kvHeads = random.nextInt(1, 4);
      model =
          new ModelConfig(
              "llama",
              8,
              random.nextInt(10, 1200),
              random.nextInt(10, 1500),
              LAYERS,
              kvHeads * random.nextInt(1, 4),
              kvHeads,
              2 * random.nextInt(1, 60),
              64,
              1e-5,
              10_000,
              new RopeScaling.None(),
              false,
              false,
              false,
              false);
      adapters = new LoraAdapter[random.nextInt(1, 6)];
      slots = new AdapterSlots<>(adapters.length);
      for (int i = 0; i < adapters.length; i++) {
        adapters[i] = adapter();
        slots.add(new PackedLora(adapters[i], model, WeightType.F32));
      }
    }

    private LoraAdapter adapter() {
      boolean bf16 = random.nextBoolean();
      int rank = random.nextInt(8) == 0 ? random.nextInt(1, 513) : random.nextInt(1, 40);
      Set<LoraTarget> targets = EnumSet.noneOf(LoraTarget.class);
      for (LoraTarget target : LoraTarget.values()) {
        if (random.nextInt(3) != 0) {
          targets.add(target);
        }
      }
      List<Map<LoraTarget, LoraAdapter.Module>> layers =
          IntStream.range(0, LAYERS)
              .mapToObj(
                  layer -> {
                    Map<LoraTarget, LoraAdapter.Module> modules = new EnumMap<>(LoraTarget.class);
                    for (LoraTarget target : targets) {
                      modules.put(
                          target,
                          new LoraAdapter.Module(
                              values(random, rank * target.inputs(model), bf16),
                              values(random, rank * target.outputs(model), bf16)));
                    }
                    return modules;
                  })
              .toList();
      return new LoraAdapter("random", "0", rank, random.nextInt(1, 9) / 4f, layers);
    }

    private static float[] values(RandomGenerator random, int count, boolean bf16) {
      float[] values = new float[count];
      for (int i = 0; i < count; i++) {
        float value = (float) random.nextGaussian();
        values[i] = bf16 ? Float.intBitsToFloat(Bf16Matrix.round(value) << 16) : value;
      }
      return values;
    }

    private PackedMatrix matrix(LoraProjection projection) {
      LoraTarget first = projection.targets.getFirst();
      return new F32Matrix(
          first.inputs(model),
          projection.targets.stream().mapToInt(t -> t.outputs(model)).toArray());
    }

    private float[] rows(int width, int stride) {
      float[] rows = new float[ROWS * stride];
      for (int row = 0; row < ROWS; row++) {
        System.arraycopy(values(random, width, false), 0, rows, row * stride, width);
      }
      return rows;
    }

    /** Adapters' share of some rows, added to what {@code y} holds. */
    private void run(
        LoraPass pass, Team team, int layer, LoraProjection projection, float[] x, float[] y) {
      PackedMatrix matrix = matrix(projection);
      int chunks = pass.begin(layer, projection, matrix, x, PackedMatrix.padded(matrix.inputs));
      team.run(pass.shrinking, chunks);
      pass.expandInto(y);
    }

    void comparesWithMerged() {
      int layer = random.nextInt(LAYERS);
      int[] slotOfRow = random.ints(ROWS, 0, adapters.length + 1).toArray();
      try (Team team = new Team(random.nextInt(1, 4))) {
        for (LoraProjection projection : LoraProjection.values()) {
          PackedMatrix matrix = matrix(projection);
          int stride = PackedMatrix.padded(matrix.inputs);
          float[] x = rows(matrix.inputs, stride);
          float[] base = rows(matrix.paddedOutputs, matrix.paddedOutputs);
          float[] y = base.clone();
          LoraPass pass = new LoraPass(slots, adapters.length, ROWS, team, matrix);
          pass.group(slotOfRow, ROWS);
          run(pass, team, layer, projection, x, y);
          for (int part = 0; part < projection.targets.size(); part++) {
            LoraTarget target = projection.targets.get(part);
            for (int row = 0; row < ROWS; row += 7) {
              int to = row * matrix.paddedOutputs + matrix.offsetOf(part);
              double[] delta = delta(slotOfRow[row], layer, target, x, row * stride);
              double worst = 0;
              for (int o = 0; o < target.outputs(model); o++) {
                worst = Math.max(worst, Math.abs(y[to + o] - (base[to + o] + delta[o])));
              }
              assertThat(worst).isLessThan(5e-5 * (1 + norm(delta)));
            }
          }
        }
      }
    }

    private static double norm(double[] values) {
      return Math.sqrt(Arrays.stream(values).map(v -> v * v).average().orElse(0));
    }

    /** (scale · B · A) x, the product of the factors first. */
    private double[] delta(int slot, int layer, LoraTarget target, float[] x, int from) {
      int outputs = target.outputs(model);
      double[] delta = new double[outputs];
      if (slot == 0 || adapters[slot - 1].module(layer, target).isEmpty()) {
        return delta;
      }
      LoraAdapter adapter = adapters[slot - 1];
      LoraAdapter.Module module = adapter.module(layer, target).orElseThrow();
      int inputs = target.inputs(model);
      int rank = adapter.rank();
      double[] shrunk = new double[rank];
      for (int r = 0; r < rank; r++) {
        for (int i = 0; i < inputs; i++) {
          shrunk[r] += (double) module.a()[r * inputs + i] * x[from + i];
        }
      }
      for (int o = 0; o < outputs; o++) {
        for (int r = 0; r < rank; r++) {
          delta[o] += adapter.scale() * module.b()[o * rank + r] * shrunk[r];
        }
      }
      return delta;
    }

    void comparesWithAlone() {
      int layer = random.nextInt(LAYERS);
      int[] slotOfRow = random.ints(ROWS, 0, adapters.length + 1).toArray();
      try (Team team = new Team(random.nextInt(1, 4))) {
        for (LoraProjection projection : LoraProjection.values()) {
          PackedMatrix matrix = matrix(projection);
          int stride = PackedMatrix.padded(matrix.inputs);
          float[] x = rows(matrix.inputs, stride);
          float[] base = rows(matrix.paddedOutputs, matrix.paddedOutputs);
          float[] together = base.clone();
          LoraPass pass = new LoraPass(slots, adapters.length, ROWS, team, matrix);
          pass.group(slotOfRow, ROWS);
          run(pass, team, layer, projection, x, together);
          float[] alone = base.clone();
          for (int row = 0; row < ROWS; row++) {
            int[] only = new int[ROWS];
            only[row] = slotOfRow[row];
            pass.group(only, ROWS);
            run(pass, team, layer, projection, x, alone);
          }
          assertThat(together).isEqualTo(alone);
        }
      }
    }
  }
}
