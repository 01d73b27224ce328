package dev.cofferdam.gateway.quota.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.quota.Admission;
import dev.cofferdam.gateway.quota.LimiterSettings;
import dev.cofferdam.gateway.quota.RateCards;
import dev.cofferdam.gateway.quota.Reservation;
import dev.cofferdam.gateway.quota.SampleTenants;
import dev.cofferdam.gateway.quota.Used;
import dev.cofferdam.mesh.redis.RedisProcess;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.Tier;
import io.vertx.core.Vertx;
import io.vertx.redis.client.Command;
import io.vertx.redis.client.Redis;
import io.vertx.redis.client.RedisClientType;
import io.vertx.redis.client.RedisOptions;
import io.vertx.redis.client.Request;
import io.vertx.redis.client.Response;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Limits on a Redis Cluster of three nodes: each decides those of a third of the tenants. */
class RedisClusterTest {
  private static final int SLOTS = 16_384;
  private static final int NODES = 3;
  private static final long READY_MS_MAX = 30_000;

  private static final Vertx VERTX = Vertx.vertx();
  private static final List<RedisProcess> PROCESSES =
      IntStream.range(0, NODES)
          .mapToObj(i -> new RedisProcess("--cluster-enabled", "yes"))
          .toList();
  private static final List<Redis> NODE_CLIENTS =
      PROCESSES.stream().map(node -> Redis.createClient(VERTX, node.url())).toList();

  private static Redis cluster;
  private static RedisLimiter limiter;

  @BeforeAll
  static void start() throws InterruptedException {
    for (int n = 0; n < NODES; n++) {
      Redis node = NODE_CLIENTS.get(n);
      Request slots = Request.cmd(Command.CLUSTER).arg("ADDSLOTS");
      for (int slot = n; slot < SLOTS; slot += NODES) {
        slots.arg(slot);
      }
      ask(node, slots);
      String port = Integer.toString(PROCESSES.getFirst().port());
      ask(node, Request.cmd(Command.CLUSTER).arg("MEET").arg("127.0.0.1").arg(port));
    }
    long deadline = System.nanoTime() + Duration.ofMillis(READY_MS_MAX).toNanos();
    while (!NODE_CLIENTS.stream().allMatch(RedisClusterTest::knowsAll)) {
      assertThat(System.nanoTime()).as("nodes that know each other").isLessThan(deadline);
      Thread.sleep(50);
    }
    RedisOptions options = new RedisOptions().setType(RedisClientType.CLUSTER);
    PROCESSES.forEach(node -> options.addConnectionString(node.url()));
    cluster = Redis.createClient(VERTX, options.setMaxPoolSize(4).setMaxPoolWaiting(9_000));
    limiter =
        new RedisLimiter(
            cluster,
            new LimiterSettings(60_000, 15_000, 60_000, 10_000, 2, 1.0, 1_000),
            RateCards.NONE,
            (tenant, use, percent) -> {},
            InstantSource.system());
  }

  @AfterAll
  static void stop() {
    if (limiter != null) {
      limiter.close();
      cluster.close();
    }
    NODE_CLIENTS.forEach(Redis::close);
    VERTX.close().toCompletionStage().toCompletableFuture().join();
    PROCESSES.forEach(RedisProcess::close);
  }

  @Test
  void everyNodeDecidesTheLimitsOfItsTenantsExactly() {
    for (int i = 0; i < 20; i++) {
      TenantProfile tenant = SampleTenants.tenant("c" + i, Tier.STANDARD, 1_000, 1_000, 100);
      Admission.Granted first = (Admission.Granted) admit(tenant, 60);
      limiter.settle(first.lease(), new Used(30, 0, 0)).toCompletableFuture().join();

      assertThat(admit(tenant, 80)).as(tenant.id().value()).isInstanceOf(Admission.Refused.class);
      assertThat(admit(tenant, 70)).as(tenant.id().value()).isInstanceOf(Admission.Granted.class);
    }
    assertThat(NODE_CLIENTS)
        .allSatisfy(
            node -> assertThat(ask(node, Request.cmd(Command.DBSIZE)).toLong()).isPositive());
  }

  private static Admission admit(TenantProfile tenant, long tokens) {
    return limiter
        .admit(new Reservation(RequestId.random(), tenant, "m", tokens, 0))
        .toCompletableFuture()
        .join();
  }

  private static boolean knowsAll(Redis node) {
    String info = ask(node, Request.cmd(Command.CLUSTER).arg("INFO")).toString();
    return info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:" + NODES);
  }

  private static Response ask(Redis node, Request request) {
    return node.send(request).toCompletionStage().toCompletableFuture().join();
  }
}
