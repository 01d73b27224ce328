package dev.cofferdam.worker.lease;

import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.worker.batching.SequenceId;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Decides whether a lease whose signature holds may be honoured: here, now, and for the first time.
 * Remembers each lease until it expires; bounded. Thread-safe.
 */
public final class LeaseBook {
  /** A decision. */
  public enum Verdict {
    /** To be honoured; it is used up now. */
    HONOURED,
    /** For another worker. */
    OTHER_WORKER,
    /** Of another tenant than the one that this worker is bound to. */
    OTHER_TENANT,
    /** For a model that this worker does not serve. */
    OTHER_MODEL,
    /** Too late. */
    EXPIRED,
    /** Valid for longer than any lease may be. */
    TOO_LONG,
    /** Seen before. */
    REPLAYED,
    /** More leases at once than can be remembered. */
    FULL
  }

  /** Longest life of a lease in milliseconds. */
  public static final long LIFE_MS_MAX = SessionKeys.GRACE_MS;

  private final String workerId;
  private final Optional<TenantId> tenant;
  private final Set<String> models;
  private final int rememberedMax;
  private final Map<SequenceId, Long> seen = new HashMap<>();

  /**
   * @param workerId this worker
   * @param tenant the only tenant that it serves; empty: any
   * @param models the models that it serves
   * @param rememberedMax leases that are remembered at once
   */
  public LeaseBook(
      String workerId, Optional<TenantId> tenant, Set<String> models, int rememberedMax) {
    this.workerId = workerId;
    this.tenant = tenant;
    this.models = Set.copyOf(models);
    this.rememberedMax = rememberedMax;
  }

  /** Decides. */
  public synchronized Verdict present(Lease lease, long nowEpochMs) {
    if (!lease.workerId().equals(workerId)) {
      return Verdict.OTHER_WORKER;
    }
    if (tenant.isPresent() && !tenant.get().equals(lease.tenant())) {
      return Verdict.OTHER_TENANT;
    }
    if (!models.contains(lease.model())) {
      return Verdict.OTHER_MODEL;
    }
    if (lease.expiresEpochMs() <= nowEpochMs) {
      return Verdict.EXPIRED;
    }
    if (lease.expiresEpochMs() > nowEpochMs + LIFE_MS_MAX) {
      return Verdict.TOO_LONG;
    }
    if (seen.containsKey(lease.id())) {
      return Verdict.REPLAYED;
    }
    if (seen.size() >= rememberedMax) {
      seen.values().removeIf(expiry -> expiry <= nowEpochMs);
      if (seen.size() >= rememberedMax) {
        return Verdict.FULL;
      }
    }
    seen.put(lease.id(), lease.expiresEpochMs());
    return Verdict.HONOURED;
  }
}
