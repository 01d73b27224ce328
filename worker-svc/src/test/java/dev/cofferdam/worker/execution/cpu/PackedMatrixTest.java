package dev.cofferdam.worker.execution.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.worker.execution.WeightType;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class PackedMatrixTest {
  /** A matrix of each type with random rows, and the rows as they were. */
  private record Case(PackedMatrix matrix, float[][] rows) {
    static Case random(int type, int inputs, int outputs, SplittableRandom random) {
      int[] parts = {outputs};
      PackedMatrix matrix =
          switch (type) {
            case 0 -> new F32Matrix(inputs, parts);
            case 1 -> new Bf16Matrix(inputs, parts);
            default -> new Int8Matrix(inputs, parts);
          };
      float[][] rows = new float[outputs][inputs];
      for (int output = 0; output < outputs; output++) {
        for (int i = 0; i < inputs; i++) {
          rows[output][i] = (float) random.nextGaussian();
        }
        matrix.place(rows[output], 0, output);
      }
      return new Case(matrix, rows);
    }

    float[] kept(int output) {
      float[] row = new float[matrix.inputs];
      matrix.row(output, row, 0);
      return row;
    }
  }

  static Stream<Arguments> cases() {
    return IntStream.range(0, 60).mapToObj(seed -> Arguments.of(seed % 3, seed));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void keepsWeightsWithinTheBoundOfTheirType(int type, int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Case given = Case.random(type, random.nextInt(1, 70), random.nextInt(1, 90), random);
    for (int output = 0; output < given.rows.length; output++) {
      float[] kept = given.kept(output);
      double largest = 0;
      for (float weight : given.rows[output]) {
        largest = Math.max(largest, Math.abs(weight));
      }
      for (int i = 0; i < kept.length; i++) {
        double weight = given.rows[output][i];
        double bound =
            switch (type) {
              case 0 -> 0;
              case 1 -> Math.abs(weight) / 256;
              default -> largest / 254 * 1.0001;
            };
        assertThat((double) kept[i]).isCloseTo(weight, Offset.offset(bound));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void multipliesWithTheWeightsThatItKeeps(int type, int seed) {
    SplittableRandom random = new SplittableRandom(1_000 + seed);
    int inputs = random.nextInt(1, 70);
    Case given = Case.random(type, inputs, random.nextInt(1, 90), random);
    int rows = random.nextInt(1, 40);
    float[] x = new float[rows * inputs];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextGaussian();
    }
    PackedMatrix matrix = given.matrix;
    float[] y = new float[rows * matrix.paddedOutputs];
    try (Team team = new Team(2)) {
      new Projector(team, rows, inputs, Kernels.java(WeightType.values()[type]), matrix)
          .project(x, 0, inputs, rows, matrix, y);
    }
    for (int output = 0; output < given.rows.length; output++) {
      float[] kept = given.kept(output);
      for (int row = 0; row < rows; row++) {
        double sum = 0;
        double size = 0;
        for (int i = 0; i < inputs; i++) {
          double product = (double) kept[i] * x[row * inputs + i];
          sum += product;
          size += Math.abs(product);
        }
        assertThat((double) y[row * matrix.paddedOutputs + output])
            .isCloseTo(sum, Offset.offset(1e-4 * (size + 1)));
      }
    }
  }
}
