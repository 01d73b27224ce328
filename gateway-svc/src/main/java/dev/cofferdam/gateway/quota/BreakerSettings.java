package dev.cofferdam.gateway.quota;

/**
 * When a tenant has to pause.
 *
 * @param refusals refusals in a row that open its breaker
 * @param errors broken requests in a row that do
 * @param windowMs a longer gap between two of them ends the row
 * @param pauseMsFirst first pause; each that follows without a success between is twice as long
 * @param pauseMsMax longest pause
 */
public record BreakerSettings(
    int refusals, int errors, long windowMs, long pauseMsFirst, long pauseMsMax) {
  /** 100 refusals or 20 errors in a row, none more than 10 s apart; pauses of 0.1 s to 5 s. */
  public static final BreakerSettings DEFAULTS = new BreakerSettings(100, 20, 10_000, 100, 5_000);

  /**
   * @throws IllegalArgumentException where a value is not positive, or the first pause is longer
   *     than the longest
   */
  public BreakerSettings {
    if (refusals < 1
        || errors < 1
        || windowMs < 1
        || pauseMsFirst < 1
        || pauseMsMax < pauseMsFirst) {
      throw new IllegalArgumentException(
          "breaker: "
              + refusals
              + " refusals, "
              + errors
              + " errors, "
              + windowMs
              + " ms, pauses of "
              + pauseMsFirst
              + " to "
              + pauseMsMax
              + " ms (expected: > 0, ascending)");
    }
  }
}
