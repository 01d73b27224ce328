package dev.cofferdam.gateway.quota.redis;

import dev.cofferdam.gateway.quota.Admission;
import dev.cofferdam.gateway.quota.Bounds;
import dev.cofferdam.gateway.quota.Lease;
import dev.cofferdam.gateway.quota.LeaseSettings;
import dev.cofferdam.gateway.quota.LeasedLimits;
import dev.cofferdam.gateway.quota.LimitState;
import dev.cofferdam.gateway.quota.Limiter;
import dev.cofferdam.gateway.quota.LimiterSettings;
import dev.cofferdam.gateway.quota.RateCards;
import dev.cofferdam.gateway.quota.Reservation;
import dev.cofferdam.gateway.quota.Slice;
import dev.cofferdam.gateway.quota.Used;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantLimits;
import io.vertx.redis.client.Redis;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides requests from slices of tenants' limits that it leases from Redis, and leaves to {@link
 * RedisLimiter} what does not fit one: nothing is refused here. Slices that nobody uses go back;
 * those of a gateway that died expire.
 */
public final class LeasedLimiter implements Limiter, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LeasedLimiter.class);
  private static final String SLICE = "slice:";
  private static final long TICK_MS = 50;

  private final RedisLimiter strict;
  private final RedisScripts scripts;
  private final LimiterSettings settings;
  private final RateCards rateCards;
  private final InstantSource clock;
  private final LeasedLimits slices;
  private final PendingSettlements pending;
  private final Map<RequestId, Taken> taken = new ConcurrentHashMap<>();
  private final ScheduledExecutorService ticker;
  private final LongAdder localDecisions = new LongAdder();
  private final LongAdder strictDecisions = new LongAdder();
  private long lastBeatMs;

  /** What a request in flight took from a slice. */
  private record Taken(Slice slice, long tokens, long micros) {}

  /**
   * @param strict decides what no slice holds; stays the caller's
   * @param redis the client; stays the caller's
   */
  public LeasedLimiter(
      RedisLimiter strict,
      Redis redis,
      LimiterSettings settings,
      LeaseSettings leases,
      RateCards rateCards,
      InstantSource clock) {
    this.strict = strict;
    this.scripts = new RedisScripts(redis, settings.storeTimeoutMs());
    this.settings = settings;
    this.rateCards = rateCards;
    this.clock = clock;
    this.slices = new LeasedLimits(leases);
    this.pending = new PendingSettlements(settings.pendingMax(), strict::send);
    this.lastBeatMs = clock.millis();
    this.ticker =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("limiter-slices").factory());
    ticker.scheduleWithFixedDelay(this::tick, TICK_MS, TICK_MS, TimeUnit.MILLISECONDS);
  }

  @Override
  public CompletionStage<Admission> admit(Reservation reservation) {
    Admission local = decide(reservation);
    if (local != null) {
      return CompletableFuture.completedFuture(local);
    }
    strictDecisions.increment();
    return strict.admit(reservation);
  }

  /** The decision that a slice at hand allows; null where Redis is to decide. */
  public @Nullable Admission decide(Reservation reservation) {
    long nowMs = clock.millis();
    long micros =
        rateCards
            .rates(reservation.tenant().limits().budgets().rateCard(), reservation.model())
            .microsAtMost(reservation.promptTokens(), reservation.outputTokensMax());
    Slice slice = slices.take(nowMs, reservation, micros);
    if (slice == null) {
      slice = slices.takeNext(nowMs, reservation, micros);
      for (Slice used = slices.ready(); used != null; used = slices.ready()) {
        giveBack(used);
      }
    }
    if (slice == null || slices.low(slice, nowMs)) {
      slices
          .ask(nowMs, reservation, settings.modelRequestsShare())
          .ifPresent(size -> lease(reservation, size, nowMs));
    }
    if (slice == null) {
      return null;
    }
    localDecisions.increment();
    taken.put(reservation.request(), new Taken(slice, reservation.tokens(), micros));
    return new Admission.Granted(new Lease(reservation, SLICE), state(reservation, slice, nowMs));
  }

  /** What is left of the slice: what else is left, only Redis knows. */
  private LimitState state(Reservation reservation, Slice slice, long nowMs) {
    TenantLimits limits = reservation.tenant().limits();
    return new LimitState(
        limits.requestsPerMinute(),
        slice.requestsLeft(),
        0,
        limits.tokensPerMinute(),
        slice.tokensLeft(),
        0,
        strict.budgetAlert(reservation.tenant(), nowMs));
  }

  @Override
  public CompletionStage<Void> settle(Lease lease, Used used) {
    Reservation reservation = lease.reservation();
    if (!lease.token().equals(SLICE)) {
      return strict.settle(lease, used);
    }
    Taken mine = taken.remove(reservation.request());
    if (mine != null) {
      long micros =
          rateCards
              .rates(reservation.tenant().limits().budgets().rateCard(), reservation.model())
              .micros(used);
      if (slices.settle(mine.slice(), mine.tokens(), mine.micros(), used.tokens(), micros)) {
        giveBack(mine.slice());
      }
    }
    return CompletableFuture.completedFuture(null);
  }

  /** Requests that were decided from slices. */
  public long localDecisions() {
    return localDecisions.sum();
  }

  /** Requests that were left to Redis. */
  public long strictDecisions() {
    return strictDecisions.sum();
  }

  /** Slices that this gateway holds. */
  public int heldSlices() {
    return slices.held().size();
  }

  /** Stops; slices that are held expire. */
  @Override
  public void close() {
    ticker.shutdownNow();
  }

  private void lease(Reservation reservation, Slice.Size size, long nowMs) {
    String tenant = reservation.tenant().id().value();
    if (strict.redisOut()) {
      slices.notGranted(reservation.tenant().id(), reservation.model(), nowMs);
      return;
    }
    RequestId id = RequestId.random();
    scripts
        .run(
            Script.LEASE,
            TenantKeys.of(reservation.tenant().id(), reservation.model()),
            arguments(id, reservation, size))
        .whenComplete(
            (answer, failure) -> {
              if (answer == null || answer.getFirst() == 0) {
                if (failure != null) {
                  LOG.debug("no slice for {}: {}", tenant, failure.getClass().getSimpleName());
                }
                slices.notGranted(reservation.tenant().id(), reservation.model(), clock.millis());
              } else {
                slices.granted(
                    new Slice(
                        id,
                        reservation.tenant(),
                        reservation.model(),
                        new Slice.Size(answer.get(0), answer.get(1), answer.get(2), answer.get(3)),
                        nowMs,
                        answer.get(4)),
                    clock.millis());
              }
            });
  }

  private List<String> arguments(RequestId id, Reservation reservation, Slice.Size size) {
    Bounds bounds = Bounds.of(reservation.tenant().limits(), settings.modelRequestsShare());
    List<String> arguments =
        RedisLimiter.admitArguments(id, bounds, size.tokens(), size.micros(), settings);
    arguments.add(Long.toString(size.requests()));
    arguments.add(Long.toString(size.inFlight()));
    return arguments;
  }

  private void giveBack(Slice slice) {
    Settlement settlement =
        new Settlement(
            new Reservation(slice.id(), slice.tenant(), slice.model(), 0, slice.size().tokens()),
            slice.storeMs(),
            true,
            slice.usedTokens(),
            slice.usedMicros(),
            false,
            Optional.of(
                new Settlement.OfSlice(
                    slice.size().requests(), slice.usedRequests(), slice.size().inFlight())));
    pending.keep(settlement);
    if (!strict.redisOut()) {
      pending.drain();
    }
  }

  private void tick() {
    try {
      long nowMs = clock.millis();
      slices.due(nowMs).forEach(this::giveBack);
      if (strict.redisOut()) {
        return;
      }
      pending.drain();
      if (nowMs - lastBeatMs >= settings.leaseMs() / 3) {
        lastBeatMs = nowMs;
        // A request that is never settled does not keep its slice alive for ever.
        long oldestMs = nowMs - settings.requestMsMax();
        taken.values().removeIf(t -> t.slice().takenMs() < oldestMs);
        slices.held().stream().filter(slice -> slice.takenMs() >= oldestMs).forEach(this::beat);
      }
    } catch (RuntimeException e) {
      LOG.error("giving back slices failed", e);
    }
  }

  private void beat(Slice slice) {
    List<String> arguments = new ArrayList<>();
    arguments.add(Long.toString(settings.leaseMs()));
    arguments.add(Long.toString(settings.windowMs()));
    arguments.add(slice.id().value());
    for (int i = 2; i <= slice.size().inFlight(); i++) {
      arguments.add(slice.id().value() + "#" + i);
    }
    var unused =
        scripts
            .run(Script.HEARTBEAT, TenantKeys.of(slice.tenant().id(), slice.model()), arguments)
            .exceptionally(failure -> List.of()); // the strict limiter finds out that Redis is out
  }
}
