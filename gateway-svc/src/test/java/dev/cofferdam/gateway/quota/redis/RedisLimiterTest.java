package dev.cofferdam.gateway.quota.redis;

import static dev.cofferdam.gateway.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.quota.Admission;
import dev.cofferdam.gateway.quota.Budget;
import dev.cofferdam.gateway.quota.Decision;
import dev.cofferdam.gateway.quota.Lease;
import dev.cofferdam.gateway.quota.LimiterSettings;
import dev.cofferdam.gateway.quota.Rates;
import dev.cofferdam.gateway.quota.Reservation;
import dev.cofferdam.gateway.quota.SampleTenants;
import dev.cofferdam.gateway.quota.Spent;
import dev.cofferdam.gateway.quota.Used;
import dev.cofferdam.mesh.redis.RedisProcess;
import dev.cofferdam.vocabulary.Budgets;
import dev.cofferdam.vocabulary.Burst;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.Tier;
import io.vertx.core.Vertx;
import io.vertx.redis.client.Redis;
import io.vertx.redis.client.RedisOptions;
import java.time.Duration;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoField;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The limiter of one or several gateways on a real Redis. */
class RedisLimiterTest {
  private static final Burst WIDE = new Burst(1_000, 1_000_000);

  private final RedisProcess process = new RedisProcess();
  private final Vertx vertx = Vertx.vertx();
  private final List<RedisLimiter> limiters = new ArrayList<>();
  private final List<Redis> clients = new ArrayList<>();
  private final List<String> alerts = new CopyOnWriteArrayList<>();
  private RedisLimiter limiter;

  @BeforeEach
  void start() {
    limiter = gateway(settings(15_000, 1));
  }

  @AfterEach
  void stop() {
    limiters.forEach(RedisLimiter::close);
    clients.forEach(Redis::close);
    vertx.close().toCompletionStage().toCompletableFuture().join();
    process.close();
  }

  @Test
  void manyGatewaysTogetherNeverGrantMoreRequestsThanTheLimit() {
    List<RedisLimiter> gateways =
        List.of(limiter, gateway(settings(15_000, 1)), gateway(settings(15_000, 1)));
    TenantProfile tenant = SampleTenants.tenant("many", Tier.STANDARD, 1_000, 100, 1_000_000);

    assertThat(granted(gateways, tenant, 600, 3)).isEqualTo(100);
  }

  @Test
  void manyGatewaysTogetherNeverReserveMoreTokensThanTheLimit() {
    List<RedisLimiter> gateways = List.of(limiter, gateway(settings(15_000, 1)));
    TenantProfile tenant = SampleTenants.tenant("tokens", Tier.STANDARD, 1_000, 1_000, 1_000);

    assertThat(granted(gateways, tenant, 400, 7)).isEqualTo(1_000 / 7);
  }

  @Test
  void manyGatewaysTogetherNeverHaveMoreInFlightThanTheLimit() {
    List<RedisLimiter> gateways = List.of(limiter, gateway(settings(15_000, 1)));
    TenantProfile tenant = SampleTenants.tenant("flight", Tier.STANDARD, 10, 10_000, 1_000_000);

    assertThat(granted(gateways, tenant, 300, 5)).isEqualTo(10);
  }

  @Test
  void settlingGivesBackWhatWasNotUsed() {
    TenantProfile tenant = SampleTenants.tenant("acme", Tier.STANDARD, 1, 10, 100);
    Lease lease = grant(limiter, tenant, 20, 60);
    assertThat(refusal(limiter, tenant, 1, 1).code()).isEqualTo(ErrorCode.CONCURRENCY_LIMIT);

    settle(limiter, lease, 20, 5);

    Admission.Granted next = (Admission.Granted) admit(limiter, tenant, 10, 10);
    assertThat(next.state().remainingTokens()).isEqualTo(100 - 25 - 20);
    assertThat(next.state().remainingRequests()).isEqualTo(8);
    assertThat(limiter.liveLeases()).isEqualTo(1);
  }

  @Test
  void settlingTwiceChangesNothing() {
    TenantProfile tenant = SampleTenants.tenant("acme", Tier.STANDARD, 4, 10, 100);
    Lease lease = grant(limiter, tenant, 20, 60);

    settle(limiter, lease, 20, 5);
    settle(limiter, lease, 20, 60);

    Admission.Granted next = (Admission.Granted) admit(limiter, tenant, 0, 0);
    assertThat(next.state().remainingTokens()).isEqualTo(75);
  }

