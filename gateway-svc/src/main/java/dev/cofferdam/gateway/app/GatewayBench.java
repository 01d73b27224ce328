package dev.cofferdam.gateway.app;

import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.facts.AuditFacts;
import dev.cofferdam.gateway.facts.AuditKeys;
import dev.cofferdam.gateway.facts.ContentHash;
import dev.cofferdam.gateway.facts.DeadLetter;
import dev.cofferdam.gateway.identity.ApiKeys;
import dev.cofferdam.gateway.identity.Authentication;
import dev.cofferdam.gateway.identity.Credentials;
import dev.cofferdam.gateway.identity.IdentityFacts;
import dev.cofferdam.gateway.identity.TenantAuthenticator;
import dev.cofferdam.gateway.identity.Tokens;
import dev.cofferdam.gateway.prompt.ChatMessage;
import dev.cofferdam.gateway.prompt.PromptFormat;
import dev.cofferdam.gateway.quota.Admission;
import dev.cofferdam.gateway.quota.Lease;
import dev.cofferdam.gateway.quota.LeaseSettings;
import dev.cofferdam.gateway.quota.LimiterSettings;
import dev.cofferdam.gateway.quota.RateCards;
import dev.cofferdam.gateway.quota.Reservation;
import dev.cofferdam.gateway.quota.Used;
import dev.cofferdam.gateway.quota.redis.LeasedLimiter;
import dev.cofferdam.gateway.quota.redis.RedisLimiter;
import dev.cofferdam.gateway.tenancy.KeyVerifier;
import dev.cofferdam.gateway.tenancy.Tenants;
import dev.cofferdam.proto.admin.v1.LimitOverrides;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.proto.admin.v1.TenantStatus;
import dev.cofferdam.proto.admin.v1.Tier;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.wire.TenantRecords;
import io.vertx.core.Vertx;
import io.vertx.redis.client.Command;
import io.vertx.redis.client.Redis;
import io.vertx.redis.client.RedisOptions;
import io.vertx.redis.client.Request;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Measures the limiter beside a bare Redis PING, local decisions beside those of Redis, and the
 * authenticator beside a bare SHA-256, and times the tokeniser, in the same run: {@code
 * GatewayBench <redis url> <model folder> <file for the results>}. Uses tenants of its own names in
 * that Redis, whose keys expire.
 */
public final class GatewayBench {
  private static final int WARM_UP = 20_000;
  private static final int ONE_BY_ONE = 10_000;
  private static final int TOGETHER = 60_000;
  private static final int IN_FLIGHT = 64;
  private static final int TENANTS = 200;
  private static final int LEASED_ROUNDS = 2_000;
  private static final int LEASED_BATCH = 64;
  private static final int LEASED_TENANTS = 4;
  private static final long LEASED_PAUSE_NANOS = 2_000_000;
  private static final double LEASED_GOAL_NS = 200;
  private static final int AUTHENTICATIONS = 300_000;
  private static final int TEXT_BYTES = 4_096;
  private static final int TOKENISED = 2_000;
  private static final double TOKENISE_GOAL_MS = 2;

  private static final Pattern SCRIPT_STATS =
      Pattern.compile("cmdstat_evalsha:.*usec_per_call=([0-9.]+)");

  private final List<String> rows = new ArrayList<>();
  private final String run = RequestId.random().value().substring(0, 8);
  private final List<TenantProfile> tenants = new ArrayList<>();

  private GatewayBench() {
    for (int i = 0; i < TENANTS; i++) {
      tenants.add(tenant("bench-" + run + "-" + i));
    }
  }

  /**
   * Runs it.
   *
   * @param arguments the Redis' URL, a model's folder, and the file to write
   */
  public static void main(String[] arguments) throws Exception {
    if (arguments.length != 3) {
      System.err.println("usage: GatewayBench <redis url> <model folder> <file for the results>");
      System.exit(2);
    }
    GatewayBench bench = new GatewayBench();
    System.out.printf(
        Locale.ROOT, "%-52s %12s %10s %12s %8s%n", "metric", "value", "unit", "baseline", "ratio");
    bench.limiter(arguments[0]);
    bench.leased(arguments[0]);
    bench.authenticator();
    bench.tokeniser(Path.of(arguments[1]));
    bench.write(Path.of(arguments[2]));
    System.exit(0);
  }

