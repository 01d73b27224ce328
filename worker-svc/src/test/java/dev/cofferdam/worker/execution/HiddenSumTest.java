package dev.cofferdam.worker.execution;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HiddenSumTest {
  @Test
  void theMeanOfTheStatesIsScaledToLengthOne() {
    HiddenSum sum = new HiddenSum(2);
    sum.add(new float[] {9, 1, 4, 9}, 1);
    sum.add(new double[] {5, 4});

    assertThat(sum.positions()).isEqualTo(2);
    assertThat(sum.unitMean()).hasValueSatisfying(v -> assertThat(v).containsExactly(0.6f, 0.8f));
  }

  @Test
  void statesThatAreNotFiniteOrCancelEachOtherHaveNoMean() {
    for (double[] second : new double[][] {{Double.NaN, 0}, {1e200, 1e200}, {-1, -2}}) {
      HiddenSum sum = new HiddenSum(2);
      sum.add(new double[] {1, 2});
      sum.add(second);

      assertThat(sum.unitMean()).isEmpty();
    }
  }
}
