package dev.cofferdam.metering.ledger;

import dev.cofferdam.metering.usage.UsageEvent;
import java.util.List;
import java.util.Optional;

/**
 * One page of events.
 *
 * @param events the events, newest first
 * @param next where the next page starts; empty: there is none
 */
public record UsagePage(List<UsageEvent> events, Optional<UsageViews.Position> next) {
  public UsagePage {
    events = List.copyOf(events);
  }
}
