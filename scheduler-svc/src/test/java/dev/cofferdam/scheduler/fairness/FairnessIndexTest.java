package dev.cofferdam.scheduler.fairness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import org.junit.jupiter.api.Test;

class FairnessIndexTest {
  private final FairnessIndex index = new FairnessIndex(2);

  @Test
  void equalServiceIsEven() {
    index.look(Map.of("acme", 100.0, "globex", 7.0));
    index.look(Map.of("acme", 150.0, "globex", 57.0));

    assertThat(index.index()).isEqualTo(1);
  }

  @Test
  void allServiceToOneOfFourIsAQuarter() {
    index.look(Map.of("a", 0.0, "b", 0.0, "c", 0.0, "d", 0.0));
    index.look(Map.of("a", 9.0, "b", 0.0, "c", 0.0, "d", 0.0));

    assertThat(index.index()).isCloseTo(0.25, within(1e-12));
  }

  @Test
  void whoDidNotWaitAtEveryLookDoesNotCount() {
    index.look(Map.of("a", 0.0, "b", 0.0, "left", 0.0));
    index.look(Map.of("a", 5.0, "b", 5.0, "came", 1_000.0));

    assertThat(index.index()).isEqualTo(1);
  }

  @Test
  void aWindowBeginsWhereTheLastOneEnded() {
    index.look(Map.of("a", 0.0, "b", 0.0));
    index.look(Map.of("a", 5.0, "b", 5.0));
    index.look(Map.of("a", 15.0, "b", 5.0));

    assertThat(index.index()).isCloseTo(0.5, within(1e-12));
  }

  @Test
  void nobodyWaitingIsEven() {
    index.look(Map.of());
    index.look(Map.of());

    assertThat(index.index()).isEqualTo(1);
  }
}
