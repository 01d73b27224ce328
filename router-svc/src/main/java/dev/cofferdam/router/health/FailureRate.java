package dev.cofferdam.router.health;

import dev.cofferdam.vocabulary.TenantId;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How often something fails, as the mean of its tenants' rates: a tenant whose own requests fail
 * wherever they run weighs as much as any other, however many it sends, and cannot make a worker or
 * a model look broken to all. Not thread-safe.
 */
final class FailureRate {
  private static final int TENANTS_MAX = 64;
  private static final int REQUESTS = 0;
  private static final int FAILURES = 1;

  private final long windowMs;
  private final Map<TenantId, SlidingCounters> tenants =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<TenantId, SlidingCounters> eldest) {
          return size() > TENANTS_MAX;
        }
      };

  FailureRate(long windowMs) {
    this.windowMs = windowMs;
  }

  void add(TenantId tenant, boolean failed, long nowMs) {
    SlidingCounters counters =
        tenants.computeIfAbsent(tenant, unused -> new SlidingCounters(2, windowMs));
    counters.add(REQUESTS, nowMs);
    if (failed) {
      counters.add(FAILURES, nowMs);
    }
  }

  int requests(long nowMs) {
    return tenants.values().stream().mapToInt(c -> c.sum(REQUESTS, nowMs)).sum();
  }

  /** In [0, 1]; 0 where there was no request. */
  double mean(long nowMs) {
    return tenants.values().stream()
        .filter(c -> c.sum(REQUESTS, nowMs) > 0)
        .mapToDouble(c -> c.sum(FAILURES, nowMs) / (double) c.sum(REQUESTS, nowMs))
        .average()
        .orElse(0);
  }

  /** Tenants of whose requests some failed. */
  int tenantsFailing(long nowMs) {
    return (int) tenants.values().stream().filter(c -> c.sum(FAILURES, nowMs) > 0).count();
  }

  void forget() {
    tenants.clear();
  }
}
