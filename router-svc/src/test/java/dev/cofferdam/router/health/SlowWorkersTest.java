package dev.cofferdam.router.health;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.vocabulary.TenantId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SlowWorkersTest {
  private static final TenantId A = new TenantId("a");
  private static final TenantId B = new TenantId("b");
  private static final TenantId C = new TenantId("c");
  private static final SlowWorkers.Peers PEERS = new SlowWorkers.Peers("shared", "m");

  /** Six requests, three workers, three times as slow and 10 ms more, twice within a second. */
  private static final SlowWorkers.Settings SETTINGS =
      new SlowWorkers.Settings(6, 3, 3, 2, 10, 1 / 3.0, 2, 1_000, 10_000);

  private final SlowWorkers slow = new SlowWorkers(SETTINGS);
  private final Set<String> ejected = new HashSet<>();
  private long nowMs;

  /** Each worker serves each tenant some requests, for some seconds; who is found is ejected. */
  private List<String> serve(
      int seconds, List<String> workers, List<TenantId> tenants, ToDoubleFunction<String> tokenMs) {
    List<String> found = new ArrayList<>();
    for (int second = 0; second < seconds; second++) {
      nowMs += 1_000;
      for (String worker : workers) {
        for (TenantId tenant : tenants) {
          for (int i = 0; i < 3 && !ejected.contains(worker); i++) {
            slow.add(PEERS, worker, tenant, true, tokenMs.applyAsDouble(worker), nowMs);
          }
        }
      }
      for (SlowWorkers.Outlier outlier : slow.sweep(nowMs, ejected::contains)) {
        slow.forget(outlier.workerId());
        ejected.add(outlier.workerId());
        found.add(outlier.workerId());
      }
    }
    return found;
  }

  private static ToDoubleFunction<String> slowly(Set<String> which, double ms) {
    return worker -> which.contains(worker) ? ms : 20;
  }

  @Test
  void aWorkerThatIsFarSlowerThanItsPeersIsFoundInTheSecondComparison() {
    List<String> workers = List.of("1", "2", "3", "4");
    assertThat(serve(1, workers, List.of(A, B), slowly(Set.of("3"), 100))).isEmpty();
    assertThat(serve(1, workers, List.of(A, B), slowly(Set.of("3"), 100))).containsExactly("3");
  }

  @Test
  void slowerByLessIsLeftAloneAndSoIsAFewMilliseconds() {
    assertThat(serve(10, List.of("1", "2", "3"), List.of(A, B), slowly(Set.of("3"), 59))).isEmpty();
    nowMs += 60_000;
    assertThat(serve(10, List.of("5", "6", "7"), List.of(A, B), w -> w.equals("7") ? 10.5 : 1))
        .as("ten times as slow, by less than ten milliseconds")
        .isEmpty();
  }

  @Test
  void aPoolThatIsSlowAsAWholeIsBusyAndTwoWorkersDoNotTellWhichIsSlow() {
    assertThat(serve(10, List.of("1", "2", "3"), List.of(A, B), w -> 500)).isEmpty();
    nowMs += 60_000;
    assertThat(serve(10, List.of("1", "2"), List.of(A, B), slowly(Set.of("2"), 500))).isEmpty();
  }

  @Test
  void onceItStoodOutItHasToComeDownFurtherToFitIn() {
    List<String> workers = List.of("1", "2", "3");
    assertThat(serve(1, workers, List.of(A, B), slowly(Set.of("3"), 70))).isEmpty();
    nowMs += 10_001;
    assertThat(serve(1, workers, List.of(A, B), slowly(Set.of("3"), 50)))
        .as("between the two bounds: as before")
        .isEmpty();
    nowMs += 10_001;
    assertThat(serve(1, workers, List.of(A, B), slowly(Set.of("3"), 70))).containsExactly("3");
    ejected.clear();
    nowMs += 10_001;
    assertThat(serve(1, workers, List.of(A, B), slowly(Set.of("3"), 70))).isEmpty();
    nowMs += 10_001;
    assertThat(serve(1, workers, List.of(A, B), slowly(Set.of("3"), 30))).isEmpty();
    nowMs += 10_001;
    assertThat(serve(1, workers, List.of(A, B), slowly(Set.of("3"), 70)))
        .as("the first time again")
        .isEmpty();
  }

  @Test
  void noMoreThanItsShareOfThePeersIsOutTheSlowestFirst() {
    List<String> workers = List.of("1", "2", "3", "4", "5", "6", "7");
    assertThat(
            serve(
                10, workers, List.of(A, B), w -> Integer.parseInt(w) < 5 ? 20 : 100 + w.charAt(0)))
        .containsExactly("7", "6");
  }

  @Test
  void oneTenantDoesNotMakeAWorkerLookSlowToTheOthers() {
    for (int second = 1; second <= 10; second++) {
      for (String worker : List.of("1", "2", "3")) {
        for (int i = 0; i < 40; i++) {
          // It reads slowly, and there alone.
          slow.add(PEERS, worker, A, true, worker.equals("3") ? 1_000 : 20, 1_000 * second);
        }
        slow.add(PEERS, worker, B, true, 20, 1_000 * second);
        slow.add(PEERS, worker, C, true, 20, 1_000 * second);
      }
      assertThat(slow.sweep(1_000 * second, ejected::contains)).isEmpty();
    }
    nowMs = 20_000;
    assertThat(serve(10, List.of("5", "6", "7"), List.of(A), slowly(Set.of("7"), 500)))
        .as("it is alone there")
        .isEmpty();
  }

  @Test
  void aTenantsOwnWorkersAreJudgedByItAlone() {
    List<String> found = new ArrayList<>();
    for (int second = 1; second <= 3; second++) {
      for (String worker : List.of("1", "2", "3")) {
        for (int i = 0; i < 6; i++) {
          slow.add(PEERS, worker, A, false, worker.equals("3") ? 100 : 20, 1_000 * second);
        }
      }
      slow.sweep(1_000 * second, ejected::contains).forEach(o -> found.add(o.workerId()));
    }
    assertThat(found).contains("3");
  }

  @Test
  void otherModelsAndPoolsAreNoPeers() {
    for (int second = 1; second <= 5; second++) {
      for (int i = 0; i < 10; i++) {
        for (TenantId tenant : List.of(A, B)) {
          slow.add(PEERS, "1", tenant, true, 20, 1_000 * second);
          slow.add(PEERS, "2", tenant, true, 20, 1_000 * second);
          slow.add(new SlowWorkers.Peers("shared", "big"), "1", tenant, true, 200, 1_000 * second);
          slow.add(new SlowWorkers.Peers("slow", "m"), "3", tenant, true, 200, 1_000 * second);
        }
      }
      assertThat(slow.sweep(1_000 * second, ejected::contains)).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void amongNoiseTheSlowOneIsFoundAndNoOther(long seed) {
    Random random = new Random(seed);
    List<String> workers = new ArrayList<>();
    for (int i = 0; i < 4 + random.nextInt(12); i++) {
      workers.add("w" + i);
    }
    String victim = workers.get(random.nextInt(workers.size()));
    List<String> found =
        serve(
            30,
            workers,
            List.of(A, B, C),
            w -> (w.equals(victim) ? 120 : 20) * Math.exp(0.4 * random.nextGaussian()));
    assertThat(found).as("seed %d", seed).containsExactly(victim);
  }
}
