package dev.cofferdam.router.routing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.router.affinity.PrefixIndex;
import dev.cofferdam.router.fleet.FleetView;
import dev.cofferdam.router.fleet.Worker;
import dev.cofferdam.router.health.Breakers;
import dev.cofferdam.router.tenancy.Directory;
import dev.cofferdam.router.tenancy.RolloutGates;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.Tier;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Routes under failures, lost zones, pins and rollouts. */
class ConditionsTest {
  private static final TenantId ACME = new TenantId("acme");
  private static final TenantId FREE = new TenantId("free");
  private static final RoutePlanner.Moment NOW = new RoutePlanner.Moment(1_000, 1_000);
  private final Book book = new Book();
  private final PrefixIndex index = new PrefixIndex(1_000);
  private final Conditions conditions = inZone("");

  ConditionsTest() {
    book.models.put("m", new Directory.ServedModel("m", 4_096, Set.of(), false));
    book.tenants.put(ACME, Samples.tenant(ACME, Tier.STANDARD));
    book.tenants.put(FREE, Samples.tenant(FREE, Tier.FREE));
  }

  private static Conditions inZone(String zone) {
    return new Conditions(Conditions.fair().workers(), Conditions.fair().breakers(), zone);
  }

  private RoutePlanner planner(Conditions under) {
    return new RoutePlanner(book, index, RoutingWeights.DEFAULT, under);
  }

