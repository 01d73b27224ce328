package dev.cofferdam.metering.pricing;

import java.util.List;

/**
 * One step of a graduated price.
 *
 * @param above units of the billing period beyond which it is the price
 * @param micros millionths of the currency for as many units as the meter says
 */
public record Step(long above, long micros) {
  /** The price of what nobody has priced. */
  static final List<Step> FREE = List.of(new Step(0, 0));

  public Step {
    if (above < 0 || micros < 0) {
      throw new IllegalArgumentException("a step: expected 0 or more");
    }
  }
}
