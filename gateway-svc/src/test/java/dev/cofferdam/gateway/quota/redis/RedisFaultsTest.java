package dev.cofferdam.gateway.quota.redis;

import static dev.cofferdam.gateway.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.quota.Admission;
import dev.cofferdam.gateway.quota.Lease;
import dev.cofferdam.gateway.quota.LimiterSettings;
import dev.cofferdam.gateway.quota.RateCards;
import dev.cofferdam.gateway.quota.Reservation;
import dev.cofferdam.gateway.quota.SampleTenants;
import dev.cofferdam.gateway.quota.Used;
import dev.cofferdam.mesh.TcpProxy;
import dev.cofferdam.mesh.redis.RedisProcess;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.Tier;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetServer;
import io.vertx.redis.client.Command;
import io.vertx.redis.client.Redis;
import io.vertx.redis.client.RedisOptions;
import io.vertx.redis.client.Request;
import io.vertx.redis.client.Response;
import java.net.Socket;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What several gateways grant under load, and while their Redis fails. */
class RedisFaultsTest {
  private final RedisProcess process = new RedisProcess();
  private final TcpProxy proxy = new TcpProxy(process.port());
  private final Vertx vertx = Vertx.vertx();
  private final List<RedisLimiter> limiters = new ArrayList<>();
  private final List<Redis> clients = new ArrayList<>();

  @AfterEach
  void stop() {
    limiters.forEach(RedisLimiter::close);
    clients.forEach(Redis::close);
    vertx.close().toCompletionStage().toCompletableFuture().join();
    proxy.close();
    process.close();
  }

  @Test
  void aThousandConcurrentRequestsOfTwentyTenantsNeverGetMoreThanTheirLimits() {
    List<RedisLimiter> gateways = IntStream.range(0, 3).mapToObj(i -> gateway(10_000)).toList();
    List<TenantProfile> tenants =
        IntStream.range(0, 20)
            .mapToObj(i -> SampleTenants.tenant("t" + i, Tier.STANDARD, 1_000, 1_000, 1_000))
            .toList();
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    Map<TenantProfile, Long> counts = new ConcurrentHashMap<>();
    List<CompletableFuture<Void>> all = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      RedisLimiter gateway = gateways.get(i % 3);
      TenantProfile tenant = tenants.get(random.nextInt(20));
      long output = 10 + random.nextInt(60);
      long used = random.nextBoolean() ? output : random.nextLong(output);
      boolean ends = random.nextInt(3) > 0;
      all.add(
          gateway
              .admit(new Reservation(RequestId.random(), tenant, "m", 10, output))
              .thenCompose(
                  admission -> {
                    if (!(admission instanceof Admission.Granted granted)) {
                      return CompletableFuture.<Void>completedFuture(null);
                    }
                    counts.merge(tenant, 10 + (ends ? used : output), Long::sum);
                    return ends
                        ? gateway.settle(granted.lease(), new Used(10, 0, used))
                        : CompletableFuture.<Void>completedFuture(null);
                  })
              .toCompletableFuture());
    }
    all.forEach(CompletableFuture::join);

