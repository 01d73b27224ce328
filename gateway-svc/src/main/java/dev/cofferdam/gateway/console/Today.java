package dev.cofferdam.gateway.console;

import dev.cofferdam.proto.metering.v1.Period;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;

/**
 * A day and its month, in UTC as budgets have them.
 *
 * @param day the day
 */
record Today(LocalDate day) {
  static Today at(Instant now) {
    return new Today(LocalDate.ofInstant(now, ZoneOffset.UTC));
  }

  LocalDate firstOfMonth() {
    return day.withDayOfMonth(1);
  }

  LocalDate next() {
    return day.plusDays(1);
  }

  /** Of the sums that are asked for. */
  Period grain() {
    return Period.PERIOD_DAY;
  }

  long monthMs() {
    return ms(firstOfMonth());
  }

  long dayMs() {
    return ms(day);
  }

  long endMs() {
    return ms(next());
  }

  private static long ms(LocalDate date) {
    return date.atStartOfDay(ZoneOffset.UTC).toInstant().toEpochMilli();
  }
}
