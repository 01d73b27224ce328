package dev.cofferdam.metering.pricing;

import java.time.Instant;
import java.util.List;

/**
 * Prices in the order of their beginnings. A moment has those that began last; before the first
 * there are those of the first.
 *
 * @param id name
 * @param revision number of its changes
 * @param currency ISO 4217
 * @param versions at least one
 */
public record RateCard(String id, long revision, String currency, List<Prices> versions) {
  public RateCard {
    versions = List.copyOf(versions);
    if (versions.isEmpty()) {
      throw new IllegalArgumentException("versions: expected at least one");
    }
    for (int i = 1; i < versions.size(); i++) {
      if (!versions.get(i).effective().isAfter(versions.get(i - 1).effective())) {
        throw new IllegalArgumentException("versions: expected in the order of their beginnings");
      }
    }
  }

  /** The prices of a moment. */
  public Prices at(Instant moment) {
    for (int i = versions.size() - 1; i > 0; i--) {
      if (!versions.get(i).effective().isAfter(moment)) {
        return versions.get(i);
      }
    }
    return versions.getFirst();
  }
}
