package dev.cofferdam.metering.usage;

import dev.cofferdam.vocabulary.TenantId;

/**
 * For whom an attempt gave way. Apart from the event, which its tenant may read: another tenant's
 * name is for operators.
 *
 * @param by whose request took the place
 * @param times how often
 */
public record Preemption(TenantId by, int times) {
  /**
   * @throws IllegalArgumentException where there are none
   */
  public Preemption {
    if (times < 1) {
      throw new IllegalArgumentException("preempted_by: expected 1 or more");
    }
  }
}