  private static List<Worker> workers(int count, String zone, int running) {
    List<Worker> workers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String id = String.format(Locale.ROOT, "%s%03d", zone.isEmpty() ? "w" : zone, i);
      workers.add(Samples.worker(id, i, "shared", zone, "", Samples.load(running, false)));
    }
    return workers;
  }

  private static List<String> placed(Route route) {
    return ((Route.Ranked) route).candidates().stream().map(Candidate::workerId).toList();
  }

  private void eject(String worker) {
    for (int i = 0; i < 6; i++) {
      conditions.workers().observe(worker, i % 2 == 0 ? ACME : FREE, true, true, 1_000);
    }
  }

  @Test
  void anEjectedWorkerGetsNothingUnlessMostOfThePoolIsEjected() {
    FleetView fleet = FleetView.of(workers(4, "", 0));
    eject("w000");
    assertThat(placed(planner(conditions).plan(Samples.request(ACME), fleet, NOW)))
        .containsExactly("w001", "w002", "w003");
    eject("w001");
    assertThat(placed(planner(conditions).plan(Samples.request(ACME), fleet, NOW)))
        .containsExactly("w002", "w003");
    eject("w002");
    assertThat(placed(planner(conditions).plan(Samples.request(ACME), fleet, NOW)))
        .containsExactly("w000", "w001", "w002", "w003");
  }

  @Test
  void whoWasLeftOutIsNamedWithTheReason() {
    List<Worker> pool = new ArrayList<>(workers(4, "", 0));
    pool.add(Samples.worker("w004", 4, "shared", "", "", Samples.load(0, true)));
    FleetView fleet = FleetView.of(pool);
    eject("w000");
    Envelope again = Samples.request(ACME, "", "", 0, Set.of("w001"));
    Route route = planner(conditions).plan(again, fleet, NOW);
    assertThat(placed(route)).containsExactly("w002", "w003");
    assertThat(((Route.Ranked) route).leftOut())
        .containsExactlyInAnyOrder(
            new LeftOut("w000", LeftOut.Reason.EJECTED),
            new LeftOut("w001", LeftOut.Reason.FAILED_REQUEST),
            new LeftOut("w004", LeftOut.Reason.DRAINING));
  }

  @Test
  void aWorkerWhoseTokensTakeFarLongerThanItsPeersIsLeftOutAndItIsSaidWhy() {
    FleetView fleet = FleetView.of(workers(4, "", 0));
    for (int i = 0; i < 400; i++) {
      String worker = String.format(Locale.ROOT, "w%03d", i % 4);
      TenantId tenant = i / 4 % 2 == 0 ? ACME : FREE;
      double ms = worker.equals("w002") ? 120 : 20 + i % 3;
      conditions.workers().served("shared", "m", worker, tenant, true, ms, 50 * i);
    }
    RoutePlanner.Moment now = new RoutePlanner.Moment(15_000, 15_000);
    Route route = planner(conditions).plan(Samples.request(ACME), fleet, now);
    assertThat(placed(route)).containsExactly("w000", "w001", "w003");
    assertThat(((Route.Ranked) route).leftOut().getFirst().text())
        .isEqualTo(
            "ejected for a while: its tokens take far longer than its peers': 120.0 ms each,"
                + " beside 21.0 ms on the pool's other workers");
  }

  @Test
  void whatFailsEverywhereIsRefusedAtOnceButARunningRequestGoesOn() {
    Breakers.Key key = new Breakers.Key("m", "");
    for (int i = 0; i < 20; i++) {
      conditions.breakers().observe(key, i % 2 == 0 ? ACME : FREE, true, 1_000);
    }
    FleetView fleet = FleetView.of(workers(2, "", 0));
    Route route = planner(conditions).plan(Samples.request(ACME), fleet, NOW);
    assertThat(((Route.Refused) route).refusal().code()).isEqualTo(ErrorCode.NO_CAPACITY);
    assertThat(((Route.Refused) route).refusal().retryAfter()).isPresent();
    Envelope going = Samples.request(ACME, "", "", 5, Set.of());
    assertThat(planner(conditions).plan(going, fleet, NOW)).isInstanceOf(Route.Ranked.class);
  }

  @Test
  void theOwnZoneIsPreferredUntilItIsBusierAndLeftWhereItIsLost() {
    RoutePlanner planner = planner(inZone("b"));
    List<Worker> all = new ArrayList<>(workers(1, "a", 0));
    all.addAll(workers(1, "b", 1));
    assertThat(placed(planner.plan(Samples.request(ACME), FleetView.of(all), NOW)).getFirst())
        .isEqualTo("b000");
    List<Worker> busy = new ArrayList<>(workers(1, "a", 0));
    busy.addAll(workers(1, "b", 3));
    assertThat(placed(planner.plan(Samples.request(ACME), FleetView.of(busy), NOW)).getFirst())
        .isEqualTo("a000");
    assertThat(placed(planner.plan(Samples.request(ACME), FleetView.of(workers(1, "a", 7)), NOW)))
        .containsExactly("a000");
  }

  @Test
  void aLostZoneShedsTheLowestTierWhileTheRestIsFullAndNotForGood() {
    RoutePlanner planner = planner(conditions);
    List<Worker> both = new ArrayList<>(workers(2, "a", 8));
    both.addAll(workers(2, "b", 8));
    assertThat(planner.plan(Samples.request(FREE), FleetView.of(both), NOW))
        .as("full, but nothing is lost")
        .isInstanceOf(Route.Ranked.class);
    FleetView left = FleetView.of(workers(2, "a", 8));
    Route shed = planner.plan(Samples.request(FREE), left, NOW);
    assertThat(((Route.Refused) shed).refusal().code()).isEqualTo(ErrorCode.NO_CAPACITY);
    assertThat(planner.plan(Samples.request(ACME), left, NOW)).isInstanceOf(Route.Ranked.class);
    FleetView idle = FleetView.of(workers(2, "a", 3));
    assertThat(planner.plan(Samples.request(FREE), idle, NOW)).isInstanceOf(Route.Ranked.class);
    // What was lost ten minutes ago is what there is.
    for (long minute = 1; minute <= 11; minute++) {
      RoutePlanner.Moment later = new RoutePlanner.Moment(1_000 + 60_000 * minute, 0);
      Route route = planner.plan(Samples.request(FREE), left, later);
      assertThat(route instanceof Route.Ranked).as("minute %d", minute).isEqualTo(minute >= 10);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void pinnedTenantsAndTheOthersNeverShareAWorkerWhileThereAreEnough(long seed) {
    Random random = new Random(seed);
    int count = 3 + random.nextInt(20);
    List<Worker> live = new ArrayList<>(workers(count, "", 0));
    List<TenantId> pinned = List.of(new TenantId("noisy"), new TenantId("other"));
    List<Directory.Pin> pins = new ArrayList<>();
    for (TenantId tenant : pinned) {
      book.tenants.put(tenant, Samples.tenant(tenant, Tier.STANDARD));
      pins.add(new Directory.Pin(tenant, 1 + random.nextInt(count)));
    }
    book.pins = pins;
    while (live.size() > 2) {
      FleetView fleet = FleetView.of(live);
      Set<String> all = new HashSet<>();
      int sum = 0;
      int free = live.size();
      for (TenantId tenant : List.of(pinned.get(0), pinned.get(1), ACME)) {
        List<String> own = placed(planner(conditions).plan(Samples.request(tenant), fleet, NOW));
        int most = free;
        for (Directory.Pin pin : pins) {
          if (pin.tenant().equals(tenant)) {
            most = Math.min(pin.replicas(), free - 1);
          }
        }
        if (most > 0) {
          assertThat(own).as("seed %d, %s of %d", seed, tenant, live.size()).hasSize(most);
          sum += own.size();
          all.addAll(own);
          free -= most;
        }
      }
      assertThat(all).as("seed %d: nobody shares", seed).hasSize(sum);
      live.remove(random.nextInt(live.size()));
    }
  }

  @Test
  void anotherWorkerMovesFewPinnedTenants() {
    List<TenantId> tenants = new ArrayList<>();
    List<Directory.Pin> pins = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      TenantId tenant = new TenantId("t" + i);
      book.tenants.put(tenant, Samples.tenant(tenant, Tier.STANDARD));
      tenants.add(tenant);
      pins.add(new Directory.Pin(tenant, 2));
    }
    book.pins = pins;
    RoutePlanner planner = planner(conditions);
    List<List<String>> before = new ArrayList<>();
    FleetView fleet = FleetView.of(workers(50, "", 0));
    tenants.forEach(t -> before.add(placed(planner.plan(Samples.request(t), fleet, NOW))));
    FleetView larger = FleetView.of(workers(51, "", 0));
    int moved = 0;
    for (int i = 0; i < tenants.size(); i++) {
      List<String> after =
          new ArrayList<>(placed(planner.plan(Samples.request(tenants.get(i)), larger, NOW)));
      after.removeAll(before.get(i));
      moved += after.size();
    }
    assertThat(moved).isLessThanOrEqualTo(5);
  }

  @Test
  void whereAllWorkersOfTheOthersAreGoneAPinnedTenantsServeThemButNotTheOtherWayRound() {
    book.tenants.put(new TenantId("noisy"), Samples.tenant(new TenantId("noisy"), Tier.STANDARD));
    book.pins = List.of(new Directory.Pin(new TenantId("noisy"), 1));
    FleetView fleet = FleetView.of(workers(2, "", 0));
    String own =
        placed(planner(conditions).plan(Samples.request(new TenantId("noisy")), fleet, NOW))
            .getFirst();
    String free = own.equals("w000") ? "w001" : "w000";
    Envelope withoutFree = Samples.request(ACME, "", "", 0, Set.of(free));
    assertThat(placed(planner(conditions).plan(withoutFree, fleet, NOW))).containsExactly(own);
    Envelope withoutOwn = Samples.request(new TenantId("noisy"), "", "", 0, Set.of(own));
    assertThat(planner(conditions).plan(withoutOwn, fleet, NOW)).isInstanceOf(Route.NoWorker.class);
  }

  @Test
  void aRequestGetsTheVersionThatTheGatewayChoseWhateverBecameOfTheRollout() {
    FleetView fleet = FleetView.of(workers(1, "", 0));
    for (boolean running : List.of(true, false)) {
      book.adapters.put(
          "acme/voice",
          new Directory.OwnedAdapter(
              "voice",
              "m",
              "v1",
              Optional.of(new Directory.Rollout("v2", running, RolloutGates.DEFAULT))));
      for (List<String> asked :
          List.of(
              List.of("", "v1"), List.of("v1", "v1"), List.of("v2", "v2"), List.of("v0", "v1"))) {
        Envelope request = Samples.request(ACME, "voice", asked.get(0), 0, Set.of());
        assertThat(((Route.Ranked) planner(conditions).plan(request, fleet, NOW)).adapterVersion())
            .as("asked for %s", asked.get(0))
            .isEqualTo(asked.get(1));
      }
    }
  }
}
