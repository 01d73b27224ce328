package dev.cofferdam.gateway.quota.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.quota.Bounds;
import dev.cofferdam.gateway.quota.Decision.Verdict;
import dev.cofferdam.gateway.quota.WindowModel;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import io.vertx.core.Vertx;
import io.vertx.redis.client.Command;
import io.vertx.redis.client.Redis;
import io.vertx.redis.client.Request;
import io.vertx.redis.client.Response;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The scripts in a real Redis, against the model, on the times that Redis tells. */
class LimiterScriptsTest {
  private static final long WINDOW_MS = 240;
  private static final long LEASE_MS = 90;

  /** PTTL's answer for a key without expiry. */
  private static final long FOREVER = -1;

  private static Vertx vertx;
  private static RedisProcess process;
  private static Redis redis;
  private static RedisScripts scripts;

  @BeforeAll
  static void start() {
    process = new RedisProcess();
    vertx = Vertx.vertx();
    redis = Redis.createClient(vertx, process.url());
    scripts = new RedisScripts(redis, 10_000);
  }

  @AfterAll
  static void stop() {
    redis.close();
    vertx.close();
    process.close();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void decideAsTheModelDoesInEveryHistory(long seed) throws InterruptedException {
    TenantId tenant = new TenantId("history-" + seed);
    Random random = new Random(seed);
    WindowModel model = new WindowModel(WINDOW_MS);
    List<WindowModel.Request> granted = model.history();
    List<long[]> uses = new ArrayList<>();
    for (int step = 0; step < 400; step++) {
      String where = "seed " + seed + " step " + step;
      if (random.nextInt(3) == 0) {
        Thread.sleep(random.nextInt(12));
      }
      int what = random.nextInt(100);
      if (what < 30 && !granted.isEmpty()) {
        // Any of the last twenty: in flight, expired, settled before, or out of the window.
        int i = granted.size() - 1 - random.nextInt(Math.min(20, granted.size()));
        WindowModel.Request r = granted.get(i);
        while (uses.size() < granted.size()) {
          uses.add(new long[] {random.nextLong(granted.get(uses.size()).reserved() + 1)});
        }
        settle(tenant, r, uses.get(i)[0]);
        model.settle(r.id(), uses.get(i)[0]);
      } else if (what < 50 && !granted.isEmpty()) {
        WindowModel.Request r =
            granted.get(granted.size() - 1 - random.nextInt(Math.min(8, granted.size())));
        List<Long> answer =
            run(Script.HEARTBEAT, tenant, "m", String.valueOf(LEASE_MS), "" + WINDOW_MS, r.id());
        boolean kept = model.heartbeat(answer.get(1), r.id(), LEASE_MS);
        assertThat(answer.get(0)).as(where).isEqualTo(kept ? 1 : 0);
      } else {
        Bounds bounds =
            new Bounds(
                5 + random.nextInt(20),
                3 + random.nextInt(12),
                50 + random.nextInt(200),
                3 + random.nextInt(8));
        String id = RequestId.random().value();
        String name = "model-" + random.nextInt(2);
        long amount = random.nextInt(90);
        List<Long> answer = admit(tenant, name, id, bounds, amount);
        WindowModel.Expected expected =
            model.decide(answer.get(1), id, name, amount, bounds, LEASE_MS);
        if (expected.verdict() != null) {
          assertThat(Verdict.values()[answer.get(0).intValue()])
              .as(where)
              .isEqualTo(expected.verdict());
          assertThat(answer.get(8)).as(where).isEqualTo(expected.waitMs());
        }
        assertThat(answer.get(0) == 0)
            .as(where)
            .isEqualTo(!granted.isEmpty() && granted.getLast().id().equals(id));
        assertThat(answer.get(3)).as(where).isEqualTo(expected.remainingRequests());
        assertThat(answer.get(6)).as(where).isEqualTo(expected.remaining());
        assertThat(lives(tenant, name)).as(where).noneMatch(ms -> ms == FOREVER);
      }
    }
  }

  @Test
  void theSameRequestIsAdmittedOnce() {
    TenantId tenant = new TenantId("twice");
    String id = RequestId.random().value();
    Bounds bounds = new Bounds(10, 10, 100, 10);

    admit(tenant, "m", id, bounds, 30);
    List<Long> again = admit(tenant, "m", id, bounds, 30);

    assertThat(again.get(0)).isZero();
    assertThat(again.get(3)).isEqualTo(9);
    assertThat(again.get(6)).isEqualTo(70);
  }

  @Test
  void noKeyLivesForever() {
    TenantId tenant = new TenantId("mortal");
    String id = RequestId.random().value();
    List<Long> answer = admit(tenant, "m", id, new Bounds(10, 10, 100, 10), 30);
    run(Script.SETTLE, tenant, "m", id, "" + answer.get(1), "12", "60000", "0");

    assertThat(lives(tenant, "m")).noneMatch(ms -> ms == FOREVER).anyMatch(ms -> ms > 0);
  }

  @Test
  void runAgainAfterRedisForgotThem() {
    TenantId tenant = new TenantId("flushed");
    Bounds bounds = new Bounds(10, 10, 100, 10);
    admit(tenant, "m", RequestId.random().value(), bounds, 1);

    command(Command.SCRIPT, "FLUSH");

    assertThat(admit(tenant, "m", RequestId.random().value(), bounds, 1).get(3)).isEqualTo(8);
  }

  private static List<Long> admit(
      TenantId tenant, String model, String id, Bounds bounds, long amount) {
    return run(
        Script.ADMIT,
        tenant,
        model,
        id,
        "" + bounds.requests(),
        "" + bounds.modelRequests(),
        "" + bounds.tokens(),
        "" + bounds.inFlight(),
        "" + amount,
        "" + WINDOW_MS,
        "" + LEASE_MS);
  }

  private static void settle(TenantId tenant, WindowModel.Request r, long used) {
    run(Script.SETTLE, tenant, "m", r.id(), "" + r.atMs(), "" + used, "" + WINDOW_MS, "0");
  }

  private static List<Long> run(Script script, TenantId tenant, String model, String... arguments) {
    return scripts
        .run(script, TenantKeys.of(tenant, model), List.of(arguments))
        .toCompletableFuture()
        .join();
  }

  private static List<Long> lives(TenantId tenant, String model) {
    return TenantKeys.of(tenant, model).stream()
        .map(key -> command(Command.PTTL, key).toLong())
        .toList();
  }

  private static Response command(Command command, String... arguments) {
    Request request = Request.cmd(command);
    for (String argument : arguments) {
      request.arg(argument);
    }
    return redis.send(request).toCompletionStage().toCompletableFuture().join();
  }
}
