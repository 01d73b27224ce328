package dev.cofferdam.gateway.quota;

import java.time.LocalDate;
import java.time.temporal.ChronoField;
import java.util.concurrent.TimeUnit;

/**
 * What a tenant has spent of its budgets, and what requests in flight hold of them. Days and months
 * are UTC's.
 *
 * @param day days since the epoch
 * @param dayTokens input and output tokens of that day
 * @param dayMicros money of that day, in millionths of the currency
 * @param month months since the year 0
 * @param monthTokens input and output tokens of that month
 * @param monthMicros money of that month
 * @param heldTokens reserved by requests in flight, beside what is spent
 * @param heldMicros the same in money
 */
public record Spent(
    long day,
    long dayTokens,
    long dayMicros,
    long month,
    long monthTokens,
    long monthMicros,
    long heldTokens,
    long heldMicros) {
  /** Nothing, ever. */
  public static final Spent NOTHING = new Spent(0, 0, 0, 0, 0, 0, 0, 0);

  /** What of this counts at a time: a new day or month begins with nothing. */
  public Spent at(long nowMs) {
    long today = Math.max(day, Math.floorDiv(nowMs, TimeUnit.DAYS.toMillis(1)));
    if (today == day) {
      return this;
    }
    long thisMonth = LocalDate.ofEpochDay(today).getLong(ChronoField.PROLEPTIC_MONTH);
    boolean sameMonth = thisMonth == month;
    return new Spent(
        today,
        0,
        0,
        thisMonth,
        sameMonth ? monthTokens : 0,
        sameMonth ? monthMicros : 0,
        heldTokens,
        heldMicros);
  }

  /** Milliseconds until the next day. */
  public long dayResetMs(long nowMs) {
    return Math.max(0, TimeUnit.DAYS.toMillis(day + 1) - nowMs);
  }

  /** Milliseconds until the next month. */
  public long monthResetMs(long nowMs) {
    LocalDate next = LocalDate.EPOCH.with(ChronoField.PROLEPTIC_MONTH, month + 1);
    return Math.max(0, TimeUnit.DAYS.toMillis(next.toEpochDay()) - nowMs);
  }
}
