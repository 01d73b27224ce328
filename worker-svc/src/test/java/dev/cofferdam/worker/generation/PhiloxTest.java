package dev.cofferdam.worker.generation;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Known answers of the authors' Random123 library (kat_vectors). */
class PhiloxTest {
  @Test
  void givesThePublishedNumbers() {
    assertThat(Philox.words01(0, 0, 0, 0, 0, 0)).isEqualTo(0x6627e8d5_e169c58dL);
    assertThat(Philox.words01(-1, -1, -1, -1, -1, -1)).isEqualTo(0x408f276d_41c83b0eL);
    assertThat(
            Philox.words01(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0))
        .isEqualTo(0xd16cfe09_94fdccebL);
  }

  @Test
  void uniformsAreBelowOneAndSpreadEvenly() {
    int[] buckets = new int[10];
    for (int i = 0; i < 100_000; i++) {
      double uniform = Philox.uniform(42, i);
      assertThat(uniform).isGreaterThanOrEqualTo(0).isLessThan(1);
      buckets[(int) (uniform * 10)]++;
    }
    for (int bucket : buckets) {
      assertThat(bucket).isBetween(9_600, 10_400); // more than four standard deviations of 95
    }
  }
}
