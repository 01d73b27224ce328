package dev.cofferdam.gateway.ingress.openai;

import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.facts.AuditFacts;
import dev.cofferdam.gateway.facts.ContentHash;
import dev.cofferdam.gateway.facts.DeadLetter;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.TenantId;

/**
 * Facts of a line that has waited: that it is refused again and waits on is nothing new, and would
 * fill the audit log.
 */
final class FactsOfWaiting implements AuditFacts {
  private final AuditFacts facts;

  FactsOfWaiting(AuditFacts facts) {
    this.facts = facts;
  }

  @Override
  public void record(AuditFact fact) {
    boolean waitsOn =
        fact.outcome() == AuditFact.Outcome.REFUSED
            && ErrorCode.ofWireName(fact.code()).filter(OpenAiLines::waits).isPresent();
    if (!waitsOn) {
      facts.record(fact);
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
