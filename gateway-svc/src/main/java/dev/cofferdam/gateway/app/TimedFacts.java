package dev.cofferdam.gateway.app;

import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.facts.AuditFacts;
import dev.cofferdam.gateway.facts.ContentHash;
import dev.cofferdam.gateway.facts.DeadLetter;
import dev.cofferdam.vocabulary.TenantId;
import io.micrometer.core.instrument.Counter;
import java.util.function.LongSupplier;

/** Facts for the audit log, timed: until the spool has them, on the thread that writes the disk. */
final class TimedFacts implements AuditFacts {
  private static final double NS_PER_S = 1e9;

  private final AuditFacts facts;
  private final Counter seconds;
  private final LongSupplier nanoTime;

  TimedFacts(AuditFacts facts, Counter seconds, LongSupplier nanoTime) {
    this.facts = facts;
    this.seconds = seconds;
    this.nanoTime = nanoTime;
  }

  @Override
  public void record(AuditFact fact) {
    long begun = nanoTime.getAsLong();
    try {
      facts.record(fact);
    } finally {
      seconds.increment((nanoTime.getAsLong() - begun) / NS_PER_S);
    }
  }

  @Override
  public void deadLetter(DeadLetter letter) {
    facts.deadLetter(letter);
  }

  @Override
  public boolean accepting() {
    return facts.accepting();
  }

  @Override
  public ContentHash contentHash(TenantId tenant) {
    return facts.contentHash(tenant);
  }
}
