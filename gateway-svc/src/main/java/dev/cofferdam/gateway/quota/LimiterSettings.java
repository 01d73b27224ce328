package dev.cofferdam.gateway.quota;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How a limiter decides.
 *
 * @param windowMs length of the sliding windows of requests and tokens
 * @param leaseMs time after which a lease without heartbeat is given back
 * @param requestMsMax time after which a lease is no longer kept alive, whoever holds it
 * @param storeTimeoutMs longest wait for the store's decision
 * @param replicas gateways that share a tenant's limits while the store is out
 * @param modelRequestsShare share of a tenant's requests that one model may take, in (0, 1]
 * @param pendingMax settlements that are kept while the store is out; the oldest go first
 * @param dashboard where tenants see their budgets; empty: nowhere
 */
public record LimiterSettings(
    long windowMs,
    long leaseMs,
    long requestMsMax,
    long storeTimeoutMs,
    int replicas,
    double modelRequestsShare,
    int pendingMax,
    Optional<String> dashboard) {

  /** Windows of a minute, leases of 15 s, one gateway. */
  public static final LimiterSettings DEFAULTS =
      new LimiterSettings(60_000, 15_000, 3_600_000, 250, 1, 1.0, 10_000, Optional.empty());

  /** Without a dashboard. */
  public LimiterSettings(
      long windowMs,
      long leaseMs,
      long requestMsMax,
      long storeTimeoutMs,
      int replicas,
      double modelRequestsShare,
      int pendingMax) {
    this(
        windowMs,
        leaseMs,
        requestMsMax,
        storeTimeoutMs,
        replicas,
        modelRequestsShare,
        pendingMax,
        Optional.empty());
  }

  /**
   * @throws IllegalArgumentException naming every value that does not hold
   */
  public LimiterSettings {
    List<String> problems = new ArrayList<>();
    if (windowMs < 1) {
      problems.add("window_ms: " + windowMs + " (expected: > 0)");
    }
    if (leaseMs < 1 || leaseMs > windowMs) {
      problems.add("lease_ms: " + leaseMs + " (expected: 1 to window_ms)");
    }
    if (requestMsMax < leaseMs) {
      problems.add("request_ms_max: " + requestMsMax + " (expected: >= lease_ms)");
    }
    if (storeTimeoutMs < 1) {
      problems.add("store_timeout_ms: " + storeTimeoutMs + " (expected: > 0)");
    }
    if (replicas < 1) {
      problems.add("replicas: " + replicas + " (expected: > 0)");
    }
    if (!(modelRequestsShare > 0 && modelRequestsShare <= 1)) {
      problems.add("model_requests_share: " + modelRequestsShare + " (expected: in (0, 1])");
    }
    if (pendingMax < 1) {
      problems.add("pending_max: " + pendingMax + " (expected: > 0)");
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("; ", problems));
    }
  }

  /** The defaults, for a number of gateways. */
  public static LimiterSettings ofReplicas(int replicas, Optional<String> dashboard) {
    LimiterSettings d = DEFAULTS;
    return new LimiterSettings(
        d.windowMs,
        d.leaseMs,
        d.requestMsMax,
        d.storeTimeoutMs,
        replicas,
        d.modelRequestsShare,
        d.pendingMax,
        dashboard);
  }
}
