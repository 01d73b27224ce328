package dev.cofferdam.metering.ledger;

import dev.cofferdam.metering.usage.UsageEvent;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * An event as it stands in the ledger.
 *
 * @param event what is billed: input that another attempt of the request pays for is taken off
 * @param at start of the hour in whose books it stands: its own, or the first that was open
 */
public record Booked(UsageEvent event, Instant at) {
  /** Whether its own hour was closed when it came. */
  public boolean isCorrection() {
    return at.isAfter(event.ended().truncatedTo(ChronoUnit.HOURS));
  }
}
