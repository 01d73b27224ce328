package dev.cofferdam.metering.focus;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/**
 * One row of an export: decimals, moments and texts by column. What is missing is null in the
 * export.
 */
public final class FocusRow {
  private final Map<FocusColumn, Object> values = new EnumMap<>(FocusColumn.class);

  FocusRow set(FocusColumn column, String value) {
    if (!value.isEmpty()) {
      values.put(column, value);
    }
    return this;
  }

  FocusRow set(FocusColumn column, BigDecimal value) {
    values.put(column, value);
    return this;
  }

  FocusRow set(FocusColumn column, Instant value) {
    values.put(column, value);
    return this;
  }

  /** The value of a column: a {@link BigDecimal}, an {@link Instant} or a text. */
  public Optional<Object> value(FocusColumn column) {
    return Optional.ofNullable(values.get(column));
  }

  /** The text of a value: plain decimals, moments with "Z"; empty for null. */
  public String text(FocusColumn column) {
    return switch (values.get(column)) {
      case null -> "";
      case BigDecimal decimal -> decimal.toPlainString();
      case Object other -> other.toString();
    };
  }
}