  private void limiter(String url) throws InterruptedException {
    Vertx vertx = Vertx.vertx();
    Redis redis =
        Redis.createClient(
            vertx,
            new RedisOptions()
                .setConnectionString(url)
                .setMaxPoolSize(8)
                .setMaxPoolWaiting(10_000));
    LimiterSettings d = LimiterSettings.DEFAULTS;
    LimiterSettings settings =
        new LimiterSettings(
            d.windowMs(), d.windowMs(), d.requestMsMax(), 10_000, 1, 1.0, d.pendingMax());
    try (RedisLimiter limiter =
        new RedisLimiter(
            redis, settings, RateCards.NONE, (t, use, percent) -> {}, InstantSource.system())) {
      Supplier<CompletionStage<?>> ping =
          () -> redis.send(Request.cmd(Command.PING)).toCompletionStage();
      AtomicInteger next = new AtomicInteger();
      Supplier<CompletionStage<?>> admit =
          () -> limiter.admit(reservation(next)).thenApply(GatewayBench::lease);
      Supplier<CompletionStage<?>> whole =
          () ->
              limiter
                  .admit(reservation(next))
                  .thenCompose(admission -> limiter.settle(lease(admission), new Used(100, 0, 20)));
      throughput(ping, WARM_UP);
      throughput(whole, WARM_UP);
      long[] pings = latencies(ping);
      long[] decisions = latencies(admit);
      row("limiter decision, p50", us(decisions, 50), "us", us(pings, 50));
      row("limiter decision, p99", us(decisions, 99), "us", us(pings, 99));
      double bare = throughput(ping, TOGETHER);
      var unused =
          redis
              .send(Request.cmd(Command.CONFIG).arg("RESETSTAT"))
              .toCompletionStage()
              .toCompletableFuture()
              .join();
      double strict = throughput(admit, TOGETHER);
      row("limiter_strict_decisions_s", strict, "1/s", bare);
      row(
          "limiter_script_us, in Redis, of the time per decision",
          scriptUs(redis),
          "us",
          1e6 / strict);
      row(
          "decided and settled, " + IN_FLIGHT + " in flight",
          throughput(whole, TOGETHER),
          "1/s",
          bare);
    } finally {
      redis.close();
      vertx.close();
    }
  }

  /** Microseconds that Redis itself takes for a script: what it, on its one thread, could do. */
  private static double scriptUs(Redis redis) {
    String stats =
        redis
            .send(Request.cmd(Command.INFO).arg("commandstats"))
            .toCompletionStage()
            .toCompletableFuture()
            .join()
            .toString();
    Matcher evalsha = SCRIPT_STATS.matcher(stats);
    return evalsha.find() ? Double.parseDouble(evalsha.group(1)) : Double.NaN;
  }

