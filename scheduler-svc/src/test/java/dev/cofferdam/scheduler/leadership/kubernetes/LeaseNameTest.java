package dev.cofferdam.scheduler.leadership.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LeaseNameTest {
  @ParameterizedTest
  @ValueSource(strings = {"shared", "a", "gpu-80.zone-b", "7b"})
  void isThePoolsNameWhereAnObjectMayBeCalledThat(String pool) {
    assertThat(LeaseName.of("cofferdam-pool-", pool)).isEqualTo("cofferdam-pool-" + pool);
  }

  @ParameterizedTest
  @ValueSource(strings = {"GPU", "gpu_80", "gpu-", "gpu.", "a..b", "a.-b", "a-.b"})
  void isAnObjectsNameForEveryPool(String pool) {
    assertThat(LeaseName.of("cofferdam-pool-", pool)).matches("cofferdam-pool-[0-9a-f]{64}");
  }

  @Test
  void isShortEnoughForEveryPool() {
    assertThat(LeaseName.of("cofferdam-pool-", "a".repeat(240))).hasSize(15 + 64);
  }

  @Test
  void tellsPoolsApartThatDifferInCaseOnly() {
    assertThat(LeaseName.of("p-", "GPU")).isNotEqualTo(LeaseName.of("p-", "Gpu"));
  }
}
