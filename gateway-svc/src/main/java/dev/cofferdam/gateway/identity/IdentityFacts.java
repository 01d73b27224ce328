package dev.cofferdam.gateway.identity;

import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.facts.AuditFacts;
import dev.cofferdam.vocabulary.RefusedException;
import java.time.InstantSource;
import java.util.concurrent.atomic.LongAdder;

/**
 * Records what the authenticator refused. Anybody can fail to authenticate as often as they like,
 * so at most a number of refusals a second is recorded, and the next recorded one tells how many
 * were not. Violations come from proven tenants, and every one is recorded.
 */
public final class IdentityFacts {
  private final AuditFacts facts;
  private final int perSecondMax;
  private final InstantSource clock;
  private final LongAdder refusals = new LongAdder();
  private final LongAdder violations = new LongAdder();
  private final LongAdder lost = new LongAdder();
  private long second;
  private int recordedInSecond;
  private long suppressed;

  /**
   * @param perSecondMax refusals that are recorded in a second
   */
  public IdentityFacts(AuditFacts facts, int perSecondMax, InstantSource clock) {
    if (perSecondMax < 1) {
      throw new IllegalArgumentException("per_second_max: " + perSecondMax + " (expected: > 0)");
    }
    this.facts = facts;
    this.perSecondMax = perSecondMax;
    this.clock = clock;
  }

  /** Requests that were refused without crossing a border. */
  public long refusals() {
    return refusals.sum();
  }

  /** Attempts to cross a tenant's border. */
  public long violations() {
    return violations.sum();
  }

  /** Facts that nobody could keep. */
  public long lost() {
    return lost.sum();
  }

  void refusal(AuditFact fact) {
    refusals.increment();
    long before = admitted();
    if (before >= 0) {
      keep(before == 0 ? fact : withSuppressed(fact, before));
    }
  }

  void violation(AuditFact fact) {
    violations.increment();
    keep(fact);
  }

  /** How many were suppressed before this one; negative where this one is, too. */
  private synchronized long admitted() {
    long now = clock.instant().getEpochSecond();
    if (now != second) {
      second = now;
      recordedInSecond = 0;
    }
    if (recordedInSecond >= perSecondMax) {
      suppressed++;
      return -1;
    }
    recordedInSecond++;
    long before = suppressed;
    suppressed = 0;
    return before;
  }

  /** The request is refused whether or not the fact can be kept. */
  private void keep(AuditFact fact) {
    try {
      facts.record(fact);
    } catch (RefusedException e) {
      lost.increment();
    }
  }

  private static AuditFact withSuppressed(AuditFact fact, long suppressed) {
    return new AuditFact(
        fact.requestId(),
        fact.tenant(),
        fact.tier(),
        fact.actor(),
        fact.sourceIp(),
        fact.operation(),
        fact.severity(),
        fact.outcome(),
        fact.code(),
        fact.detail() + "; " + suppressed + " like it were not recorded",
        fact.generation());
  }
}
