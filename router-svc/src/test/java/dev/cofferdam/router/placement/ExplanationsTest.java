package dev.cofferdam.router.placement;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExplanationsTest {
  private final Explanations explanations = new Explanations(2);

  private static RequestId id(int n) {
    return new RequestId(String.format("%032x", n));
  }

  private void put(int n, int attempt) {
    explanations.put(
        id(n),
        new Explanations.Explanation(
            attempt,
            new TenantId("acme"),
            "shared",
            "w1",
            "",
            0,
            1,
            List.of(new Explanations.Explained("w1", 0.9, List.of("load 1.00 ×2.5 free"))),
            List.of()));
  }

  @Test
  void theOldestLeavesFirst() {
    put(1, 1);
    put(2, 1);
    put(3, 1);
    assertThat(explanations.of(id(1))).isEmpty();
    assertThat(explanations.of(id(2))).isPresent();
    assertThat(explanations.of(id(3))).isPresent();
  }

  @Test
  void aLaterAttemptTakesThePlaceOfTheFormer() {
    put(1, 1);
    put(2, 1);
    put(1, 2);
    assertThat(explanations.of(id(1)).orElseThrow().attempt()).isEqualTo(2);
    assertThat(explanations.of(id(2))).isPresent();
  }
}
