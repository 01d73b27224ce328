package dev.cofferdam.metering.budget;

import dev.cofferdam.vocabulary.TenantId;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;

/** Tells the gateway and the audit log. What it takes is told even if this process dies. */
public interface Teller {
  /** A mark was passed: once for its period. */
  void alert(Mark mark, Instant now);

  /**
   * What the ledger says of a tenant; said again whenever it changes.
   *
   * @param marks what of its budgets is passed
   * @return whether it was taken; what was not is to be said again
   */
  boolean state(TenantId tenant, LocalDate day, Spent spent, List<Mark> marks, Instant now);
}