  /**
   * Requests of a few tenants that a gateway decides from slices, beside those that Redis decides.
   */
  private void leased(String url) {
    Vertx vertx = Vertx.vertx();
    Redis redis =
        Redis.createClient(
            vertx,
            new RedisOptions()
                .setConnectionString(url)
                .setMaxPoolSize(8)
                .setMaxPoolWaiting(10_000));
    LimiterSettings settings = LimiterSettings.DEFAULTS;
    InstantSource clock = InstantSource.system();
    try (RedisLimiter strict =
            new RedisLimiter(redis, settings, RateCards.NONE, (t, use, percent) -> {}, clock);
        LeasedLimiter limiter =
            new LeasedLimiter(
                strict, redis, settings, LeaseSettings.DEFAULTS, RateCards.NONE, clock)) {
      long strictNanos = 0;
      long localNanos = 0;
      List<Long> batches = new ArrayList<>();
      for (int round = 0; round < LEASED_ROUNDS; round++) {
        TenantProfile tenant = tenants.get(round % LEASED_TENANTS);
        List<Reservation> asked = new ArrayList<>();
        for (int i = 0; i < LEASED_BATCH; i++) {
          asked.add(new Reservation(RequestId.random(), tenant, "bench", 100, 50));
        }
        List<Lease> granted = new ArrayList<>(LEASED_BATCH);
        List<Reservation> missed = new ArrayList<>();
        long start = System.nanoTime();
        for (Reservation reservation : asked) {
          if (limiter.decide(reservation) instanceof Admission.Granted admission) {
            granted.add(admission.lease());
          } else {
            missed.add(reservation);
          }
        }
        long nanos = System.nanoTime() - start;
        localNanos += nanos;
        if (missed.isEmpty()) {
          batches.add(nanos / LEASED_BATCH);
        }
        start = System.nanoTime();
        for (Reservation reservation : missed) {
          granted.add(lease(strict.admit(reservation).toCompletableFuture().join()));
        }
        strictNanos += System.nanoTime() - start;
        granted.forEach(lease -> limiter.settle(lease, new Used(100, 0, 20)));
        LockSupport.parkNanos(LEASED_PAUSE_NANOS);
      }
      batches.sort(null);
      double asked = (double) LEASED_ROUNDS * LEASED_BATCH;
      double local = limiter.localDecisions();
      row("limiter_local_share", local / asked, "", 1);
      row(
          "limiter_local_decision_ns",
          batches.get(batches.size() / 2),
          "ns",
          strictNanos / Math.max(1, asked - local));
      row(
          "limiter_local_decision_ns, mean with the leasing",
          localNanos / asked,
          "ns",
          LEASED_GOAL_NS);
    } finally {
      redis.close();
      vertx.close();
    }
  }

  private static Lease lease(Admission admission) {
    if (admission instanceof Admission.Granted granted
        && granted.lease().token().startsWith("redis:")) {
      return granted.lease();
    }
    throw new IllegalStateException("not granted by Redis in the benchmark");
  }

  private void authenticator() {
    ApiKeys.Issued issued = ApiKeys.issue(new SecureRandom());
    TenantProfile tenant = tenants.getFirst();
    KeyVerifier verifier =
        new KeyVerifier(issued.keyId(), tenant.id(), ApiKeys.sha256(issued.secret()), 0);
    Tenants known =
        new Tenants() {
          @Override
          public Optional<TenantProfile> tenant(TenantId id) {
            return Optional.of(tenant).filter(t -> t.id().equals(id));
          }

          @Override
          public Optional<KeyVerifier> key(String keyId) {
            return Optional.of(verifier).filter(v -> v.keyId().equals(keyId));
          }
        };
    InstantSource clock = InstantSource.system();
    TenantAuthenticator authenticator =
        new TenantAuthenticator(
            "cofferdam.local",
            known,
            model -> false,
            Tokens.NONE,
            new IdentityFacts(new NoFacts(), 1, clock),
            clock);
    Credentials credentials =
        Credentials.of(
            Optional.of(issued.secret()), Optional.empty(), Optional.empty(), "127.0.0.1");
    Supplier<Object> authenticate = () -> authenticator.authenticate(credentials);
    Supplier<Object> hash = () -> ApiKeys.sha256(issued.secret());
    if (!(authenticate.get() instanceof Authentication.Accepted)) {
      throw new IllegalStateException("not authenticated in the benchmark");
    }
    perSecond(hash);
    perSecond(authenticate);
    row("authentications by key, one thread", perSecond(authenticate), "1/s", perSecond(hash));
  }

  /** Milliseconds for a chat of 4 KB, its template rendered, beside the goal. */
  private void tokeniser(Path model) throws IOException {
    PromptFormat format = FolderFormats.read(model, Clock.systemUTC());
    String text =
        "Please explain how to print a return label, and how long delivery takes. "
            .repeat(TEXT_BYTES / 64)
            .substring(0, TEXT_BYTES);
    long[] nanos = new long[TOKENISED];
    for (int i = 0; i < nanos.length; i++) {
      long start = System.nanoTime();
      if (format.ofChat(List.of(new ChatMessage("user", i + text))).length == 0) {
        throw new IllegalStateException("no tokens in the benchmark");
      }
      nanos[i] = System.nanoTime() - start;
    }
    Arrays.sort(nanos);
    row("tokenise_4k_ms", us(nanos, 50) / 1e3, "ms", TOKENISE_GOAL_MS);
  }

