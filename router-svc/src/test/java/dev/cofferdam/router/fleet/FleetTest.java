package dev.cofferdam.router.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;

class FleetTest {
  private final Fleet fleet = new Fleet(3_000, 2);

  private static Worker worker(String id, long incarnation) {
    return new Worker(
        id, incarnation, "shared", "127.0.0.1:1", Set.of("m"), 16, "", 0, WorkerLoad.UNKNOWN);
  }

  @Test
  void aWorkerThatIsSilentForTooLongIsNotLive() {
    fleet.join(worker("a", 1), 1, 0);
    assertThat(fleet.live(3_000)).hasSize(1);
    assertThat(fleet.live(3_001)).isEmpty();
    fleet.load("a", 1, WorkerLoad.UNKNOWN, 4_000);
    assertThat(fleet.live(7_000)).hasSize(1);
  }

  @Test
  void theEndOfAnOlderSessionDoesNotRemoveTheWorkerThatCameBack() {
    fleet.join(worker("a", 1), 1, 0);
    fleet.join(worker("a", 2), 2, 10);
    assertThat(fleet.leave("a", 1)).isFalse();
    assertThat(fleet.live(10)).hasSize(1);
    assertThat(fleet.leave("a", 2)).isTrue();
    assertThat(fleet.live(10)).isEmpty();
  }

  @Test
  void anOlderIncarnationCannotTakeTheNameBack() {
    assertThat(fleet.join(worker("a", 2), 1, 0)).isTrue();
    assertThat(fleet.join(worker("a", 1), 2, 0)).isFalse();
    assertThat(fleet.isCurrent("a", 1)).isTrue();
  }

  @Test
  void aFullFleetTakesNoFurtherWorkerButLetsKnownOnesReturn() {
    assertThat(fleet.join(worker("a", 1), 1, 0)).isTrue();
    assertThat(fleet.join(worker("b", 1), 2, 0)).isTrue();
    assertThat(fleet.join(worker("c", 1), 3, 0)).isFalse();
    assertThat(fleet.join(worker("a", 2), 4, 0)).isTrue();
  }
}
