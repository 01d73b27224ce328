package dev.cofferdam.gateway.facts;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.TenantId;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/** Audit facts in memory, for tests. */
public final class RecordedFacts implements AuditFacts {
  private final List<AuditFact> facts = new CopyOnWriteArrayList<>();
  private final List<DeadLetter> deadLetters = new ArrayList<>();
  private final AuditKeys keys = new AuditKeys(new byte[32]);
  private boolean accepting = true;

  /** What was recorded. */
  public List<AuditFact> facts() {
    return facts;
  }

  /**
   * What was recorded, once there are so many: another thread keeps facts than that which answers.
   */
  public List<AuditFact> await(int count) throws InterruptedException {
    while (facts.size() < count) {
      TimeUnit.MILLISECONDS.sleep(5);
    }
    return facts;
  }

  /** The last that was recorded. */
  public AuditFact last() {
    return facts.getLast();
  }

  /** Takes no more, as a full spool does. */
  public void fill() {
    accepting = false;
  }

  @Override
  public void record(AuditFact fact) {
    if (!accepting) {
      throw Refusal.of(ErrorCode.AUDIT_UNAVAILABLE, "full").asException();
    }
    facts.add(fact);
  }

  /** Dead letters. */
  public List<DeadLetter> deadLetters() {
    return deadLetters;
  }

  @Override
  public void deadLetter(DeadLetter letter) {
    deadLetters.add(letter);
  }

  @Override
  public boolean accepting() {
    return accepting;
  }

  @Override
  public ContentHash contentHash(TenantId tenant) {
    return keys.contentHash(tenant);
  }
}
