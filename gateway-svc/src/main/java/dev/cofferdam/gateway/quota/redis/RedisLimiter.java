package dev.cofferdam.gateway.quota.redis;

import dev.cofferdam.gateway.quota.Admission;
import dev.cofferdam.gateway.quota.Bounds;
import dev.cofferdam.gateway.quota.Budget;
import dev.cofferdam.gateway.quota.BudgetAlerts;
import dev.cofferdam.gateway.quota.BudgetMemory;
import dev.cofferdam.gateway.quota.Decision;
import dev.cofferdam.gateway.quota.Decision.Verdict;
import dev.cofferdam.gateway.quota.Lease;
import dev.cofferdam.gateway.quota.LimitState;
import dev.cofferdam.gateway.quota.Limiter;
import dev.cofferdam.gateway.quota.LimiterSettings;
import dev.cofferdam.gateway.quota.LocalLimits;
import dev.cofferdam.gateway.quota.RateCards;
import dev.cofferdam.gateway.quota.Rates;
import dev.cofferdam.gateway.quota.Reservation;
import dev.cofferdam.gateway.quota.Spent;
import dev.cofferdam.gateway.quota.Used;
import dev.cofferdam.vocabulary.Budgets;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantLimits;
import dev.cofferdam.vocabulary.TenantProfile;
import io.vertx.redis.client.Redis;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Limits that all gateways share, decided by one script call on Redis' own clock.
 *
 * <p>Redis out (three failures in a row, until a probe succeeds): paid tenants go on with this
 * gateway's share of their limits, free tenants are refused; what was used meanwhile is told to
 * Redis when it is back.
 *
 * <p>Leases are kept alive from here until they are settled; those of a gateway that died expire,
 * and their reservations with them.
 */
