package dev.cofferdam.worker.execution;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class Fp8Test {
  @Test
  void everyCodeIsTheNearestOfItsNumberAndTiesGoToTheEvenOne() {
    for (int code = 0; code < 0x7E; code++) {
      float low = Fp8.decode((byte) code);
      float high = Fp8.decode((byte) (code + 1));
      assertThat(high).isGreaterThan(low);
      float middle = (low + high) / 2;
      int even = code % 2 == 0 ? code : code + 1;
      assertThat(Fp8.encode(low)).isEqualTo((byte) code);
      assertThat(Fp8.encode(middle)).isEqualTo((byte) even);
      assertThat(Fp8.encode(Math.nextDown(middle))).isEqualTo((byte) code);
      assertThat(Fp8.encode(-Math.nextUp(middle))).isEqualTo((byte) (code + 1 | 0x80));
    }
  }

  @Test
  void theEndsAreThoseOfTheSpecification() {
    assertThat(Fp8.decode((byte) 0x01)).isEqualTo(0x1p-9f);
    assertThat(Fp8.decode((byte) 0x08)).isEqualTo(0x1p-6f);
    assertThat(Fp8.decode((byte) 0x7E)).isEqualTo(448);
    assertThat(Fp8.encode(Float.POSITIVE_INFINITY)).isEqualTo((byte) 0x7E);
    assertThat(Fp8.decode(Fp8.encode(Float.NaN))).isNaN();
  }

  @Test
  void aScaleIsTheLeastPowerOfTwoThatNumbersFitUnder() {
    assertThat(Fp8.scale(448)).isEqualTo(1);
    assertThat(Fp8.scale(Math.nextUp(448.0))).isEqualTo(2);
    assertThat(Fp8.scale(225)).isEqualTo(1);
    assertThat(Fp8.scale(224)).isEqualTo(0.5);
  }
}