  @Test
  void whatAGatewayHeldWhenItDiedComesBack() {
    RedisLimiter dying = gateway(settings(600, 1));
    TenantProfile tenant = SampleTenants.tenant("crash", Tier.STANDARD, 1, 1_000_000, 100);
    grant(dying, tenant, 40, 50);
    dying.close();
    assertThat(refusal(limiter, tenant, 40, 50).code())
        .isIn(ErrorCode.CONCURRENCY_LIMIT, ErrorCode.RATE_LIMIT_TOKENS);

    eventually(() -> admit(limiter, tenant, 40, 50) instanceof Admission.Granted);

    assertThat(refusal(limiter, tenant, 5, 6).code())
        .isIn(ErrorCode.CONCURRENCY_LIMIT, ErrorCode.RATE_LIMIT_TOKENS);
  }

  @Test
  void aLateSettlementStillCountsWhatWasUsed() {
    RedisLimiter paused = gateway(settings(300, 1));
    TenantProfile tenant = SampleTenants.tenant("late", Tier.STANDARD, 2, 1_000_000, 100);
    Lease lease = grant(paused, tenant, 40, 50);
    paused.close();
    eventually(() -> admit(limiter, tenant, 20, 0) instanceof Admission.Granted);

    settle(paused, lease, 40, 3);

    Admission.Granted next = (Admission.Granted) admit(limiter, tenant, 0, 0);
    assertThat(next.state().remainingTokens()).isEqualTo(100 - 20 - 43);
  }

  @Test
  void heartbeatsKeepALeaseBeyondItsTime() throws InterruptedException {
    RedisLimiter beating = gateway(settings(300, 1));
    TenantProfile tenant = SampleTenants.tenant("long", Tier.STANDARD, 1, 1_000, 1_000);
    grant(beating, tenant, 40, 50);

    Thread.sleep(1_000);

    assertThat(refusal(limiter, tenant, 1, 1).code()).isEqualTo(ErrorCode.CONCURRENCY_LIMIT);
  }

  @Test
  void aRequestOverTheTokenLimitIsToldThatWaitingDoesNotHelp() {
    TenantProfile tenant = SampleTenants.tenant("huge", Tier.FREE, 4, 10, 100);

    Refusal refusal = refusal(limiter, tenant, 60, 41);

    assertThat(refusal.code()).isEqualTo(ErrorCode.RATE_LIMIT_TOKENS);
    assertThat(refusal.retryAfter()).isEmpty();
    assertThat(refusal.metadata()).containsEntry(Decision.SHOULD_RETRY, "false");
    assertThat(refusal.message()).contains("101 tokens").contains("100 tokens per minute");
  }

  @Test
  void aRefusalSaysWhichLimitWhatIsLeftAndWhenToComeBack() {
    TenantProfile tenant = SampleTenants.tenant("told", Tier.STANDARD, 9, 1, 100);
    settle(limiter, grant(limiter, tenant, 10, 0), 10, 0);

    Admission.Refused refused = (Admission.Refused) admit(limiter, tenant, 1, 1);

    assertThat(refused.refusal().code()).isEqualTo(ErrorCode.RATE_LIMIT_REQUESTS);
    assertThat(refused.refusal().metadata())
        .containsEntry("limit", "requests")
        .containsEntry("limit_requests", "1")
        .containsEntry("remaining_requests", "0")
        .doesNotContainKey(Decision.SHOULD_RETRY);
    assertThat(refused.refusal().retryAfter().orElseThrow())
        .isBetween(Duration.ofMillis(1), Duration.ofSeconds(60));
    assertThat(refused.state().remainingTokens()).isEqualTo(90);
  }

  @Test
  void oneModelMayTakeItsShareOfTheRequestsOnly() {
    LimiterSettings half = new LimiterSettings(60_000, 15_000, 3_600_000, 2_000, 1, 0.5, 100);
    RedisLimiter limiter = gateway(half);
    TenantProfile tenant = SampleTenants.tenant("models", Tier.STANDARD, 9, 4, 1_000);
    grant(limiter, tenant, "a");
    grant(limiter, tenant, "a");

    Admission onA = admit(limiter, reservation(tenant, "a", 1, 1));
    Admission onB = admit(limiter, reservation(tenant, "b", 1, 1));

    assertThat(((Admission.Refused) onA).refusal().metadata())
        .containsEntry("limit", "model_requests");
    assertThat(onB).isInstanceOf(Admission.Granted.class);
  }

