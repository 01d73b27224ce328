package dev.cofferdam.gateway.quota.redis;

import static dev.cofferdam.gateway.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.quota.Admission;
import dev.cofferdam.gateway.quota.Lease;
import dev.cofferdam.gateway.quota.LeaseSettings;
import dev.cofferdam.gateway.quota.Limiter;
import dev.cofferdam.gateway.quota.LimiterSettings;
import dev.cofferdam.gateway.quota.RateCards;
import dev.cofferdam.gateway.quota.Reservation;
import dev.cofferdam.gateway.quota.SampleTenants;
import dev.cofferdam.gateway.quota.Used;
import dev.cofferdam.mesh.redis.RedisProcess;
import dev.cofferdam.vocabulary.Budgets;
import dev.cofferdam.vocabulary.Burst;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.Tier;
import io.vertx.core.Vertx;
import io.vertx.redis.client.Redis;
import io.vertx.redis.client.RedisOptions;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Slices of limits on a real Redis. */
class LeasedLimiterTest {
  private static final Burst WIDE = new Burst(10_000, 1_000_000);
  private final RedisProcess process = new RedisProcess();
  private final Vertx vertx = Vertx.vertx();
  private final Redis redis =
      Redis.createClient(
          vertx,
          new RedisOptions()
              .setConnectionString(process.url())
              .setMaxPoolSize(4)
              .setMaxPoolWaiting(10_000));
  private final List<RedisLimiter> stricts = new ArrayList<>();
  private final List<LeasedLimiter> leased = new ArrayList<>();

  @AfterEach
  void stop() {
    leased.forEach(LeasedLimiter::close);
    stricts.forEach(RedisLimiter::close);
    redis.close();
    vertx.close().toCompletionStage().toCompletableFuture().join();
    process.close();
  }

  @Test
  void whatWasUsedFromSlicesIsExactInRedisOnceTheyAreBack() {
    TenantProfile tenant =
        SampleTenants.tenant("exact", Tier.FREE, WIDE, Budgets.stoppingAt(900_000, 9_000_000));
    List<LeasedLimiter> gateways = List.of(gateway(15_000), gateway(15_000), gateway(15_000));
    long used = 0;
    for (int i = 0; i < 3_000; i++) {
      LeasedLimiter gateway = gateways.get(i % 3);
      Lease lease = grant(gateway, tenant, 20, 60);
      settle(gateway, lease, new Used(20, 0, i % 60));
      used += 20 + i % 60;
    }
    long spent = used;

    assertThat(gateways).allSatisfy(g -> assertThat(g.localDecisions()).isPositive());
    eventually(() -> gateways.stream().allMatch(g -> g.heldSlices() == 0));
    RedisLimiter strict = stricts.getFirst();
    eventually(
        () -> {
          Admission.Granted next = (Admission.Granted) admit(strict, tenant, 0, 0);
          settle(strict, next.lease(), Used.NOTHING);
          return next.state().remainingTokens() == 1_000_000 - spent;
        });
  }

  @Test
  void gatewaysTogetherNeverLeaseMoreThanTheLimits() {
    TenantProfile tenant = SampleTenants.tenant("bound", Tier.STANDARD, 60, 400, 20_000);
    List<LeasedLimiter> gateways = List.of(gateway(15_000), gateway(15_000), gateway(15_000));
    int granted = 0;
    List<Runnable> ends = new ArrayList<>();
    for (int i = 0; i < 1_500; i++) {
      LeasedLimiter gateway = gateways.get(i % 3);
      if (admit(gateway, tenant, 10, 10) instanceof Admission.Granted g) {
        granted++;
        ends.add(() -> settle(gateway, g.lease(), new Used(10, 0, 10)));
      }
      if (ends.size() > 30) {
        ends.removeFirst().run();
      }
    }

    assertThat(granted).isBetween(200, 400);
  }

  @Test
  void theSlicesOfADeadGatewayComeBack() {
    TenantProfile tenant =
        SampleTenants.tenant("dead", Tier.FREE, WIDE, Budgets.stoppingAt(100_000, 9_000_000));
    LeasedLimiter dying = gateway(600);
    for (int i = 0; i < 200 && dying.localDecisions() == 0; i++) {
      settle(dying, grant(dying, tenant, 10, 10), Used.NOTHING);
    }
    assertThat(dying.heldSlices()).isPositive();
    dying.close();
    stricts.getFirst().close();
    gateway(600);

    eventually(() -> admit(stricts.getLast(), tenant, 50_000, 50_000) instanceof Admission.Granted);
  }

  private LeasedLimiter gateway(long leaseMs) {
    LimiterSettings settings = new LimiterSettings(60_000, leaseMs, 60_000, 5_000, 1, 1.0, 1_000);
    RedisLimiter strict =
        new RedisLimiter(
            redis, settings, RateCards.NONE, (t, use, percent) -> {}, InstantSource.system());
    stricts.add(strict);
    LeasedLimiter limiter =
        new LeasedLimiter(
            strict,
            redis,
            settings,
            LeaseSettings.DEFAULTS,
            RateCards.NONE,
            InstantSource.system());
    leased.add(limiter);
    return limiter;
  }

  private static Lease grant(Limiter limiter, TenantProfile tenant, long prompt, long output) {
    Admission admission = admit(limiter, tenant, prompt, output);
    assertThat(admission).isInstanceOf(Admission.Granted.class);
    return ((Admission.Granted) admission).lease();
  }

  private static Admission admit(Limiter limiter, TenantProfile tenant, long prompt, long output) {
    return limiter
        .admit(new Reservation(RequestId.random(), tenant, "m", prompt, output))
        .toCompletableFuture()
        .join();
  }

  private static void settle(Limiter limiter, Lease lease, Used used) {
    limiter.settle(lease, used).toCompletableFuture().join();
  }
}
