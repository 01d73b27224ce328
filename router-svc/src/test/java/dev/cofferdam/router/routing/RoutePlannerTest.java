package dev.cofferdam.router.routing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.router.affinity.PrefixIndex;
import dev.cofferdam.router.fleet.FleetView;
import dev.cofferdam.router.fleet.Worker;
import dev.cofferdam.router.fleet.WorkerLoad;
import dev.cofferdam.router.tenancy.Directory;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.Tier;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RoutePlannerTest {
  private static final TenantId ACME = new TenantId("acme");
  private static final TenantId RIVAL = new TenantId("rival");
  private static final RoutePlanner.Moment NOW = new RoutePlanner.Moment(0, 0);
  private final Book book = new Book();
  private final PrefixIndex index = new PrefixIndex(1_000);
  private final Conditions conditions = Conditions.fair();
  private final RoutePlanner planner =
      new RoutePlanner(book, index, RoutingWeights.DEFAULT, conditions);

  RoutePlannerTest() {
    book.models.put("m", new Directory.ServedModel("m", 4_096, Set.of(), false));
    book.models.put("secret", new Directory.ServedModel("secret", 4_096, Set.of(), true));
    book.adapters.put(
        "acme/voice", new Directory.OwnedAdapter("voice", "m", "v1", Optional.empty()));
    book.tenants.put(ACME, tenant(ACME, Optional.empty(), Set.of(), TenantProfile.Status.ACTIVE));
    book.tenants.put(RIVAL, tenant(RIVAL, Optional.empty(), Set.of(), TenantProfile.Status.ACTIVE));
  }

  private static TenantProfile tenant(
      TenantId id, Optional<String> dedicated, Set<String> pools, TenantProfile.Status status) {
    return Samples.tenant(id, Tier.STANDARD, status, 2, pools, dedicated);
  }

  private static Worker worker(String id, String pool, int running) {
    return new Worker(
        id,
        number(id),
        1,
        pool,
        "127.0.0.1:1",
        Set.of("m", "secret"),
        16,
        "",
        "",
        0,
        load(running));
  }

  private static int number(String id) {
    return id.charAt(0) - 'a';
  }

  private static Envelope request(
      TenantId tenant, String model, String adapter, WorkloadClass c, Set<String> excluded) {
    return new Envelope(
        RequestId.random(),
        1,
        Operation.GENERATE,
        tenant,
        model,
        adapter,
        c,
        64,
        0,
        100,
        List.of(digest(0), digest(1)),
        "",
        1_000,
        excluded);
  }

  private static Envelope request(TenantId tenant) {
    return request(tenant, "m", "", WorkloadClass.INTERACTIVE, Set.of());
  }

  private static byte[] digest(int n) {
    return ByteBuffer.allocate(32).putInt(n).array();
  }

  private ErrorCode refusal(Envelope request, Worker... live) {
    return switch (planner.plan(request, FleetView.of(List.of(live)), NOW)) {
      case Route.Refused refused -> refused.refusal().code();
      case Route.NoWorker none -> none.refusal().code();
      case Route.Ranked ranked -> throw new AssertionError("placed on " + ranked.pool());
    };
  }

  private Route.Ranked ranked(Envelope request, Worker... live) {
    return (Route.Ranked) planner.plan(request, FleetView.of(List.of(live)), NOW);
  }

  /**
   * Every combination of whose pool it is, what the tenant's record says and whether another pool
   * is alive.
   */
  @Test
  void aDedicatedPoolIsForItsTenantAloneAndItsTenantForNoOther() {
    for (Optional<TenantId> owner :
        List.of(Optional.<TenantId>empty(), Optional.of(ACME), Optional.of(RIVAL))) {
      for (Optional<String> dedicated :
          List.of(Optional.<String>empty(), Optional.of("p"), Optional.of("q"))) {
        for (Set<String> allowed : List.of(Set.<String>of(), Set.of("p"), Set.of("other"))) {
          book.pools.put("p", new Directory.PoolRecord("p", owner, Set.of(), 0));
          book.tenants.put(ACME, tenant(ACME, dedicated, allowed, TenantProfile.Status.ACTIVE));
          boolean expected =
              dedicated.isPresent()
                  ? dedicated.get().equals("p") && owner.equals(Optional.of(ACME))
                  : owner.isEmpty() && (allowed.isEmpty() || allowed.contains("p"));
          Route route =
              planner.plan(request(ACME), FleetView.of(List.of(worker("w", "p", 0))), NOW);
          assertThat(route instanceof Route.Ranked)
              .as("owner %s, dedicated %s, allowed %s", owner, dedicated, allowed)
              .isEqualTo(expected);
          if (!expected) {
            assertThat(((Route.NoWorker) route).refusal().code()).isEqualTo(ErrorCode.NO_CAPACITY);
          }
        }
      }
    }
  }

  @Test
  void aDeadDedicatedPoolIsAnErrorAndNeverAFallbackToAShared() {
    book.pools.put("mine", new Directory.PoolRecord("mine", Optional.of(ACME), Set.of(), 0));
    book.tenants.put(
        ACME, tenant(ACME, Optional.of("mine"), Set.of("shared"), TenantProfile.Status.ACTIVE));
    assertThat(refusal(request(ACME), worker("w", "shared", 0))).isEqualTo(ErrorCode.NO_CAPACITY);
  }

  @Test
  void noBatchJobAndNoLongContextLandsOnALatencyPool() {
    book.pools.put(
        "fast",
        new Directory.PoolRecord("fast", Optional.empty(), Set.of(WorkloadClass.INTERACTIVE), 150));
    assertThat(
            refusal(
                request(ACME, "m", "", WorkloadClass.STANDARD, Set.of()), worker("w", "fast", 0)))
        .isEqualTo(ErrorCode.NO_CAPACITY);
    assertThat(refusal(request(ACME), worker("w", "fast", 0))).isEqualTo(ErrorCode.NO_CAPACITY);
    assertThat(
            refusal(request(ACME, "m", "", WorkloadClass.BATCH, Set.of()), worker("w", "any", 0)))
        .isEqualTo(ErrorCode.NOT_ALLOWED);
  }

  @Test
  void anotherTenantsAdapterAndAnUnknownOneAnswerTheSame() {
    Worker w = worker("w", "shared", 0);
    Route foreign =
        planner.plan(
            request(RIVAL, "m", "voice", WorkloadClass.INTERACTIVE, Set.of()),
            FleetView.of(List.of(w)),
            NOW);
    Route unknown =
        planner.plan(
            request(RIVAL, "m", "nothing", WorkloadClass.INTERACTIVE, Set.of()),
            FleetView.of(List.of(w)),
            NOW);
    assertThat(foreign).isEqualTo(unknown).isInstanceOf(Route.Refused.class);
    assertThat(
            ranked(request(ACME, "m", "voice", WorkloadClass.INTERACTIVE, Set.of()), w)
                .adapterVersion())
        .isEqualTo("v1");
  }

  @Test
  void whatTheRecordDoesNotAllowIsRefused() {
    Worker w = worker("w", "shared", 0);
    assertThat(refusal(request(new TenantId("stranger")), w)).isEqualTo(ErrorCode.NOT_ALLOWED);
    assertThat(refusal(request(ACME, "none", "", WorkloadClass.INTERACTIVE, Set.of()), w))
        .isEqualTo(ErrorCode.MODEL_NOT_FOUND);
    assertThat(refusal(request(ACME, "secret", "", WorkloadClass.INTERACTIVE, Set.of()), w))
        .isEqualTo(ErrorCode.NOT_ALLOWED);
    book.tenants.put(
        ACME, tenant(ACME, Optional.empty(), Set.of(), TenantProfile.Status.SUSPENDED));
    assertThat(refusal(request(ACME), w)).isEqualTo(ErrorCode.TENANT_SUSPENDED);
  }

  @Test
  void whoMayUseAModelIsServedByTheOneThatItIsShiftedTo() {
    Worker w = worker("w", "shared", 0);
    Envelope request = request(ACME, "secret", "", WorkloadClass.INTERACTIVE, Set.of());
    Directory.ServedModel open = new Directory.ServedModel("old", 4_096, Set.of(), false);
    Directory.ServedModel closed = new Directory.ServedModel("old", 4_096, Set.of(), true);
    book.shifts.put("secret", List.of(closed));
    assertThat(refusal(request, w)).isEqualTo(ErrorCode.NOT_ALLOWED);
    book.shifts.put("secret", List.of(closed, open));
    assertThat(ranked(request, w).pool()).isEqualTo("shared");
  }

  @Test
  void beforeTheConfigurationIsKnownARequestWaitsInsteadOfBeingRefused() {
    book.ready = false;
    assertThat(refusal(request(new TenantId("new")), worker("w", "shared", 0)))
        .isEqualTo(ErrorCode.DEPENDENCY_UNAVAILABLE);
  }

  @Test
  void aWorkerWithTheModelInMemoryIsPreferredUntilItIsFullAndTheExplanationSaysWhy() {
    Worker without = withModel(worker("a", "shared", 0), false);
    Route.Ranked idle = ranked(request(ACME), without, withModel(worker("b", "shared", 2), true));
    assertThat(idle.candidates()).extracting(Candidate::workerId).containsExactly("b", "a");
    assertThat(idle.candidates().getFirst().explanation()).anyMatch(l -> l.endsWith("in memory"));
    assertThat(idle.candidates().getLast().explanation()).contains("model 0.00 ×2.0 to be loaded");
    Route.Ranked full = ranked(request(ACME), without, withModel(worker("b", "shared", 8), true));
    assertThat(full.candidates().getFirst().workerId()).isEqualTo("a");
  }

  private static Worker withModel(Worker w, boolean inMemory) {
    WorkerLoad load =
        new WorkerLoad(
            true,
            w.load().running(),
            8,
            0,
            1,
            Set.of(),
            false,
            Map.of("m", new WorkerLoad.ModelLoad(inMemory, 100, 100)));
    return new Worker(
        w.id(), w.number(), 1, w.pool(), w.endpoint(), w.models(), 16, "", "", 0, load);
  }

  @Test
  void theWorkerThatHoldsThePrefixIsPreferredUntilItIsMuchBusier() {
    index.add(number("b"), List.of(digest(0), digest(1)));
    Route.Ranked idle = ranked(request(ACME), worker("a", "shared", 0), worker("b", "shared", 0));
    assertThat(idle.candidates().getFirst().workerId()).isEqualTo("b");
    assertThat(idle.candidates().getFirst().cachedTokens()).isEqualTo(32);
    Route.Ranked busy = ranked(request(ACME), worker("a", "shared", 0), worker("b", "shared", 8));
    assertThat(busy.candidates().getFirst().workerId()).isEqualTo("a");
  }

  @Test
  void ofManyWorkersTheBestAreOfferedInOrderAndThoseOfEqualScoreByTheirIds() {
    Random random = new Random(5);
    List<Worker> live = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      String id = String.format(Locale.ROOT, "w%03d", i);
      live.add(
          new Worker(
              id,
              i,
              1,
              "shared",
              "127.0.0.1:1",
              Set.of("m"),
              16,
              "",
              "",
              0,
              load(random.nextInt(9))));
    }
    index.add(17, List.of(digest(0)));
    List<String> expected =
        live.stream()
            .sorted(
                Comparator.comparingDouble(
                        (Worker w) ->
                            (w.number() == 17 ? 3.0 * 16 / 64 : 0)
                                + 2.5 * (1 - w.load().running() / 8.0))
                    .reversed()
                    .thenComparing(Worker::id))
            .limit(RoutePlanner.CANDIDATES_MAX)
            .map(Worker::id)
            .toList();
    assertThat(ranked(request(ACME), live.toArray(Worker[]::new)).candidates())
        .extracting(Candidate::workerId)
        .isEqualTo(expected);
  }

  private static WorkerLoad load(int running) {
    return new WorkerLoad(true, running, 8, 100, 100, Set.of(), false, Map.of());
  }

  @Test
  void everyScoreIsInTheUnitIntervalAndExplainsItself() {
    Worker silent =
        new Worker(
            "s",
            number("s"),
            1,
            "shared",
            "127.0.0.1:1",
            Set.of("m"),
            16,
            "",
            "",
            0,
            WorkerLoad.UNKNOWN);
    for (Candidate c : ranked(request(ACME), worker("a", "shared", 3), silent).candidates()) {
      assertThat(c.score()).isBetween(0.0, 1.0);
      assertThat(c.explanation())
          .hasSize(6)
          .allMatch(line -> line.matches("[a-z]+ [01]\\.\\d\\d ×[0-9.]+ .+"));
    }
  }

  @Test
  void anExcludedWorkerCountsAgainOnlyAfterItCameBack() {
    Envelope request = request(ACME, "m", "", WorkloadClass.INTERACTIVE, Set.of("w"));
    assertThat(refusal(request, worker("w", "shared", 0))).isEqualTo(ErrorCode.NO_CAPACITY);
    Worker returned =
        new Worker(
            "w",
            number("w"),
            2,
            "shared",
            "127.0.0.1:1",
            Set.of("m"),
            16,
            "",
            "",
            50,
            WorkerLoad.UNKNOWN);
    assertThat(
            planner.plan(request, FleetView.of(List.of(returned)), new RoutePlanner.Moment(60, 10)))
        .isInstanceOf(Route.Ranked.class);
  }

  @Test
  void anExcludedWorkerIsTakenAsTheLastResortAndOnlyThen() {
    Envelope request = request(ACME, "m", "", WorkloadClass.INTERACTIVE, Set.of("w"));
    Worker failed = worker("w", "shared", 0);
    assertThat(planner.plan(request, FleetView.of(List.of(failed)), NOW, false))
        .isInstanceOf(Route.NoWorker.class);
    assertThat(planner.plan(request, FleetView.of(List.of(failed)), NOW, true))
        .isInstanceOf(Route.Ranked.class);
    Route other =
        planner.plan(request, FleetView.of(List.of(failed, worker("v", "shared", 8))), NOW, true);
    assertThat(((Route.Ranked) other).candidates())
        .extracting(Candidate::workerId)
        .containsExactly("v");
  }
}
