package dev.cofferdam.verification.shares;

import dev.cofferdam.scheduler.preemption.PreemptionRules;
import java.util.Locale;

/** How tenants share the workers. */
public enum Policy {
  /** First come, first served. */
  FIFO("first come, first served"),
  /** First come, first served, behind a bound of each tenant's requests per second. */
  RATE_LIMITS("rate limits only"),
  /** Fair queuing, equal weights. */
  FAIR_1_1("fair 1:1"),
  /** Fair queuing, A's weight twice that of B. */
  FAIR_2_1("fair 2:1"),
  /** Each tenant has half of the workers to itself. */
  DEDICATED("dedicated");

  private final String label;

  Policy(String label) {
    this.label = label;
  }

  /** For people. */
  public String label() {
    return label;
  }

  /** For files. */
  public String fileName() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  boolean fair() {
    return this == FAIR_1_1 || this == FAIR_2_1;
  }

  double weightOf(String tenant) {
    return this == FAIR_2_1 && tenant.equals("A") ? 2 : 1;
  }

  PreemptionRules preemption() {
    return fair() ? PreemptionRules.DEFAULT : PreemptionRules.NEVER;
  }
}
