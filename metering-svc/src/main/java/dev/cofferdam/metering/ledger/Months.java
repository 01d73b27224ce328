package dev.cofferdam.metering.ledger;

import dev.cofferdam.mesh.store.StoreUnavailableException;
import java.time.YearMonth;

/** The ledger's partitions, one for each UTC month in which events ended. */
public interface Months {
  /**
   * Makes a month's partitions where they are missing.
   *
   * @throws StoreUnavailableException where the store is away
   */
  void ensure(YearMonth month);

  /**
   * Takes the partitions of earlier months out of the ledger, where their hours are closed. They
   * stay in the store as tables of their own. Sums by day and month stay.
   *
   * @param first the first month that stays
   * @return how many months were taken out
   * @throws StoreUnavailableException where the store is away
   */
  int detachBefore(YearMonth first);
}