  @Test
  void requestsThatComeFasterThanTheBucketFillsAreToldToSpread() {
    TenantProfile tenant =
        SampleTenants.tenant("burst", Tier.STANDARD, new Burst(3, 60), Budgets.NONE);

    assertThat(granted(List.of(limiter), tenant, 3, 1)).isEqualTo(3);
    Refusal refusal = refusal(limiter, tenant, 1, 0);

    assertThat(refusal.code()).isEqualTo(ErrorCode.RATE_LIMIT_REQUESTS);
    assertThat(refusal.metadata()).containsEntry("limit", "burst_requests");
    assertThat(refusal.retryAfter().orElseThrow())
        .isBetween(Duration.ofMillis(1), Duration.ofMillis(1_000));
  }

  @Test
  void aSpentBudgetStopsAndSaysWhereAndThatWaitingDoesNotHelp() {
    LimiterSettings d = settings(15_000, 1);
    RedisLimiter limiter =
        gateway(
            new LimiterSettings(
                d.windowMs(),
                d.leaseMs(),
                d.requestMsMax(),
                d.storeTimeoutMs(),
                1,
                1.0,
                100,
                Optional.of("https://dashboard.example/budget")));
    TenantProfile tenant =
        SampleTenants.tenant("trial", Tier.FREE, WIDE, Budgets.stoppingAt(100, 1_000));
    Lease lease = grant(limiter, tenant, 20, 50);

    Refusal held = refusal(limiter, tenant, 20, 20);
    settle(limiter, lease, 20, 50);
    Refusal spent = refusal(limiter, tenant, 20, 20);
    Admission.Granted smaller = (Admission.Granted) admit(limiter, tenant, 20, 10);

    assertThat(held.code()).isEqualTo(ErrorCode.RATE_LIMIT_TOKENS);
    assertThat(held.retryAfter()).contains(Duration.ofSeconds(1));
    assertThat(spent.code()).isEqualTo(ErrorCode.BUDGET_EXHAUSTED);
    assertThat(spent.retryAfter()).isEmpty();
    assertThat(spent.metadata())
        .containsEntry("limit", "daily_tokens")
        .containsEntry("budget_limit", "100")
        .containsEntry("budget_spent", "70")
        .containsEntry(Decision.SHOULD_RETRY, "false")
        .containsEntry("help_url", "https://dashboard.example/budget");
    assertThat(smaller.state().budgetAlert()).isEmpty();
  }

  @Test
  void aBudgetThatDoesNotStopIsToldOnceAtEachMarkAndInEveryAnswer() {
    Budgets monthly =
        new Budgets(
            OptionalLong.empty(),
            OptionalLong.empty(),
            OptionalLong.empty(),
            OptionalLong.of(1_000),
            false,
            "default");
    TenantProfile tenant = SampleTenants.tenant("paying", Tier.STANDARD, WIDE, monthly);
    RedisLimiter other = gateway(settings(15_000, 1));

    settle(limiter, grant(limiter, tenant, 100, 150), 100, 150); // 100 + 4 * 150 = 700
    assertThat(alerts).isEmpty();
    settle(other, grant(other, tenant, 60, 20), 60, 20); // 840
    settle(limiter, grant(limiter, tenant, 20, 20), 20, 20); // 940
    settle(other, grant(other, tenant, 60, 20), 60, 20); // 1 080
    Admission.Granted after = (Admission.Granted) admit(limiter, tenant, 60, 20);

    assertThat(alerts)
        .containsExactly("MONTHLY_COST_MICROS 80 840", "MONTHLY_COST_MICROS 100 1080");
    Budget.Use use = after.state().budgetAlert().orElseThrow();
    assertThat(use.budget()).isEqualTo(Budget.MONTHLY_COST_MICROS);
    assertThat(use.percent()).isEqualTo(108);
    assertThat(use.resetMs()).isBetween(1L, Duration.ofDays(31).toMillis());
  }

