package dev.cofferdam.metering.invoice;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Optional;

/**
 * UTC days.
 *
 * @param from the first
 * @param to the one after the last
 */
public record Days(LocalDate from, LocalDate to) {
  private static final int YEAR_LEAST = 2020;
  private static final int YEAR_MOST = 9998;

  public Days {
    if (!from.isBefore(to)) {
      throw new IllegalArgumentException("days: expected at least one");
    }
  }

  /** Days from texts such as "2026-03-01"; empty where they are none. */
  public static Optional<Days> parse(String from, String to) {
    try {
      LocalDate first = LocalDate.parse(from);
      LocalDate end = LocalDate.parse(to);
      return first.isBefore(end) && first.getYear() >= YEAR_LEAST && end.getYear() <= YEAR_MOST
          ? Optional.of(new Days(first, end))
          : Optional.empty();
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  /** The beginning of the first day. */
  public Instant start() {
    return from.atStartOfDay(ZoneOffset.UTC).toInstant();
  }

  /** The end of the last day. */
  public Instant end() {
    return to.atStartOfDay(ZoneOffset.UTC).toInstant();
  }

  /** Whether a day is among both. */
  public boolean overlaps(Days other) {
    return from.isBefore(other.to) && other.from.isBefore(to);
  }
}