    for (TenantProfile tenant : tenants) {
      Admission.Granted next = (Admission.Granted) admit(gateways.getFirst(), tenant, 0);
      assertThat(counts.getOrDefault(tenant, 0L)).as("seed " + seed).isLessThanOrEqualTo(1_000);
      assertThat(next.state().remainingTokens())
          .as("seed " + seed)
          .isEqualTo(1_000 - counts.getOrDefault(tenant, 0L));
    }
  }

  @Test
  void everythingThatAGatewayHeldWhenItWasKilledIsBackAfterTheLease() {
    RedisLimiter killed = gateway(10_000, 500);
    RedisLimiter other = gateway(10_000, 500);
    List<TenantProfile> tenants =
        IntStream.range(0, 20)
            .mapToObj(i -> SampleTenants.tenant("k" + i, Tier.STANDARD, 5, 1_000, 1_000))
            .toList();
    for (TenantProfile tenant : tenants) {
      for (int i = 0; i < 5; i++) {
        assertThat(admit(killed, tenant, 200)).isInstanceOf(Admission.Granted.class);
      }
    }
    killed.close();

    for (TenantProfile tenant : tenants) {
      eventually(() -> admit(other, tenant, 1_000) instanceof Admission.Granted);
    }
  }

  @Test
  void aLoopThatWasBusyForLongerThanTheTimeoutIsNotTakenForARedisThatIsOut() throws Exception {
    RedisLimiter gateway = gateway(200);
    TenantProfile free = SampleTenants.tenant("busy", Tier.FREE, 40, 40, 1_000);
    BlockingQueue<CompletableFuture<Admission>> asked = new LinkedBlockingQueue<>();
    NetServer server =
        vertx
            .createNetServer()
            .connectHandler(
                socket ->
                    socket.handler(
                        busyMs -> {
                          for (int i = 0; i < 5; i++) {
                            asked.add(
                                gateway
                                    .admit(new Reservation(RequestId.random(), free, "m", 1, 0))
                                    .toCompletableFuture());
                          }
                          sleep(busyMs.getByte(0) * 10);
                        }))
            .listen(0, "127.0.0.1")
            .toCompletionStage()
            .toCompletableFuture()
            .join();
    try (Socket client = new Socket("127.0.0.1", server.actualPort())) {
      for (int busy : new int[] {0, 60}) {
        client.getOutputStream().write(busy);
        for (int i = 0; i < 5; i++) {
          assertThat(asked.take().join()).isInstanceOf(Admission.Granted.class);
        }
      }
    }
    assertThat(gateway.storeFailures()).isZero();
    assertThat(gateway.redisOut()).isFalse();
  }

  private static void sleep(long ms) {
    try {
      Thread.sleep(ms);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aRedisThatAnswersAfterHalfASecondIsTreatedAsOneThatIsOut() {
    RedisLimiter gateway = gateway(250);
    TenantProfile paid = SampleTenants.tenant("slow-paid", Tier.STANDARD, 40, 8, 1_000);
    TenantProfile free = SampleTenants.tenant("slow-free", Tier.FREE, 40, 8, 1_000);
    proxy.delay(500);

    long granted =
        IntStream.range(0, 12)
            .filter(i -> admit(gateway, paid, 1) instanceof Admission.Granted)
            .count();
    Admission refused = admit(gateway, free, 1);
    boolean out = gateway.redisOut();
    proxy.delay(0);

    assertThat(granted).isEqualTo(4); // this gateway's half of 8
    assertThat(refused)
        .isInstanceOfSatisfying(
            Admission.Refused.class,
            r -> assertThat(r.refusal().code()).isEqualTo(ErrorCode.LIMITER_UNAVAILABLE));
    assertThat(out).isTrue();
    eventually(() -> !gateway.redisOut() && gateway.pendingSettlements() == 0);
  }

  @Test
  void aRedisThatComesBackEmptyGrantsTheWindowOnceMoreAtMost() {
    RedisLimiter gateway = gateway(10_000);
    TenantProfile paid = SampleTenants.tenant("empty", Tier.STANDARD, 100, 10, 1_000);
    List<Lease> before = grants(gateway, paid, 20);
    before.forEach(lease -> settle(gateway, lease));
    process.stop();
    proxy.moveTo(process.port());
    process.start();
    eventually(() -> admit(gateway, paid, 0) instanceof Admission.Granted);

    int after = grants(gateway, paid, 20).size();

    assertThat(before).hasSize(10);
    assertThat(after).isLessThan(10);
  }

  @Test
  void aConnectionThatFellSilentIsReplaced() throws InterruptedException {
    Redis redis = loops(200);
    call(redis, "PING");
    proxy.silence();
    Future<Response> unanswered = redis.send(Request.cmd(Command.PING));
    Thread.sleep(300);
    proxy.speak();

    call(redis, "PING");

    assertThat(unanswered.isComplete()).isFalse();
  }

  @Test
  void aReplicaThatHasEverythingGoesOnWhereItsMasterFell() {
    try (RedisProcess replica =
        new RedisProcess("--replicaof", "127.0.0.1", Integer.toString(process.port()))) {
      Redis master = client(process.url());
      RedisLimiter gateway = gateway(10_000);
      TenantProfile paid = SampleTenants.tenant("failover", Tier.STANDARD, 100, 10, 1_000);
      List<Lease> before = grants(gateway, paid, 6);
      eventually(() -> call(master, "WAIT", "1", "1000") == 1);
      process.stop();
      call(client(replica.url()), "REPLICAOF", "NO", "ONE");
      proxy.moveTo(replica.port());
      eventually(() -> admit(gateway, paid, 0) instanceof Admission.Granted g && redis(g.lease()));

      int after = grants(gateway, paid, 20).size();

      assertThat(before).hasSize(6);
      assertThat(after).isLessThanOrEqualTo(3); // one went to the first answer of the replica
      assertThat(gateway.redisOut()).isFalse();
    }
  }

  private List<Lease> grants(RedisLimiter gateway, TenantProfile tenant, int requests) {
    return IntStream.range(0, requests)
        .mapToObj(i -> admit(gateway, tenant, 1))
        .filter(Admission.Granted.class::isInstance)
        .map(a -> ((Admission.Granted) a).lease())
        .filter(RedisFaultsTest::redis)
        .toList();
  }

  private static boolean redis(Lease lease) {
    return lease.token().startsWith("redis:");
  }

  private RedisLimiter gateway(long timeoutMs) {
    return gateway(timeoutMs, 15_000);
  }

  private RedisLimiter gateway(long timeoutMs, long leaseMs) {
    RedisLimiter limiter =
        new RedisLimiter(
            loops(5_000),
            new LimiterSettings(60_000, leaseMs, 60_000, timeoutMs, 2, 1.0, 1_000),
            RateCards.NONE,
            (tenant, use, percent) -> {},
            InstantSource.system());
    limiters.add(limiter);
    return limiter;
  }

  private Redis loops(long silenceMsMax) {
    Redis client = new LoopRedis(vertx, options("redis://127.0.0.1:" + proxy.port()), silenceMsMax);
    clients.add(client);
    return client;
  }

  private static RedisOptions options(String url) {
    return new RedisOptions().setConnectionString(url).setMaxPoolSize(4).setMaxPoolWaiting(9_000);
  }

  private Redis client(String url) {
    Redis client = Redis.createClient(vertx, options(url));
    clients.add(client);
    return client;
  }

  private static long call(Redis redis, String command, String... arguments) {
    Request request = Request.cmd(Command.create(command));
    for (String argument : arguments) {
      request.arg(argument);
    }
    var response = redis.send(request).toCompletionStage().toCompletableFuture().join();
    return command.equals("WAIT") ? response.toLong() : 0;
  }

  private static Admission admit(RedisLimiter limiter, TenantProfile tenant, long tokens) {
    return limiter
        .admit(new Reservation(RequestId.random(), tenant, "m", tokens, 0))
        .toCompletableFuture()
        .join();
  }

  private static void settle(RedisLimiter limiter, Lease lease) {
    limiter.settle(lease, new Used(1, 0, 0)).toCompletableFuture().join();
  }
}
