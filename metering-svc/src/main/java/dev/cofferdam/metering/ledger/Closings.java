package dev.cofferdam.metering.ledger;

import dev.cofferdam.mesh.store.StoreUnavailableException;
import java.time.Instant;

/**
 * Which hours are closed. The sums of a closed hour never change: what comes late is booked in the
 * first open hour, and stands there as a correction of its own. So every event stands in the books
 * of exactly one hour, and what the books of a closed hour, day or month say is final.
 */
public interface Closings {
  /**
   * The start of the first open hour; all before are closed.
   *
   * @throws StoreUnavailableException where the store is away
   */
  Instant closedBefore();

  /**
   * Closes the hours before a time, for good.
   *
   * @param hour start of the hour that shall be the first open one
   * @return false where that changes nothing: they are closed already
   * @throws StoreUnavailableException where the store is away
   */
  boolean close(Instant hour);
}
