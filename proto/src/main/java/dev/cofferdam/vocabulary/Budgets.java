package dev.cofferdam.vocabulary;

import java.util.OptionalLong;

/**
 * What a tenant may spend in a UTC day and a UTC month, beside its limits of a minute. Money is in
 * millionths of the rate card's currency.
 *
 * @param dailyTokens input and output tokens of a day
 * @param monthlyTokens input and output tokens of a month
 * @param dailyMicros money of a day
 * @param monthlyMicros money of a month
 * @param hardStop whether requests are refused where a budget is spent; else there are alerts only
 * @param rateCard id of the rate card by which money is counted
 */
public record Budgets(
    OptionalLong dailyTokens,
    OptionalLong monthlyTokens,
    OptionalLong dailyMicros,
    OptionalLong monthlyMicros,
    boolean hardStop,
    String rateCard) {
  /** The rate card of tenants that name none. */
  public static final String DEFAULT_RATE_CARD = "default";

  /** No budget. */
  public static final Budgets NONE =
      new Budgets(
          OptionalLong.empty(),
          OptionalLong.empty(),
          OptionalLong.empty(),
          OptionalLong.empty(),
          false,
          DEFAULT_RATE_CARD);

  /** Whether there is one. */
  public boolean any() {
    return dailyTokens.isPresent()
        || monthlyTokens.isPresent()
        || dailyMicros.isPresent()
        || monthlyMicros.isPresent();
  }

  /**
   * Budgets of tokens alone that stop.
   *
   * @param daily tokens of a day
   * @param monthly tokens of a month
   */
  public static Budgets stoppingAt(long daily, long monthly) {
    return new Budgets(
        OptionalLong.of(daily),
        OptionalLong.of(monthly),
        OptionalLong.empty(),
        OptionalLong.empty(),
        true,
        DEFAULT_RATE_CARD);
  }
}
