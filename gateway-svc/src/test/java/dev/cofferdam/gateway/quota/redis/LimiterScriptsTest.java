package dev.cofferdam.gateway.quota.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.quota.Bounds;
import dev.cofferdam.gateway.quota.Decision.Verdict;
import dev.cofferdam.gateway.quota.WindowModel;
import dev.cofferdam.mesh.redis.RedisProcess;
import dev.cofferdam.vocabulary.Budgets;
import dev.cofferdam.vocabulary.Burst;
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

  /** The largest that the admin API takes. */
  private static final long BUDGET_MAX = 1_000_000_000_000_000L;

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
    Burst burst = new Burst(4 + random.nextInt(12), 20 + random.nextInt(40));
    Budgets budgets = Budgets.stoppingAt(1_500 + random.nextInt(3_000), BUDGET_MAX);
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
        List<Long> answer = settle(tenant, r, uses.get(i)[0], budgets);
        boolean first = model.settle(answer.get(1), r.id(), uses.get(i)[0]);
        if (!first && answer.size() > 3 && uses.get(i)[0] > 0) { // has left the window
          assertThat(r.atMs() + WINDOW_MS).as(where).isLessThanOrEqualTo(answer.get(1));
          model.spend(answer.get(1), uses.get(i)[0]);
        }
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
                3 + random.nextInt(8),
                burst,
                budgets);
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
        assertThat(answer.get(10)).as(where).isEqualTo(model.spent(answer.get(1)));
        assertThat(answer.get(11)).as(where).isEqualTo(3 * answer.get(10));
        assertThat(answer.get(15)).as(where).isEqualTo(model.held(answer.get(1)));
        assertThat(answer.get(16)).as(where).isEqualTo(3 * answer.get(15));
        assertThat(lives(tenant, name)).as(where).noneMatch(ms -> ms == FOREVER);
      }
    }
  }

  @Test
  void theSameRequestIsAdmittedOnce() {
    TenantId tenant = new TenantId("twice");
    String id = RequestId.random().value();
    Bounds bounds = bounds(10, 10, 100, 10);

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
    List<Long> answer = admit(tenant, "m", id, bounds(10, 10, 100, 10), 30);
    run(
        Script.SETTLE,
        tenant,
        "m",
        id,
        "" + answer.get(1),
        "12",
        "60000",
        "0",
        "0",
        "-1",
        "-1",
        "-1",
        "-1");

    assertThat(lives(tenant, "m")).noneMatch(ms -> ms == FOREVER).anyMatch(ms -> ms > 0);
  }

  @Test
  void runAgainAfterRedisForgotThem() {
    TenantId tenant = new TenantId("flushed");
    Bounds bounds = bounds(10, 10, 100, 10);
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
        "" + LEASE_MS,
        "" + bounds.burst().requests(),
        "" + bounds.burst().requestsPerMinute(),
        "" + 3 * amount,
        "" + bounds.budgets().dailyTokens().orElse(-1),
        "" + bounds.budgets().monthlyTokens().orElse(-1),
        "-1",
        "-1",
        bounds.budgets().hardStop() ? "1" : "0");
  }

  private static Bounds bounds(long requests, long modelRequests, long tokens, long inFlight) {
    return new Bounds(
        requests, modelRequests, tokens, inFlight, Burst.ofWindow((int) requests), Budgets.NONE);
  }

  private static List<Long> settle(
      TenantId tenant, WindowModel.Request r, long used, Budgets budgets) {
    return run(
        Script.SETTLE,
        tenant,
        "m",
        r.id(),
        "" + r.atMs(),
        "" + used,
        "" + WINDOW_MS,
        "0",
        "" + 3 * used,
        "" + budgets.dailyTokens().orElse(-1),
        "" + budgets.monthlyTokens().orElse(-1),
        "-1",
        "-1");
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
