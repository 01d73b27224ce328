package dev.cofferdam.router.health;

import dev.cofferdam.vocabulary.TenantId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * How long a worker's last requests took for a token, of each tenant no more than half of what is
 * kept. Not thread-safe.
 */
final class Samples {
  private static final int KEPT = 16;
  private static final int OF_A_TENANT_MAX = KEPT / 2;

  private final long windowMs;
  private final @Nullable TenantId[] tenants = new TenantId[KEPT];
  private final double[] tokenMs = new double[KEPT];
  private final long[] endedMs = new long[KEPT];
  private boolean shared;
  private int stoodOut;

  Samples(long windowMs) {
    this.windowMs = windowMs;
  }

  /** Takes the place of the oldest, or of the tenant's own oldest where it has its part. */
  void add(TenantId tenant, boolean isShared, double ms, long nowMs) {
    shared = isShared;
    int own = 0;
    int oldestOwn = 0;
    int oldest = 0;
    for (int i = 0; i < KEPT; i++) {
      if (tenant.equals(tenants[i])) {
        oldestOwn = own == 0 || endedMs[i] < endedMs[oldestOwn] ? i : oldestOwn;
        own++;
      }
      boolean older = tenants[i] == null || endedMs[i] < endedMs[oldest];
      oldest = tenants[oldest] != null && older ? i : oldest;
    }
    int place = own >= OF_A_TENANT_MAX ? oldestOwn : oldest;
    tenants[place] = tenant;
    tokenMs[place] = ms;
    endedMs[place] = nowMs;
  }

  /** Requests that count. */
  int count(long nowMs) {
    int count = 0;
    for (int i = 0; i < KEPT; i++) {
      count += counts(i, nowMs) ? 1 : 0;
    }
    return count;
  }

  /**
   * The lower median of the tenants' medians.
   *
   * @return empty where one tenant alone would decide on a worker that is not its own
   */
  OptionalDouble tokenMs(long nowMs) {
    Map<TenantId, List<Double>> byTenant = new HashMap<>();
    for (int i = 0; i < KEPT; i++) {
      TenantId tenant = tenants[i];
      if (tenant != null && counts(i, nowMs)) {
        byTenant.computeIfAbsent(tenant, unused -> new ArrayList<>()).add(tokenMs[i]);
      }
    }
    if (byTenant.size() < (shared ? 2 : 1)) {
      return OptionalDouble.empty();
    }
    List<Double> medians = byTenant.values().stream().map(Samples::lowerMedian).toList();
    return OptionalDouble.of(lowerMedian(medians));
  }

  private static double lowerMedian(List<Double> values) {
    return values.stream().sorted().skip((values.size() - 1) / 2).findFirst().orElseThrow();
  }

  private boolean counts(int i, long nowMs) {
    return tenants[i] != null && nowMs - endedMs[i] <= windowMs;
  }

  /** Comparisons in which it stood out since it last fitted in. */
  int stoodOut() {
    return stoodOut;
  }

  void standsOut() {
    stoodOut++;
  }

  void fitsIn() {
    stoodOut = 0;
  }
}