  private Reservation reservation(AtomicInteger next) {
    TenantProfile tenant = tenants.get(Math.floorMod(next.getAndIncrement(), TENANTS));
    return new Reservation(RequestId.random(), tenant, "bench", 100, 50);
  }

  private static TenantProfile tenant(String id) {
    return TenantRecords.profile(
        Tenant.newBuilder()
            .setId(id)
            .setTier(Tier.TIER_STANDARD)
            .setStatus(TenantStatus.TENANT_STATUS_ACTIVE)
            .setLimits(
                LimitOverrides.newBuilder()
                    .setConcurrentRequests(100_000)
                    .setRequestsPerMinute(100_000)
                    .setTokensPerMinute(1_000_000_000))
            .build());
  }

  private static long[] latencies(Supplier<CompletionStage<?>> call) {
    long[] nanos = new long[ONE_BY_ONE];
    for (int i = 0; i < nanos.length; i++) {
      long start = System.nanoTime();
      call.get().toCompletableFuture().join();
      nanos[i] = System.nanoTime() - start;
    }
    Arrays.sort(nanos);
    return nanos;
  }

  private static double us(long[] sortedNanos, int percentile) {
    return sortedNanos[(int) ((long) sortedNanos.length * percentile / 100)] / 1e3;
  }

  private static double throughput(Supplier<CompletionStage<?>> call, int calls)
      throws InterruptedException {
    CountDownLatch done = new CountDownLatch(calls);
    AtomicInteger started = new AtomicInteger();
    AtomicInteger failed = new AtomicInteger();
    long start = System.nanoTime();
    for (int i = 0; i < IN_FLIGHT; i++) {
      startNext(call, calls, started, failed, done);
    }
    done.await();
    if (failed.get() > 0) {
      throw new IllegalStateException(failed.get() + " of " + calls + " calls failed");
    }
    return calls / ((System.nanoTime() - start) / 1e9);
  }

  private static void startNext(
      Supplier<CompletionStage<?>> call,
      int calls,
      AtomicInteger started,
      AtomicInteger failed,
      CountDownLatch done) {
    if (started.getAndIncrement() >= calls) {
      return;
    }
    call.get()
        .whenComplete(
            (value, failure) -> {
              done.countDown();
              if (failure == null) {
                startNext(call, calls, started, failed, done);
              } else if (failed.incrementAndGet() == IN_FLIGHT) { // no lane is left
                while (done.getCount() > 0) {
                  done.countDown();
                }
              }
            });
  }

  private static double perSecond(Supplier<Object> operation) {
    int sink = 0;
    long start = System.nanoTime();
    for (int i = 0; i < AUTHENTICATIONS; i++) {
      sink += System.identityHashCode(operation.get()) & 1;
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    if (sink < 0) {
      throw new IllegalStateException();
    }
    return AUTHENTICATIONS / seconds;
  }

  private void row(String metric, double value, String unit, double baseline) {
    System.out.printf(
        Locale.ROOT,
        "%-52s %12.3f %10s %12.3f %8.3f%n",
        metric,
        value,
        unit,
        baseline,
        value / baseline);
    rows.add(
        String.format(
            Locale.ROOT,
            "{\"metric\": \"%s\", \"value\": %.3f, \"unit\": \"%s\", \"baseline\": %.3f, \"ratio\": %.4f}",
            metric,
            value,
            unit,
            baseline,
            value / baseline));
  }

  private void write(Path file) throws IOException {
    Files.writeString(file, "[\n  " + String.join(",\n  ", rows) + "\n]\n");
  }

  /** Nothing is refused here. */
  private static final class NoFacts implements AuditFacts {
    private final AuditKeys keys = new AuditKeys(new byte[AuditKeys.SECRET_BYTES_MIN]);

    @Override
    public void record(AuditFact fact) {
      throw new IllegalStateException("nothing is recorded in a benchmark");
    }

    @Override
    public void deadLetter(DeadLetter letter) {
      throw new IllegalStateException("nothing is recorded in a benchmark");
    }

    @Override
    public boolean accepting() {
      return true;
    }

    @Override
    public ContentHash contentHash(TenantId tenant) {
      return keys.contentHash(tenant);
    }
  }
}
