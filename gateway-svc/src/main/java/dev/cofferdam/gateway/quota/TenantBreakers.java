package dev.cofferdam.gateway.quota;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.TenantId;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * Has a tenant pause whose requests are all refused (a retry storm) or all break (an error storm):
 * then it is answered here, before its input is tokenised and without the store. Other tenants are
 * not touched; a tenant without failures costs one look-up. Thread-safe.
 */
public final class TenantBreakers {
  private static final int TENANTS_TRIMMED_FROM = 10_000;

  private final BreakerSettings settings;
  private final Map<TenantId, Pair> tenants = new ConcurrentHashMap<>();
  private final LongAdder pauses = new LongAdder();
  private final LongAdder refusals = new LongAdder();

  public TenantBreakers(BreakerSettings settings) {
    this.settings = settings;
  }

  private static final class Pair {
    private final Breaker refusals;
    private final Breaker errors;

    Pair(BreakerSettings settings) {
      this.refusals = new Breaker(settings.refusals(), settings);
      this.errors = new Breaker(settings.errors(), settings);
    }
  }

  /** Lets a tenant's request through (empty), or refuses it with CIRCUIT_OPEN. */
  public Optional<Refusal> enter(TenantId tenant, long nowMs) {
    Pair pair = tenants.get(tenant);
    if (pair == null) {
      return Optional.empty();
    }
    long waitMs;
    String cause;
    synchronized (pair) {
      long errorsMs = pair.errors.waitMs(nowMs);
      long refusalsMs = pair.refusals.waitMs(nowMs);
      cause = errorsMs > refusalsMs ? "errors" : "refusals";
      waitMs = Math.max(errorsMs, refusalsMs);
      if (waitMs == 0) {
        pair.errors.enter(nowMs);
        pair.refusals.enter(nowMs);
      }
    }
    if (waitMs == 0) {
      return Optional.empty();
    }
    refusals.increment();
    return Optional.of(
        new Refusal(
            ErrorCode.CIRCUIT_OPEN,
            "the tenant's last requests all ended in "
                + cause
                + "; new ones are not examined for "
                + waitMs
                + " ms",
            Optional.empty(),
            Optional.of(Duration.ofMillis(waitMs)),
            Map.of("limit", "circuit_breaker", "cause", cause)));
  }

  /** A tenant's request passed all limits. */
  public void granted(TenantId tenant) {
    Pair pair = tenants.get(tenant);
    if (pair != null) {
      synchronized (pair) {
        pair.refusals.succeeded();
      }
    }
  }

  /**
   * A tenant's request was refused.
   *
   * @param retryAfter after how long the next one may pass
   */
  public void refused(TenantId tenant, long nowMs, Optional<Duration> retryAfter) {
    Pair pair = pair(tenant, nowMs);
    boolean opened;
    synchronized (pair) {
      opened = pair.refusals.failed(nowMs, retryAfter.map(Duration::toMillis).orElse(0L));
    }
    count(opened);
  }

  /** A tenant's request was answered. */
  public void answered(TenantId tenant) {
    Pair pair = tenants.get(tenant);
    if (pair != null) {
      synchronized (pair) {
        pair.errors.succeeded();
      }
    }
  }

  /** A tenant's request broke something. */
  public void broke(TenantId tenant, long nowMs) {
    Pair pair = pair(tenant, nowMs);
    boolean opened;
    synchronized (pair) {
      opened = pair.errors.failed(nowMs, 0);
    }
    count(opened);
  }

  /** Pauses so far. */
  public long pauses() {
    return pauses.sum();
  }

  /** Requests that were refused in pauses. */
  public long refusals() {
    return refusals.sum();
  }

  /** Tenants that pause. */
  public long open(long nowMs) {
    return tenants.values().stream()
        .filter(
            pair -> {
              synchronized (pair) {
                return pair.refusals.waitMs(nowMs) + pair.errors.waitMs(nowMs) > 0;
              }
            })
        .count();
  }

  private Pair pair(TenantId tenant, long nowMs) {
    if (tenants.size() > TENANTS_TRIMMED_FROM) {
      // A pair that somebody holds just now loses one failure by this.
      tenants
          .values()
          .removeIf(
              pair -> {
                synchronized (pair) {
                  return pair.refusals.idle(nowMs) && pair.errors.idle(nowMs);
                }
              });
    }
    return tenants.computeIfAbsent(tenant, t -> new Pair(settings));
  }

  private void count(boolean opened) {
    if (opened) {
      pauses.increment();
    }
  }
}
