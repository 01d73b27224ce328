package dev.cofferdam.scheduler.fairness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class FairQueueTest {
  private final FairQueue<String> queue = new FairQueue<>(10);
  private long tickets;

  private void add(String tenant, double weight, double cost) {
    tickets++;
    queue.add(
        queue.account(tenant, weight), new FairQueue.Entry<>(tickets, cost, tenant + tickets));
  }

  private Flow<String> flow(String tenant) {
    return queue.find(tenant).orElseThrow();
  }

  private FairQueue.Entry<String> grant() {
    Flow<String> first = queue.ready().iterator().next();
    FairQueue.Entry<String> head = first.head();
    queue.grant(first);
    queue.served(first, head.cost());
    return head;
  }

  @Test
  void theLeastFinishTagGoesFirst() {
    add("a", 1, 100);
    add("b", 2, 150);
    assertThat(grant().item()).isEqualTo("b2");
  }

  @Test
  void equalTagsGoInTheOrderOfTheAccounts() {
    add("z", 1, 10);
    add("a", 1, 10);
    assertThat(grant().item()).isEqualTo("z1");
  }

  @Test
  void oneTenantsRequestsKeepTheirOrder() {
    add("a", 1, 500);
    add("a", 1, 1);
    assertThat(List.of(grant().item(), grant().item())).containsExactly("a1", "a2");
  }

  @Test
  void aTenantThatComesIsLiftedToTheLeastOfThoseThatWait() {
    add("a", 1, 10);
    add("a", 1, 10);
    add("a", 1, 10);
    grant();
    grant();
    add("late", 1, 10);
    assertThat(queue.virtualTime("late")).contains(20.0);
  }

  @Test
  void anIdleTenantIsNoPartOfTheMinimum() {
    add("idle", 1, 10);
    grant();
    queue.release(flow("idle"));
    for (int i = 0; i < 5; i++) {
      add("a", 1, 100);
      grant();
    }
    add("a", 1, 100);
    assertThat(queue.virtualTime()).isGreaterThan(400);
  }

  @Test
  void aTenantThatLeavesAndComesAtOnceKeepsWhatItWasCharged() {
    add("a", 1, 100);
    add("b", 1, 200);
    add("b", 1, 200);
    grant();
    add("a", 1, 100);
    assertThat(queue.virtualTime("a")).contains(100.0);
  }

  @Test
  void whenEverythingIsIdleWhoeverComesNextStartsLevel() {
    add("a", 1, 1_000);
    grant();
    queue.release(flow("a"));
    add("b", 1, 10);
    add("a", 1, 10);
    assertThat(queue.virtualTime("a")).isEqualTo(queue.virtualTime("b"));
  }

  @Test
  void aTenantThatIsSetAsideIsLiftedWhenItComesBack() {
    add("a", 1, 10);
    add("b", 1, 10);
    for (int i = 0; i < 10; i++) {
      add("b", 1, 10);
    }
    queue.park(queue.ready().iterator().next());
    for (int i = 0; i < 5; i++) {
      grant();
    }
    queue.unpark("a");
    assertThat(queue.virtualTime("a")).contains(50.0);
  }

  @Test
  void aTenantThatComesDoesNotPayForWhatOthersAreChargedAhead() {
    for (int i = 0; i < 5; i++) {
      add("many", 1, 100);
    }
    for (int i = 0; i < 4; i++) {
      queue.grant(queue.next().orElseThrow());
    }
    add("late", 1, 100);
    assertThat(queue.virtualTime("late")).contains(0.0);
    queue.served(flow("many"), 250);
    add("later", 1, 100);
    assertThat(queue.virtualTime("later")).contains(0.0);
    queue.grant(queue.next().orElseThrow());
    queue.grant(queue.next().orElseThrow());
    queue.giveBack(flow("many"), 150);
    assertThat(queue.virtualTime("many")).contains(250.0);
    assertThat(queue.virtualTime()).isEqualTo(250.0);
  }

  @Test
  void idleTenantsAreForgottenBeyondTheBound() {
    for (int i = 0; i < 10_000; i++) {
      add("t" + i, 1, 10);
      grant();
      queue.release(flow("t" + i));
    }
    assertThat(queue.flows()).isLessThan(2_000);
  }

  @Test
  void theForecastOrderIsTheOrderInWhichRequestsAreGranted() {
    for (long seed = 1; seed <= 200; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      FairQueue<String> random50 = new FairQueue<>(10);
      for (int i = 1; i <= 50; i++) {
        random50.add(
            random50.account("t" + random.nextInt(6), 1 + random.nextInt(3)),
            new FairQueue.Entry<>(i, 1 + random.nextInt(4), "r" + i));
      }
      List<FairQueue.Entry<String>> forecast = random50.order(50);
      for (int place = 0; place < forecast.size(); place++) {
        assertThat(random50.ahead(forecast.get(place), 16))
            .as("seed %d", seed)
            .isEqualTo(Math.min(16, place));
      }
      List<FairQueue.Entry<String>> granted = new ArrayList<>();
      while (random50.hasReady()) {
        Flow<String> first = random50.ready().iterator().next();
        granted.add(first.head());
        random50.grant(first);
      }
      assertThat(forecast).as("seed %d", seed).isEqualTo(granted);
    }
  }

  @Test
  void whateverHappensTheOrderIsThatOfTheTagsAndTheSystemsTimeNeverGoesBack() {
    for (long seed = 1; seed <= 200; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      FairQueue<String> asked = new FairQueue<>(10);
      // Half of them last through epochs of a million.
      int unit = seed % 2 == 0 ? 1 : 1_000_000;
      double rounding = seed % 2 == 0 ? 1.0 / 256 : 1.0;
      double virtualTime = 0;
      for (int step = 1; step <= 500; step++) {
        int much = unit * (1 + random.nextInt(5));
        happens(asked, random.nextInt(9), "t" + random.nextInt(12), step, much, much == unit);
        List<Flow<String>> ready = flows(asked).filter(Flow::isReady).toList();
        String when = "seed " + seed + ", step " + step;
        double least = ready.stream().mapToDouble(Flow::finishTag).min().orElse(0);
        assertThat(asked.hasReady()).as(when).isEqualTo(!ready.isEmpty());
        asked
            .next()
            .ifPresent(
                next -> assertThat(next.finishTag()).as(when).isBetween(least, least + rounding));
        List<Flow<String>> inOrder = new ArrayList<>();
        asked.ready().forEach(inOrder::add);
        assertThat(inOrder).as(when).containsExactlyInAnyOrderElementsOf(ready);
        for (int i = 1; i < inOrder.size(); i++) {
          assertThat(inOrder.get(i).finishTag())
              .as(when)
              .isGreaterThan(inOrder.get(i - 1).finishTag() - rounding);
        }
        assertThat(asked.mostRunning().map(flow -> flow.shareWith(0)).orElse(0.0))
            .as(when)
            .isCloseTo(
                flows(asked).mapToDouble(flow -> flow.shareWith(0)).max().orElse(0),
                withinPercentage(1e-6));
        double leastServed = ready.stream().mapToDouble(Flow::serviceTime).min().orElse(0);
        assertThat(asked.virtualTime())
            .as(when)
            .isGreaterThanOrEqualTo(Math.max(virtualTime, leastServed));
        if (!ready.isEmpty()) {
          assertThat(asked.virtualTime())
              .as(when)
              .isLessThanOrEqualTo(Math.max(virtualTime, leastServed + rounding));
        }
        virtualTime = asked.virtualTime();
      }
      assertThat(virtualTime).as("seed %d", seed).isGreaterThan(2.1 * unit);
    }
  }

  private static Stream<Flow<String>> flows(FairQueue<String> of) {
    return IntStream.range(0, 12).mapToObj(i -> of.find("t" + i)).flatMap(Optional::stream);
  }

  private static void happens(
      FairQueue<String> to, int kind, String tenant, long step, int much, boolean least) {
    Flow<String> flow = to.find(tenant).orElse(null);
    switch (flow == null ? 0 : kind) {
      case 0, 1 ->
          to.add(to.account(tenant, 1 + step % 3), new FairQueue.Entry<>(step, much, "r" + step));
      case 2, 3 -> to.next().ifPresent(to::grant);
      case 4 -> to.charge(flow, much);
      case 5 -> {
        to.served(flow, much);
        to.release(flow);
      }
      case 6 -> {
        if (flow.running > 0) {
          double unserved = Math.min(much, flow.ahead * flow.weight());
          to.bringBack(flow, new FairQueue.Entry<>(-step, much, "back" + step), unserved);
        }
      }
      case 7 -> {
        if (flow.first != null) {
          to.park(flow);
        }
      }
      default -> {
        to.unpark(tenant);
        if (flow.last != null && least) {
          to.remove(flow.last);
        }
      }
    }
  }
}
