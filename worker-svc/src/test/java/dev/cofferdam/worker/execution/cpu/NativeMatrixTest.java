package dev.cofferdam.worker.execution.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.execution.cpu.foreign.NativeKernel;
import dev.cofferdam.worker.execution.cpu.foreign.NativeKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Of the native kernels that this machine has; the others are skipped by name. */
class NativeMatrixTest {
  /** Random weights and rows, by the kernels. */
  private static final class Case {
    final Kernels kernels;
    final PackedMatrix matrix;
    final int inputs;
    final int outputs;
    final int rows;
    final float[] x;

    Case(Kernels kernels, SplittableRandom random) {
      this(
          kernels,
          random.nextInt(1, 200),
          new int[] {random.nextInt(1, 90), random.nextInt(1, 90)},
          random.nextInt(1, 70),
          random);
    }

    Case(Kernels kernels, int inputs, int[] parts, int rows, SplittableRandom random) {
      this.kernels = kernels;
      this.inputs = inputs;
      this.rows = rows;
      matrix = kernels.matrix(inputs, parts);
      outputs = matrix.paddedOutputs;
      float[] row = new float[inputs];
      for (int part = 0; part < parts.length; part++) {
        for (int output = 0; output < parts[part]; output++) {
          fill(row, random);
          matrix.place(row, 0, matrix.offsetOf(part) + output);
        }
      }
      x = new float[rows * inputs];
      fill(x, random);
    }

    Case(Kernels kernels, PackedMatrix matrix, int rows, float[] x) {
      this.kernels = kernels;
      this.matrix = matrix;
      this.inputs = matrix.inputs;
      this.outputs = matrix.paddedOutputs;
      this.rows = rows;
      this.x = x;
    }

    private static void fill(float[] values, SplittableRandom random) {
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.nextGaussian();
      }
    }