public final class RedisLimiter implements Limiter, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RedisLimiter.class);
  private static final String REDIS = "redis:";
  private static final String LOCAL = "local:";
  private static final int FAILURES_MAX = 3;
  private static final long TICK_MS = 250;
  private static final int HEARTBEAT_IDS_MAX = 256;
  private static final int TENANTS_REMEMBERED_MAX = 100_000;

  /** Where an answer tells what is spent. */
  private static final int ADMIT_SPENT = 9;

  private static final int SETTLE_SPENT = 3;
  private static final Duration OUTAGE_RETRY = Duration.ofSeconds(1);

  private final RedisScripts scripts;
  private final LimiterSettings settings;
  private final RateCards rateCards;
  private final BudgetAlerts alerts;
  private final InstantSource clock;
  private final LocalLimits local;
  private final PendingSettlements pending;
  private final BudgetMemory memory = new BudgetMemory(TENANTS_REMEMBERED_MAX);
  private final Map<RequestId, Live> live = new ConcurrentHashMap<>();
  private final AtomicInteger failuresInRow = new AtomicInteger();
  private final AtomicBoolean beating = new AtomicBoolean();
  private final ScheduledExecutorService ticker;
  private final LongAdder localDecisions = new LongAdder();
  private final LongAdder unavailableRefusals = new LongAdder();
  private final LongAdder storeFailures = new LongAdder();
  private volatile boolean out;
  private long lastBeatMs;

  /** A lease that Redis granted and that is not settled. */
  private record Live(Reservation reservation, long sinceMs) {}

  /** One heartbeat: leases of one tenant. */
  private record Beat(List<String> keys, List<String> arguments) {}

  /**
   * @param redis the client; stays the caller's. Its pool bounds the calls at once: it needs a few
   *     connections and room for thousands of waiting calls
   * @param rateCards what tokens cost
   * @param alerts is told of budgets that are nearly spent
   * @param clock this gateway's clock, for leases' ages and while Redis is out
   */
  public RedisLimiter(
      Redis redis,
      LimiterSettings settings,
      RateCards rateCards,
      BudgetAlerts alerts,
      InstantSource clock) {
    this.scripts = new RedisScripts(redis, settings.storeTimeoutMs());
    this.settings = settings;
    this.rateCards = rateCards;
    this.alerts = alerts;
    this.clock = clock;
    this.local = new LocalLimits(settings.windowMs());
    this.pending = new PendingSettlements(settings.pendingMax(), this::send);
    this.lastBeatMs = clock.millis();
    this.ticker =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("limiter-heartbeat").factory());
    long periodMs = Math.min(TICK_MS, Math.max(1, settings.leaseMs() / 3));
    ticker.scheduleWithFixedDelay(this::tick, periodMs, periodMs, TimeUnit.MILLISECONDS);
  }

  @Override
  public CompletionStage<Admission> admit(Reservation reservation) {
    if (out) {
      return CompletableFuture.completedFuture(withoutRedis(reservation));
    }
    return scripts
        .run(Script.ADMIT, keys(reservation), admitArguments(reservation))
        .handle(
            (answer, failure) -> {
              if (answer == null) {
                failed(failure);
                return afterFailure(reservation);
              }
              succeeded();
              return decided(reservation, answer);
            });
  }

  @Override
  public CompletionStage<Void> settle(Lease lease, Used used) {
    Reservation reservation = lease.reservation();
    long tokens = used.tokens();
    long micros = rates(reservation).micros(used);
    Settlement settlement;
    if (lease.token().startsWith(REDIS)) {
      if (live.remove(reservation.request()) == null) {
        return CompletableFuture.completedFuture(null);
      }
      long admittedMs = Long.parseLong(lease.token().substring(REDIS.length()));
      settlement = new Settlement(reservation, admittedMs, true, tokens, micros, false);
    } else {
      if (!local.settle(reservation.tenant().id(), reservation.request(), tokens)) {
        return CompletableFuture.completedFuture(null);
      }
      long admittedMs = Long.parseLong(lease.token().substring(LOCAL.length()));
      settlement = new Settlement(reservation, admittedMs, false, tokens, micros, true);
    }
    if (out) {
      pending.keep(settlement);
      return CompletableFuture.completedFuture(null);
    }
    return send(settlement)
        .handle(
            (done, failure) -> {
              if (failure != null) {
                pending.keep(settlement);
              }
              return null;
            });
  }

  /** Whether Redis is taken to be out. */
  public boolean redisOut() {
    return out;
  }

  /** Requests that were decided on this gateway's share. */
  public long localDecisions() {
    return localDecisions.sum();
  }

  /** Requests that were refused because Redis was out. */
  public long unavailableRefusals() {
    return unavailableRefusals.sum();
  }

  /** Calls to Redis that failed or were late. */
  public long storeFailures() {
    return storeFailures.sum();
  }

  /** Settlements that wait for Redis. */
  public int pendingSettlements() {
    return pending.size();
  }

  /** Settlements that were given up because too many waited. */
  public long droppedSettlements() {
    return pending.dropped();
  }

  /** Leases of Redis that this gateway keeps alive. */
  public int liveLeases() {
    return live.size();
  }

  /** The budget of a tenant that is nearly or wholly spent, as far as this gateway has seen. */
  Optional<Budget.Use> budgetAlert(TenantProfile tenant, long nowMs) {
    Budgets budgets = tenant.limits().budgets();
    return budgets.any()
        ? Budget.alert(budgets, memory.last(tenant.id()).at(nowMs), nowMs)
        : Optional.empty();
  }

  /** Stops heartbeats; leases that are left expire. */
  @Override
  public void close() {
    ticker.shutdownNow();
  }

  private List<String> keys(Reservation reservation) {
    return TenantKeys.of(reservation.tenant().id(), reservation.model());
  }

  private Rates rates(Reservation reservation) {
    return rateCards.rates(reservation.tenant().limits().budgets().rateCard(), reservation.model());
  }

  private List<String> admitArguments(Reservation reservation) {
    return admitArguments(
        reservation.request(),
        Bounds.of(reservation.tenant().limits(), settings.modelRequestsShare()),
        reservation.tokens(),
        rates(reservation).microsAtMost(reservation.promptTokens(), reservation.outputTokensMax()),
        settings);
  }

  /** Arguments of admit.lua, with which those of lease.lua begin. */
  static List<String> admitArguments(
      RequestId id, Bounds bounds, long tokens, long micros, LimiterSettings settings) {
    List<String> arguments = new ArrayList<>(18);
    arguments.add(id.value());
    arguments.add(Long.toString(bounds.requests()));
    arguments.add(Long.toString(bounds.modelRequests()));
    arguments.add(Long.toString(bounds.tokens()));
    arguments.add(Long.toString(bounds.inFlight()));
    arguments.add(Long.toString(tokens));
    arguments.add(Long.toString(settings.windowMs()));
    arguments.add(Long.toString(settings.leaseMs()));
    arguments.add(Long.toString(bounds.burst().requests()));
    arguments.add(Long.toString(bounds.burst().requestsPerMinute()));
    arguments.add(Long.toString(micros));
    Settlement.addBudgets(arguments, bounds.budgets());
    arguments.add(bounds.budgets().hardStop() ? "1" : "0");
    return arguments;
  }

  private Admission decided(Reservation reservation, List<Long> answer) {
    Verdict verdict = Verdict.values()[answer.get(0).intValue()];
    LimitState state =
        new LimitState(
            answer.get(2),
            answer.get(3),
            answer.get(4),
            answer.get(5),
            answer.get(6),
            answer.get(7));
    Decision decision =
        new Decision(
            verdict, answer.get(1), state, answer.get(8), spent(reservation, answer, ADMIT_SPENT));
    if (verdict == Verdict.GRANTED) {
      live.put(reservation.request(), new Live(reservation, clock.millis()));
    }
    return decision.admission(reservation, REDIS + decision.nowMs(), settings.dashboard());
  }

  /** What Redis says to be spent; it is told where it has forgotten some. */
  private Spent spent(Reservation reservation, List<Long> answer, int from) {
    List<Long> told = answer.subList(from, answer.size());
    Spent spent =
        new Spent(
            told.get(0),
            told.get(1),
            told.get(2),
            told.get(3),
            told.get(4),
            told.get(5),
            told.get(6),
            told.get(7));
    memory
        .see(reservation.tenant().id(), spent, answer.get(1))
        .ifPresent(known -> seed(reservation, known));
    return spent;
  }

  /** Takes what the ledger says that a tenant has spent: Redis is told where it is behind. */
  public void atLeast(TenantId tenant, Spent stated) {
    memory.atLeast(tenant, stated);
  }

  private void seed(Reservation reservation, Spent known) {
    LOG.warn(
        "Redis is behind in the spending of tenant {}; it is told what this gateway knows",
        reservation.tenant().id());
    List<String> arguments =
        List.of(
            Long.toString(known.day()),
            Long.toString(known.dayTokens()),
            Long.toString(known.dayMicros()),
            Long.toString(known.month()),
            Long.toString(known.monthTokens()),
            Long.toString(known.monthMicros()));
    var unused =
        scripts
            .run(Script.SEED, keys(reservation), arguments)
            .exceptionally(
                failure -> {
                  failed(failure); // the next answer that lacks it tries again
                  return List.of();
                });
  }

  /** Redis may have admitted it all the same: a settlement gives back what it then holds. */
  private Admission afterFailure(Reservation reservation) {
    Admission admission = withoutRedis(reservation);
    if (admission instanceof Admission.Refused) {
      pending.keep(new Settlement(reservation, clock.millis(), false, 0, 0, false));
    }
    return admission;
  }

  private Admission withoutRedis(Reservation reservation) {
    TenantLimits limits = reservation.tenant().limits();
    if (!reservation.tenant().tier().paid()) {
      unavailableRefusals.increment();
      long resetMs = OUTAGE_RETRY.toMillis();
      return new Admission.Refused(
          Refusal.of(
                  ErrorCode.LIMITER_UNAVAILABLE,
                  "limits cannot be decided at the moment; please try again")
              .withRetryAfter(OUTAGE_RETRY),
          new LimitState(
              limits.requestsPerMinute(), 0, resetMs, limits.tokensPerMinute(), 0, resetMs));
    }
    localDecisions.increment();
    long nowMs = clock.millis();
    return local
        .decide(
            nowMs,
            reservation,
            Bounds.of(limits, settings.modelRequestsShare(), settings.replicas()),
            memory.last(reservation.tenant().id()).at(nowMs))
        .admission(reservation, LOCAL + nowMs, settings.dashboard());
  }

  /** Tells Redis; fails where it does not answer. */
  CompletionStage<Void> send(Settlement settlement) {
    return scripts
        .run(
            Script.SETTLE,
            keys(settlement.reservation()),
            settlement.arguments(clock.millis(), settings.windowMs()))
        .handle(
            (answer, failure) -> {
              if (answer == null) {
                failed(failure);
                throw new IllegalStateException("not settled", failure);
              }
              succeeded();
              settled(settlement.reservation(), answer);
              return null;
            });
  }

  private void settled(Reservation reservation, List<Long> answer) {
    if (answer.size() <= SETTLE_SPENT) {
      return; // settled before
    }
    Spent spent = spent(reservation, answer, SETTLE_SPENT);
    long passed = answer.get(2);
    for (Budget budget : Budget.values()) {
      for (int i = 0; i < Budget.ALERT_PERCENTS.length && passed != 0; i++) {
        int percent = Budget.ALERT_PERCENTS[i];
        if ((passed >> (budget.ordinal() * Budget.ALERT_PERCENTS.length + i) & 1) != 0) {
          budget
              .use(reservation.tenant().limits().budgets(), spent, answer.get(1))
              .ifPresent(use -> alerts.passed(reservation.tenant(), use, percent));
        }
      }
    }
  }

  private void failed(@Nullable Throwable failure) {
    storeFailures.increment();
    if (failuresInRow.incrementAndGet() >= FAILURES_MAX && !out) {
      out = true;
      LOG.warn(
          "Redis is out ({}): paid tenants go on with this gateway's share, free ones are refused",
          failure == null ? "no answer" : failure.getClass().getSimpleName());
    }
  }

  private void succeeded() {
    failuresInRow.set(0);
  }

  private void tick() {
    try {
      long nowMs = clock.millis();
      if (out) {
        scripts.ping().whenComplete((done, failure) -> probed(failure));
      } else {
        pending.drain();
      }
      if (nowMs - lastBeatMs >= settings.leaseMs() / 3) {
        lastBeatMs = nowMs;
        beat(nowMs);
        local.trim(nowMs);
      }
    } catch (RuntimeException e) {
      LOG.error("the limiter's heartbeat failed", e);
    }
  }

  private void probed(@Nullable Throwable failure) {
    if (failure == null && out) {
      succeeded();
      out = false;
      LOG.info("Redis is back; {} settlements are told to it", pending.size());
      pending.drain();
    }
  }

  private void beat(long nowMs) {
    Map<String, List<Live>> byWindow = new HashMap<>();
    live.forEach(
        (request, lease) -> {
          if (nowMs - lease.sinceMs() > settings.requestMsMax()) {
            live.remove(request);
            LOG.warn("request {} was never settled; its lease ends", request);
          } else {
            Reservation r = lease.reservation();
            byWindow
                .computeIfAbsent(r.tenant().id().value() + "/" + r.model(), k -> new ArrayList<>())
                .add(lease);
          }
        });
    if (!out && beating.compareAndSet(false, true)) {
      List<Beat> beats = new ArrayList<>();
      byWindow.values().forEach(leases -> add(beats, leases));
      send(beats, 0).whenComplete((done, failure) -> beating.set(false));
    }
  }

  private void add(List<Beat> beats, List<Live> leases) {
    List<String> keys = keys(leases.getFirst().reservation());
    for (int from = 0; from < leases.size(); from += HEARTBEAT_IDS_MAX) {
      List<String> arguments = new ArrayList<>();
      arguments.add(Long.toString(settings.leaseMs()));
      arguments.add(Long.toString(settings.windowMs()));
      for (Live l : leases.subList(from, Math.min(leases.size(), from + HEARTBEAT_IDS_MAX))) {
        arguments.add(l.reservation().request().value());
      }
      beats.add(new Beat(keys, arguments));
    }
  }

  /** One after another, so that many leases do not crowd out the decisions. */
  private CompletionStage<Void> send(List<Beat> beats, int index) {
    if (index == beats.size() || out) {
      return CompletableFuture.completedFuture(null);
    }
    Beat beat = beats.get(index);
    return scripts
        .run(Script.HEARTBEAT, beat.keys(), beat.arguments())
        .handle(
            (kept, failure) -> {
              if (failure == null) {
                succeeded();
              } else {
                failed(failure);
              }
              return null;
            })
        .thenCompose(done -> send(beats, index + 1));
  }
}