  @Test
  void whatThePrefixCacheHeldCostsLess() {
    Budgets daily =
        new Budgets(
            OptionalLong.empty(),
            OptionalLong.empty(),
            OptionalLong.of(1_000),
            OptionalLong.empty(),
            true,
            "default");
    TenantProfile tenant = SampleTenants.tenant("cached", Tier.FREE, WIDE, daily);
    Lease lease = grant(limiter, tenant, 800, 50);

    limiter.settle(lease, new Used(800, 600, 50)).toCompletableFuture().join();

    Refusal next = refusal(limiter, tenant, 301, 0); // 200 + 600 / 2 + 4 * 50 = 700
    assertThat(next.metadata()).containsEntry("budget_spent", "700");
    assertThat(admit(limiter, tenant, 300, 0)).isInstanceOf(Admission.Granted.class);
  }

  @Test
  void whatADeadGatewayHeldOfABudgetComesBack() {
    RedisLimiter dying = gateway(settings(600, 1));
    TenantProfile tenant =
        SampleTenants.tenant("held", Tier.FREE, WIDE, Budgets.stoppingAt(100, 1_000));
    grant(dying, tenant, 40, 50);
    dying.close();
    assertThat(refusal(limiter, tenant, 40, 50).code()).isEqualTo(ErrorCode.RATE_LIMIT_TOKENS);

    eventually(() -> admit(limiter, tenant, 40, 50) instanceof Admission.Granted);
  }

  @Test
  void aRedisThatComesBackEmptyLearnsWhatWasSpent() {
    TenantProfile tenant =
        SampleTenants.tenant("lost", Tier.FREE, WIDE, Budgets.stoppingAt(100, 1_000));
    settle(limiter, grant(limiter, tenant, 20, 50), 20, 50);
    process.stop();
    process.start();
    eventually(() -> admit(limiter, tenant, 0, 1) instanceof Admission.Granted);

    eventually(
        () ->
            admit(limiter, tenant, 20, 40) instanceof Admission.Refused refused
                && refused.refusal().code() == ErrorCode.BUDGET_EXHAUSTED);
  }

  @Test
  void aRedisThatIsBehindTheLedgerIsRaisedToIt() {
    TenantProfile tenant =
        SampleTenants.tenant("behind", Tier.FREE, WIDE, Budgets.stoppingAt(100, 1_000));
    LocalDate today = LocalDate.now(ZoneOffset.UTC);
    long month = today.getLong(ChronoField.PROLEPTIC_MONTH);
    limiter.atLeast(tenant.id(), new Spent(today.toEpochDay(), 90, 0, month, 90, 0, 0, 0));
    assertThat(admit(limiter, tenant, 0, 1)).isInstanceOf(Admission.Granted.class);

    eventually(
        () ->
            admit(limiter, tenant, 20, 40) instanceof Admission.Refused refused
                && refused.refusal().code() == ErrorCode.BUDGET_EXHAUSTED);
  }

  @Test
  void withoutRedisPaidTenantsGoOnWithTheirShareAndFreeOnesAreRefused() {
    RedisLimiter limiter = gateway(settings(15_000, 2));
    TenantProfile paid = SampleTenants.tenant("paid", Tier.STANDARD, 40, 8, 1_000);
    TenantProfile free = SampleTenants.tenant("free", Tier.FREE, 40, 8, 1_000);
    process.stop();

    List<Admission> answers =
        IntStream.range(0, 6).mapToObj(i -> admit(limiter, paid, 5, 5)).toList();
    Refusal refused = refusal(limiter, free, 5, 5);

    assertThat(answers.stream().filter(a -> a instanceof Admission.Granted)).hasSize(4);
    assertThat(refused.code()).isEqualTo(ErrorCode.LIMITER_UNAVAILABLE);
    assertThat(refused.retryAfter()).isPresent();
    assertThat(limiter.redisOut()).isTrue();
    assertThat(limiter.localDecisions()).isEqualTo(6);
    assertThat(limiter.unavailableRefusals()).isEqualTo(1);
  }

  @Test
  void whatWasUsedWithoutRedisIsSettledWhenItIsBack() {
    TenantProfile paid = SampleTenants.tenant("paid", Tier.ENTERPRISE, 40, 100, 1_000);
    Lease before = grant(limiter, paid, 100, 100);
    process.stop();
    for (int i = 0; i < 4; i++) {
      settle(limiter, grant(limiter, paid, 10, 90), 10, 15);
    }
    settle(limiter, before, 100, 1);
    assertThat(limiter.pendingSettlements()).isEqualTo(5);

    process.start();
    eventually(() -> !limiter.redisOut() && limiter.pendingSettlements() == 0);

    // The restarted Redis is empty, and learns of all five: 4 * 25 + 101 tokens.
    eventually(() -> remainingTokens(limiter, paid) == 1_000 - 201);
    Admission.Granted next = (Admission.Granted) admit(limiter, paid, 0, 0);
    assertThat(next.lease().token()).startsWith("redis:");
  }

