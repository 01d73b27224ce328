package dev.cofferdam.audit.retention;

import dev.cofferdam.vocabulary.TenantId;
import java.time.Instant;

/**
 * Data keys that were destroyed.
 *
 * @param id its number
 * @param tenant whose records they sealed
 * @param kind why
 * @param keys how many
 * @param treeSize size of the log then
 * @param actor who did it
 * @param reason in words
 * @param at when
 */
public record Erasure(
    long id,
    TenantId tenant,
    Kind kind,
    int keys,
    long treeSize,
    String actor,
    String reason,
    Instant at) {
  /** Why something is erased. */
  public enum Kind {
    /** An operator was asked to: every record of the tenant. */
    REQUEST,
    /** Its time is over: the records under keys that were retired long enough ago. */
    RETENTION
  }
}
