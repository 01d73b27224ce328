package dev.cofferdam.gateway.facts;

import dev.cofferdam.vocabulary.TenantId;

/** Where facts for the audit log go. */
public interface AuditFacts {
  /**
   * Takes a fact to keep; never blocks on the network.
   *
   * @throws dev.cofferdam.vocabulary.RefusedException AUDIT_UNAVAILABLE where it cannot be kept
   */
  void record(AuditFact fact);

  /**
   * Tells operators of a request that breaks workers; never blocks on the network.
   *
   * @throws dev.cofferdam.vocabulary.RefusedException AUDIT_UNAVAILABLE where it cannot be kept
   */
  void deadLetter(DeadLetter letter);

  /** Whether facts can be kept right now. */
  boolean accepting();

  /** A hash of content under a tenant's audit key. */
  ContentHash contentHash(TenantId tenant);
}
