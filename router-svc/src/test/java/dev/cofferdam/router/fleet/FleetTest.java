package dev.cofferdam.router.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class FleetTest {
  private final Fleet fleet = new Fleet(3_000, 2);

  private static Worker worker(String id, long incarnation) {
    return new Worker(
        id,
        0,
        incarnation,
        "shared",
        "127.0.0.1:1",
        Set.of("m"),
        16,
        "",
        "",
        0,
        WorkerLoad.UNKNOWN);
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
    assertThat(fleet.join(worker("a", 2), 1, 0)).isPresent();
    assertThat(fleet.join(worker("a", 1), 2, 0)).isEmpty();
    assertThat(fleet.isCurrent("a", 1)).isTrue();
  }

  @Test
  void aFullFleetTakesNoFurtherWorkerButLetsKnownOnesReturn() {
    assertThat(fleet.join(worker("a", 1), 1, 0)).isPresent();
    assertThat(fleet.join(worker("b", 1), 2, 0)).isPresent();
    assertThat(fleet.join(worker("c", 1), 3, 0)).isEmpty();
    assertThat(fleet.join(worker("a", 2), 4, 0)).isPresent();
  }

  @Test
  void aWorkerKeepsItsNumberOverItsSessionsAndGivesItBackWhenItLeaves() {
    assertThat(fleet.join(worker("a", 1), 1, 0)).hasValue(0);
    assertThat(fleet.join(worker("b", 1), 2, 0)).hasValue(1);
    assertThat(fleet.join(worker("a", 2), 3, 0)).hasValue(0);
    fleet.leave("a", 3);
    assertThat(fleet.join(worker("c", 1), 4, 0)).hasValue(0);
  }

  @Test
  void aViewShowsWhatItsWorkersSayAfterItWasMadeAndANewOneWhoCameSince() {
    fleet.join(worker("b", 1), 1, 0);
    FleetView view = fleet.view();
    Seat before = view.serving("m").getFirst().seat(0);
    fleet.load("b", 1, new WorkerLoad(true, 3, 8, 1, 2, Set.of(), false, Map.of()), 2_000);
    Seat after = view.serving("m").getFirst().seat(0);
    assertThat(before.slots()).isZero();
    assertThat(after.running()).isEqualTo(3);
    assertThat(view.isLive(after, 5_000)).isTrue();
    assertThat(view.isLive(before, 5_000)).isFalse();
    fleet.join(worker("a", 1), 2, 2_000);
    assertThat(view.serving("m").getFirst().size()).isEqualTo(1);
    assertThat(fleet.view().serving("m").getFirst().seat(0).worker().id()).isEqualTo("a");
    assertThat(fleet.view().serving("m").getFirst().seat(1).running()).isEqualTo(3);
    assertThat(fleet.view().serving("other")).isEmpty();
  }
}
