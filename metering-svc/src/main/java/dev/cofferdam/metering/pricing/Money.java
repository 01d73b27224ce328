package dev.cofferdam.metering.pricing;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Currency;

/**
 * Amounts of money. All are decimal with {@value #SCALE} digits after the point. An amount that is
 * computed from use and price is rounded once, half to even; sums are exact; what is due is a sum
 * rounded once, half to even, to the least coin of its currency.
 */
public final class Money {
  /** Digits after the point of each amount. */
  public static final int SCALE = 6;

  /** Nothing. */
  public static final BigDecimal ZERO = BigDecimal.ZERO.setScale(SCALE);

  private static final RoundingMode ROUNDING = RoundingMode.HALF_EVEN;

  private Money() {}

  /** Millionths as an amount. */
  public static BigDecimal ofMicros(long micros) {
    return BigDecimal.valueOf(micros, SCALE);
  }

  /** What units cost at a price of millionths for as many as the meter says. */
  public static BigDecimal of(long units, long priceMicros, Meter meter) {
    return quotient(
        BigInteger.valueOf(units).multiply(BigInteger.valueOf(priceMicros)),
        BigInteger.valueOf(meter.unitsPerPrice()));
  }

  /** What units cost, with as many digits after the point: for parts of what is rounded whole. */
  public static BigDecimal precisely(long units, long priceMicros, Meter meter, int scale) {
    return BigDecimal.valueOf(units)
        .multiply(ofMicros(priceMicros))
        .divide(BigDecimal.valueOf(meter.unitsPerPrice()), scale, ROUNDING);
  }

  /** A quotient of millionths. */
  public static BigDecimal quotient(BigInteger micros, BigInteger divisor) {
    return new BigDecimal(
        new BigDecimal(micros).divide(new BigDecimal(divisor), 0, ROUNDING).unscaledValue(), SCALE);
  }

  /** What is to be paid of a sum. */
  public static BigDecimal due(BigDecimal sum, String currency) {
    int digits = Math.clamp(Currency.getInstance(currency).getDefaultFractionDigits(), 0, SCALE);
    return sum.setScale(digits, ROUNDING);
  }
}
