package dev.cofferdam.router.routing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.router.affinity.PrefixIndex;
import dev.cofferdam.router.fleet.Fleet;
import dev.cofferdam.router.fleet.Worker;
import dev.cofferdam.router.fleet.WorkerLoad;
import dev.cofferdam.router.health.WorkerHealth;
import dev.cofferdam.router.tenancy.Directory.Pin;
import dev.cofferdam.router.tenancy.Directory.PoolRecord;
import dev.cofferdam.router.tenancy.Directory.ServedModel;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.Tier;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Every combination of a tenant's record, a pool's record, a worker's binding and the state of the
 * worker, with and without a shared worker beside it: a pool or worker of one tenant's is used by
 * that tenant alone, and a tenant that has one uses no other. The expectation is written down
 * independently of the filter.
 */
class IsolationLevelsTest {
  private static final TenantId ACME = new TenantId("acme");
  private static final TenantId RIVAL = new TenantId("rival");
  private static final long NOW = 100_000;
  private static final long SILENCE_MS = 3_000;

  private final Book book = new Book();
  private int cases;
  private int placed;

  /** State of the worker in the pool under test. */
  private enum State {
    LIVE,
    SILENT,
    DRAINING,
    EJECTED,
    FAILED_THIS_REQUEST,
    ITS_SESSION_ENDED
  }

  private record Case(
      TenantProfile tenant,
      Optional<PoolRecord> pool,
      String bound,
      State state,
      boolean lastResort,
      boolean sharedBeside,
      List<Pin> pins) {}

  @Test
  void whatIsOneTenantsIsUsedByThatTenantAloneAndATenantThatHasItsOwnUsesNoOther() {
    book.models.put("m", new ServedModel("m", 4_096, Set.of(), false));
    for (Optional<PoolRecord> pool : pools()) {
      for (TenantProfile tenant : tenants()) {
        for (String bound : List.of("", "acme", "rival")) {
          for (State state : State.values()) {
            for (int flags = 0; flags < 4; flags++) {
              for (List<Pin> pins : List.of(List.<Pin>of(), List.of(new Pin(RIVAL, 1)))) {
                check(
                    new Case(tenant, pool, bound, state, (flags & 1) != 0, (flags & 2) != 0, pins));
              }
            }
          }
        }
      }
    }
    assertThat(cases).isGreaterThan(10_000);
    assertThat(placed).isBetween(cases / 20, cases - cases / 20);
  }

  private static List<Optional<PoolRecord>> pools() {
    return List.of(
        Optional.empty(),
        Optional.of(PoolRecord.shared("p")),
        Optional.of(new PoolRecord("p", Optional.of(ACME), Set.of(), 0)),
        Optional.of(new PoolRecord("p", Optional.of(RIVAL), Set.of(), 0)));
  }

  private static List<TenantProfile> tenants() {
    List<TenantProfile> tenants = new ArrayList<>();
    for (TenantId id : List.of(ACME, RIVAL)) {
      for (int level = 1; level <= 5; level++) {
        for (Optional<String> dedicated :
            List.of(Optional.<String>empty(), Optional.of("p"), Optional.of("gone"))) {
          for (Set<String> allowed : List.of(Set.<String>of(), Set.of("p"), Set.of("shared"))) {
            tenants.add(
                Samples.tenant(
                    id, Tier.STANDARD, TenantProfile.Status.ACTIVE, level, allowed, dedicated));
          }
        }
      }
    }
    return tenants;
  }

  private void check(Case c) {
    cases++;
    Set<String> expected = new HashSet<>();
    if (mayUse(c, "p", c.bound, c.pool.flatMap(PoolRecord::dedicatedTenant)) && serves(c)) {
      expected.add("w");
    }
    if (c.sharedBeside && mayUse(c, "shared", "", Optional.empty())) {
      expected.add("s");
    }
    Set<String> actual = new HashSet<>();
    if (route(c) instanceof Route.Ranked ranked) {
      placed++;
      ranked.candidates().forEach(candidate -> actual.add(candidate.workerId()));
      // One pool is chosen; both are allowed where both are expected.
      assertThat(expected).as("%s", c).containsAll(actual);
    } else {
      assertThat(expected).as("%s", c).isEmpty();
    }
    assertThat(actual.isEmpty()).as("%s", c).isEqualTo(expected.isEmpty());
  }

  /** The rules of the isolation levels, said once more. */
  private static boolean mayUse(Case c, String pool, String bound, Optional<TenantId> owner) {
    TenantProfile tenant = c.tenant;
    boolean anothersPool = owner.isPresent() && !owner.get().equals(tenant.id());
    boolean anothersWorker = !bound.isEmpty() && !bound.equals(tenant.id().value());
    boolean needsItsOwnPool = tenant.dedicatedPool().isPresent();
    boolean itsOwnPool =
        owner.equals(Optional.of(tenant.id())) && tenant.dedicatedPool().equals(Optional.of(pool));
    boolean needsItsOwnProcess = tenant.isolationLevel() == 3 || tenant.isolationLevel() == 4;
    boolean itsOwnProcess = bound.equals(tenant.id().value());
    boolean allowed = tenant.poolsAllowed().isEmpty() || tenant.poolsAllowed().contains(pool);
    return !anothersPool
        && !anothersWorker
        && (needsItsOwnPool ? itsOwnPool : owner.isEmpty() && allowed)
        && (!needsItsOwnProcess || itsOwnProcess);
  }

  private static boolean serves(Case c) {
    return switch (c.state) {
      case LIVE, EJECTED -> true; // the only worker of its pool is taken all the same
      case SILENT, DRAINING, ITS_SESSION_ENDED -> false;
      case FAILED_THIS_REQUEST ->
          // As the last resort only, where nothing else is left.
          c.lastResort && !(c.sharedBeside && mayUse(c, "shared", "", Optional.empty()));
    };
  }

  private Route route(Case c) {
    book.pools.clear();
    c.pool.ifPresent(record -> book.pools.put("p", record));
    book.tenants.clear();
    book.tenants.put(c.tenant.id(), c.tenant);
    book.pins = c.pins;
    Conditions conditions = Conditions.fair();
    Fleet fleet = new Fleet(SILENCE_MS, 10);
    join(fleet, "w", "p", c.bound, c.state == State.SILENT ? NOW - SILENCE_MS - 1 : NOW, c.state);
    if (c.sharedBeside) {
      join(fleet, "s", "shared", "", NOW, State.LIVE);
    }
    if (c.state == State.ITS_SESSION_ENDED) {
      fleet.leave("w", 1);
    }
    if (c.state == State.EJECTED) {
      for (int i = 0; i < WorkerHealth.Settings.DEFAULT.requestsMin(); i++) {
        conditions.workers().observe("w", ACME, false, true, NOW);
      }
      assertThat(conditions.workers().ejected("w", NOW)).isTrue();
    }
    Set<String> excluded = c.state == State.FAILED_THIS_REQUEST ? Set.of("w") : Set.of();
    return new RoutePlanner(book, new PrefixIndex(10), RoutingWeights.DEFAULT, conditions)
        .plan(
            Samples.request(c.tenant.id(), "", "", 0, excluded),
            fleet.view(),
            new RoutePlanner.Moment(NOW, NOW),
            c.lastResort);
  }

  private static void join(
      Fleet fleet, String id, String pool, String bound, long heardMs, State state) {
    WorkerLoad load = Samples.load(1, state == State.DRAINING);
    Worker worker = Samples.worker(id, 0, pool, "", bound, load);
    assertThat(fleet.join(worker, 1, heardMs)).isPresent();
  }
}
