package dev.cofferdam.verification.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class TwoSamplesTest {
  private static double[] normal(Random random, int count, double mean) {
    return random.doubles(count).map(unused -> mean + random.nextGaussian()).toArray();
  }

  @Test
  void theAreaIsTheShareOfPairsInWhichTheHitIsFaster() {
    TwoSamples samples = new TwoSamples(new double[] {1, 2, 5}, new double[] {2, 3});
    assertThat(samples.auc()).isEqualTo((2 + 1.5) / 6);
    assertThat(new TwoSamples(new double[] {1}, new double[] {2}).auc()).isEqualTo(1);
    assertThat(new TwoSamples(new double[] {2}, new double[] {1}).auc()).isZero();
    assertThat(new TwoSamples(new double[] {2}, new double[] {2}).auc()).isEqualTo(0.5);
  }

  @Test
  void whatIsAlikeCannotBeTold() {
    Random random = new Random(1);
    int surprising = 0;
    for (int i = 0; i < 400; i++) {
      TwoSamples samples = new TwoSamples(normal(random, 100, 0), normal(random, 100, 0));
      surprising += samples.pValue() < 0.05 ? 1 : 0;
    }
    assertThat(surprising).isBetween(8, 36);
    TwoSamples many = new TwoSamples(normal(random, 4_000, 0), normal(random, 4_000, 0));
    assertThat(many.auc()).isCloseTo(0.5, within(0.02));
    assertThat(many.telling()).isCloseTo(0.5, within(0.03));
  }

  /** Two normal distributions one deviation apart: Φ(1/√2) and Φ(1/2). */
  @Test
  void whatDiffersIsToldAsWellAsTheoryHasIt() {
    Random random = new Random(2);
    for (double sign : new double[] {1, -1}) {
      TwoSamples samples = new TwoSamples(normal(random, 4_000, 0), normal(random, 4_000, sign));
      assertThat(samples.auc()).isCloseTo(0.5 + sign * 0.2602, within(0.02));
      assertThat(samples.telling()).isCloseTo(0.6915, within(0.02));
      assertThat(samples.pValue()).isLessThan(1e-6);
    }
  }
}