  @Test
  void aRedisThatHangsIsTreatedAsOneThatIsOut() {
    TenantProfile paid = SampleTenants.tenant("paid", Tier.STANDARD, 40, 100, 1_000);
    TenantProfile free = SampleTenants.tenant("free", Tier.FREE, 1, 100, 1_000);
    RedisLimiter limiter = gateway(new LimiterSettings(60_000, 15_000, 60_000, 250, 1, 1.0, 100));
    settle(limiter, grant(limiter, paid, 1, 1), 1, 1);
    process.signal("STOP");

    Admission first = admit(limiter, paid, 5, 5);
    Refusal refused = refusal(limiter, free, 5, 5);
    admit(limiter, paid, 5, 5);
    boolean out = limiter.redisOut();
    process.signal("CONT");

    assertThat(first).isInstanceOf(Admission.Granted.class);
    assertThat(refused.code()).isEqualTo(ErrorCode.LIMITER_UNAVAILABLE);
    assertThat(out).isTrue();
    // What the hanging Redis admitted for the refused tenant after all does not hold its only slot.
    eventually(() -> !limiter.redisOut() && limiter.pendingSettlements() == 0);
    eventually(() -> admit(limiter, free, 1, 1) instanceof Admission.Granted);
  }

  private RedisLimiter gateway(LimiterSettings settings) {
    Redis client =
        Redis.createClient(
            vertx,
            new RedisOptions()
                .setConnectionString(process.url())
                .setMaxPoolSize(4)
                .setMaxPoolWaiting(10_000));
    clients.add(client);
    RedisLimiter limiter =
        new RedisLimiter(
            client,
            settings,
            (card, model) -> new Rates(1_000_000, 500_000, 4_000_000),
            (tenant, use, percent) -> alerts.add(use.budget() + " " + percent + " " + use.spent()),
            InstantSource.system());
    limiters.add(limiter);
    return limiter;
  }

  private static LimiterSettings settings(long leaseMs, int replicas) {
    return new LimiterSettings(60_000, leaseMs, 3_600_000, 5_000, replicas, 1.0, 1_000);
  }

  private static long granted(
      List<RedisLimiter> gateways, TenantProfile tenant, int requests, long tokens) {
    List<CompletableFuture<Admission>> all = new ArrayList<>();
    for (int i = 0; i < requests; i++) {
      all.add(
          gateways
              .get(i % gateways.size())
              .admit(reservation(tenant, "m", 1, tokens - 1))
              .toCompletableFuture());
    }
    return all.stream().filter(a -> a.join() instanceof Admission.Granted).count();
  }

  private static long remainingTokens(RedisLimiter limiter, TenantProfile tenant) {
    Admission.Granted granted = (Admission.Granted) admit(limiter, tenant, 0, 0);
    settle(limiter, granted.lease(), 0, 0);
    return granted.state().remainingTokens();
  }

  private static Lease grant(RedisLimiter limiter, TenantProfile tenant, String model) {
    return ((Admission.Granted) admit(limiter, reservation(tenant, model, 1, 1))).lease();
  }

  private static Lease grant(RedisLimiter limiter, TenantProfile tenant, long prompt, long output) {
    return ((Admission.Granted) admit(limiter, tenant, prompt, output)).lease();
  }

  private static Refusal refusal(
      RedisLimiter limiter, TenantProfile tenant, long prompt, long output) {
    return ((Admission.Refused) admit(limiter, tenant, prompt, output)).refusal();
  }

  private static Admission admit(
      RedisLimiter limiter, TenantProfile tenant, long prompt, long output) {
    return admit(limiter, reservation(tenant, "m", prompt, output));
  }

  private static Admission admit(RedisLimiter limiter, Reservation reservation) {
    return limiter.admit(reservation).toCompletableFuture().join();
  }

  private static void settle(RedisLimiter limiter, Lease lease, long prompt, long output) {
    limiter.settle(lease, new Used(prompt, 0, output)).toCompletableFuture().join();
  }

  private static Reservation reservation(
      TenantProfile tenant, String model, long prompt, long output) {
    return new Reservation(RequestId.random(), tenant, model, prompt, output);
  }
}