    /** Outputs of some of the rows. */
    float[] multiply(int from, int to) {
      float[] y = new float[(to - from) * outputs];
      Arrays.fill(y, Float.NaN);
      try (Team team = new Team(2)) {
        new Projector(team, to - from, inputs, kernels, matrix)
            .project(x, from * inputs, inputs, to - from, matrix, y);
      }
      return y;
    }
  }

  private static Kernels usable(NativeKernel kernel) {
    WeightType type = WeightType.valueOf(kernel.name().substring(0, kernel.name().indexOf('_')));
    assumeTrue(
        NativeKernels.usable(type, PackedMatrix.PANEL).contains(kernel),
        () -> kernel + " is not usable here: " + NativeKernels.load());
    return new Kernels(type, Optional.of(kernel));
  }

  static Stream<Arguments> cases() {
    return Arrays.stream(NativeKernel.values())
        .flatMap(kernel -> IntStream.range(0, 30).mapToObj(seed -> Arguments.of(kernel, seed)));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void agreesWithDoublePrecisionForOddShapes(NativeKernel kernel, int seed) {
    Case given = new Case(usable(kernel), new SplittableRandom(seed));
    float[] y = given.multiply(0, given.rows);
    float[] kept = new float[given.inputs];
    for (int output = 0; output < given.outputs; output++) {
      given.matrix.row(output, kept, 0);
      for (int row = 0; row < given.rows; row++) {
        double sum = 0;
        double size = 0;
        for (int i = 0; i < given.inputs; i++) {
          double product = (double) kept[i] * given.x[row * given.inputs + i];
          sum += product;
          size += Math.abs(product);
        }
        assertThat((double) y[row * given.outputs + output])
            .isCloseTo(sum, Offset.offset(1e-4 * (size + 1)));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void givesARowTheSameBitsInAnyBatch(NativeKernel kernel, int seed) {
    SplittableRandom random = new SplittableRandom(1_000 + seed);
    Case given = new Case(usable(kernel), random);
    float[] together = given.multiply(0, given.rows);
    for (int from = 0; from < given.rows; ) {
      int to = Math.min(given.rows, from + random.nextInt(1, 40));
      assertThat(given.multiply(from, to))
          .isEqualTo(Arrays.copyOfRange(together, from * given.outputs, to * given.outputs));
      from = to;
    }
  }

  @ParameterizedTest
  @EnumSource(NativeKernel.class)
  void givesARowAloneTheSameBitsAtTheEndsOfTheRangeOfNumbers(NativeKernel kernel) {
    SplittableRandom random = new SplittableRandom(1);
    Kernels kernels = usable(kernel);
    PackedMatrix matrix = kernels.matrix(200, new int[] {90});
    float[] row = new float[200];
    for (int output = 0; output < 90; output++) {
      fillOfAnySize(row, random);
      matrix.place(row, 0, output);
    }
    Case given = new Case(kernels, matrix, 17, new float[17 * 200]);
    fillOfAnySize(given.x, random);
    float[] together = given.multiply(0, 17);
    for (int r = 0; r < 17; r++) {
      assertThat(given.multiply(r, r + 1))
          .isEqualTo(Arrays.copyOfRange(together, r * given.outputs, (r + 1) * given.outputs));
    }
  }

  /** Any sign, digits and exponent, those below the normal numbers included. */
  private static void fillOfAnySize(float[] values, SplittableRandom random) {
    for (int i = 0; i < values.length; i++) {
      float value = Float.intBitsToFloat(random.nextInt());
      values[i] = Float.isFinite(value) ? value : 0;
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = NativeKernel.class,
      names = {"F32_AVX512", "F32_AVX2", "BF16_AVX512", "BF16_AVX2"})
  void chainsOfMultiplyAddsGiveTheBitsOfTheJavaKernels(NativeKernel kernel) {
    Kernels kernels = usable(kernel);
    for (int seed = 0; seed < 20; seed++) {
      Case natively = new Case(kernels, new SplittableRandom(seed));
      Case inJava = new Case(Kernels.java(kernels.weights()), new SplittableRandom(seed));
      assertThat(natively.multiply(0, natively.rows)).isEqualTo(inJava.multiply(0, inJava.rows));
    }
  }

  @Test
  void tilesAndVectorsGiveTheSameBitsInInt8() {
    Kernels tiles = usable(NativeKernel.INT8_AMX);
    Kernels vectors = usable(NativeKernel.INT8_VNNI);
    for (int seed = 0; seed < 20; seed++) {
      Case one = new Case(tiles, new SplittableRandom(seed));
      Case other = new Case(vectors, new SplittableRandom(seed));
      assertThat(one.multiply(0, one.rows)).isEqualTo(other.multiply(0, other.rows));
    }
  }

  @ParameterizedTest
  @EnumSource(NativeKernel.class)
  void anInputThatIsNotFiniteShowsInItsRowAndInNoOther(NativeKernel kernel) {
    Case given =
        new Case(usable(kernel), 100, new int[] {40}, 20, new SplittableRandom(kernel.ordinal()));
    float[] before = given.multiply(0, given.rows);
    given.x[7 * given.inputs + 50] = Float.NaN;
    float[] after = given.multiply(0, given.rows);
    for (int row = 0; row < given.rows; row++) {
      float[] was = Arrays.copyOfRange(before, row * given.outputs, row * given.outputs + 40);
      float[] is = Arrays.copyOfRange(after, row * given.outputs, row * given.outputs + 40);
      if (row == 7) {
        assertThat(is).containsOnly(Float.NaN);
      } else {
        assertThat(is).isEqualTo(was);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(NativeKernel.class)
  void rowsOfZerosGiveZeros(NativeKernel kernel) {
    Case given = new Case(usable(kernel), 64, new int[] {32}, 3, new SplittableRandom(1));
    Arrays.fill(given.x, 0);
    assertThat(given.multiply(0, 3)).containsOnly(0);
  }

  @ParameterizedTest
  @EnumSource(NativeKernel.class)
  void refusesSizesThatDoNotFitBeforeItCalls(NativeKernel kernel) {
    usable(kernel);
    int panel = PackedMatrix.PANEL;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment x = arena.allocate(kernel.packedBytes(2, 8), 64);
      MemorySegment weights = MemorySegment.ofArray(new int[8 * panel]);
      MemorySegment scales = MemorySegment.ofArray(new float[panel]);
      float[] y = new float[2 * panel];
      NativeKernels.multiply(kernel, x, weights, scales, y, 2, 8, panel, 0, 1, panel);
      assertRefused(kernel, x.asSlice(64), weights, scales, y, 2, 0, 1, panel);
      assertRefused(kernel, x, weights.asSlice(0, panel), scales, y, 2, 0, 1, panel);
      assertRefused(kernel, x, weights, scales, new float[2 * panel - 1], 2, 0, 1, panel);
      assertRefused(kernel, x, weights, scales, y, 2, 0, 1, panel - 1);
      assertRefused(kernel, x, weights, scales, y, 1 << 20, 0, 1, panel);
      assertRefused(kernel, x, weights, scales, y, 2, 0, 1 << 20, panel);
      assertRefused(kernel, x, weights, scales, y, 2, -1, 1, panel);
    }
  }

  private static void assertRefused(
      NativeKernel kernel,
      MemorySegment x,
      MemorySegment weights,
      MemorySegment scales,
      float[] y,
      int rows,
      int from,
      int to,
      int yStride) {
    assertThatThrownBy(
            () ->
                NativeKernels.multiply(
                    kernel, x, weights, scales, y, rows, 8, PackedMatrix.PANEL, from, to, yStride))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("native kernels: ");
  }
}
