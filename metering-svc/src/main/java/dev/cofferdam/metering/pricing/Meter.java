package dev.cofferdam.metering.pricing;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.Optional;

/**
 * What is metered for money. Use is counted in whole units, so that sums are exact; a price is for
 * many of them.
 */
public enum Meter {
  /** Input tokens that the prefix cache did not hold, each of them. */
  INPUT_TOKENS(1, 1_000_000, "Tokens", "1M Tokens"),
  /** Input tokens that it did hold. */
  CACHED_INPUT_TOKENS(1, 1_000_000, "Tokens", "1M Tokens"),
  /** Output tokens. */
  OUTPUT_TOKENS(1, 1_000_000, "Tokens", "1M Tokens"),
  /** Requests. */
  REQUESTS(1, 1_000, "Requests", "1000 Requests"),
  /** Computing, in microseconds. */
  GPU_SECONDS(1_000_000, 3_600, "Seconds", "Hours"),
  /** Adapters that are kept, for each hour. */
  ADAPTER_HOURS(1, 1, "Adapter-Hours", "Adapter-Hours"),
  /** What is kept, in bytes for an hour. */
  STORAGE_GIB_HOURS(1L << 30, 1, "GiB-Hours", "GiB-Hours");

  private final long unitsPerQuantity;
  private final long quantityPerPrice;
  private final String quantityUnit;
  private final String priceUnit;

  Meter(long unitsPerQuantity, long quantityPerPrice, String quantityUnit, String priceUnit) {
    this.unitsPerQuantity = unitsPerQuantity;
    this.quantityPerPrice = quantityPerPrice;
    this.quantityUnit = quantityUnit;
    this.priceUnit = priceUnit;
  }

  /** Units that are counted in one of what people read: microseconds in a second. */
  public long unitsPerQuantity() {
    return unitsPerQuantity;
  }

  /** Units that a price is for. */
  public long unitsPerPrice() {
    return Math.multiplyExact(unitsPerQuantity, quantityPerPrice);
  }

  /** Units as what people read, exactly. */
  public BigDecimal quantity(long units) {
    return BigDecimal.valueOf(units)
        .divide(BigDecimal.valueOf(unitsPerQuantity))
        .stripTrailingZeros();
  }

  /** What people read, such as "Seconds". */
  public String quantityUnit() {
    return quantityUnit;
  }

  /** What a price is for, such as "1M Tokens". */
  public String priceUnit() {
    return priceUnit;
  }

  /** Name in documents. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The meter of a name. */
  public static Optional<Meter> ofLabel(String label) {
    for (Meter meter : values()) {
      if (meter.label().equals(label)) {
        return Optional.of(meter);
      }
    }
    return Optional.empty();
  }
}
