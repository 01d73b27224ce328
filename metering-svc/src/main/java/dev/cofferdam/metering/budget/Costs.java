package dev.cofferdam.metering.budget;

import dev.cofferdam.metering.ledger.Rollup;
import dev.cofferdam.vocabulary.TenantId;
import java.time.LocalDate;
import java.util.List;

/** What use costs. */
public interface Costs {
  /**
   * Money of a day and of its month.
   *
   * @param dayMicros of the day, in millionths of the currency
   * @param monthMicros of the month up to and with that day
   */
  record Cost(long dayMicros, long monthMicros) {}

  /**
   * The cost of a tenant's use by its rate card; nothing where it has none.
   *
   * @param hours sums of the month's hours, in the order of time
   */
  Cost of(TenantId tenant, List<Rollup> hours, LocalDate day);
}
