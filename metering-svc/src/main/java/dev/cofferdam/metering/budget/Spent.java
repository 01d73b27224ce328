package dev.cofferdam.metering.budget;

/**
 * What a tenant has spent of a UTC day and of its month, by the ledger.
 *
 * @param dayTokens input and output tokens of the day
 * @param dayMicros money of the day, in millionths of the currency
 * @param monthTokens input and output tokens of the month
 * @param monthMicros money of the month
 */
public record Spent(long dayTokens, long dayMicros, long monthTokens, long monthMicros) {
  /** Nothing. */
  public static final Spent NOTHING = new Spent(0, 0, 0, 0);
}
