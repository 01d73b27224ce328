package dev.cofferdam.gateway.tenancy.postgres;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.TenantId;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * Who may go to the database. A tenant has a few transactions at once, so that it cannot take all
 * connections and threads; and while the database is away one transaction at a time finds out
 * whether it is back, so that threads do not wait for it in a row. Thread-safe.
 */
final class Turnstile {
  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  private final int perTenantMax;
  private final Map<TenantId, Integer> inside = new HashMap<>();
  private boolean away;
  private boolean trying;
  private long tryAtNs;

  /**
   * @param perTenantMax transactions of a tenant at once
   */
  Turnstile(int perTenantMax) {
    this.perTenantMax = perTenantMax;
  }

  /**
   * Lets a transaction in, which has to {@link #leave}.
   *
   * @throws RefusedException CONCURRENCY_LIMIT or DEPENDENCY_UNAVAILABLE
   */
  synchronized void enter(TenantId tenant, long nowNs) {
    if (inside.getOrDefault(tenant, 0) >= perTenantMax) {
      throw refused(
          ErrorCode.CONCURRENCY_LIMIT, "too many of the tenant's requests need documents");
    }
    if (away) {
      if (trying || nowNs - tryAtNs < 0) {
        throw unavailable("the database cannot be reached");
      }
      trying = true;
    }
    inside.merge(tenant, 1, Integer::sum);
  }

  /** A transaction ended. */
  synchronized void leave(TenantId tenant, boolean databaseAnswered, long nowNs) {
    inside.computeIfPresent(tenant, (unused, count) -> count == 1 ? null : count - 1);
    away = !databaseAnswered;
    trying = false;
    tryAtNs = nowNs + RETRY_AFTER.toNanos();
  }

  static RefusedException unavailable(String why) {
    return refused(ErrorCode.DEPENDENCY_UNAVAILABLE, why);
  }

  private static RefusedException refused(ErrorCode code, String why) {
    return Refusal.of(code, why).withRetryAfter(RETRY_AFTER).asException();
  }
}
