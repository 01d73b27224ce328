package dev.cofferdam.metering.focus;

import dev.cofferdam.metering.focus.FocusColumn.Level;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Currency;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Says what in a table is against FOCUS 1.2: mandatory columns, types, nullability, also where it
 * depends on other columns, allowed values, periods, and costs that are not price times quantity.
 */
public final class FocusValidator {
  private static final int FOUND_MAX = 100;
  private static final Pattern NUMBER = Pattern.compile("-?[0-9]+(\\.[0-9]+)?([Ee][+-]?[0-9]+)?");
  private static final Pattern MOMENT =
      Pattern.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z");
  private static final Pattern TEXTS =
      Pattern.compile("\\{(\\s*\"[^\"\\\\]+\"\\s*:\\s*\"[^\"\\\\]*\"\\s*(,(?=\\s*\"))?)*\\s*\\}");

  /** A product of rounded factors may differ in the last digits. */
  private static final BigDecimal TOLERANCE = new BigDecimal("0.000001");

  private final List<String> found = new ArrayList<>();

  private FocusValidator() {}

  /**
   * What is wrong with a table; nothing where it is valid.
   *
   * @param columns its columns
   * @param rows its values by column, null values left out
   */
  public static List<String> validate(List<String> columns, List<Map<String, String>> rows) {
    FocusValidator validator = new FocusValidator();
    validator.columns(columns);
    for (int i = 0; i < rows.size(); i++) {
      validator.row("row " + (i + 1), rows.get(i));
    }
    return validator.found;
  }

  private void columns(List<String> columns) {
    for (FocusColumn column : FocusColumn.values()) {
      if (column.level() == Level.MANDATORY && !columns.contains(column.title())) {
        note("columns", column.title(), "missing");
      }
    }
    for (String title : columns) {
      if (FocusColumn.ofTitle(title).isEmpty() && !title.startsWith("x_")) {
        note("columns", title, "unknown");
      }
      if (columns.indexOf(title) != columns.lastIndexOf(title)) {
        note("columns", title, "more than once");
      }
    }
  }

  private void row(String place, Map<String, String> row) {
    int before = found.size();
    for (FocusColumn column : FocusColumn.values()) {
      String value = row.get(column.title());
      if (value == null) {
        if (!column.nullable()) {
          note(place, column.title(), "null");
        }
      } else {
        value(place, column, value);
      }
    }
    if (found.size() == before) {
      periods(place, row);
      nullability(place, row);
      products(place, row);
    }
  }

  private void value(String place, FocusColumn column, String value) {
    boolean holds =
        switch (column.type()) {
          case STRING -> !value.isBlank() && value.equals(value.strip());
          case DECIMAL -> NUMBER.matcher(value).matches();
          case DATE_TIME -> isMoment(value);
          case CURRENCY -> isCurrency(value);
          case JSON -> TEXTS.matcher(value).matches();
        };
    if (!holds) {
      note(place, column.title(), "not of type " + column.type());
    }
    if (!column.allowed().isEmpty() && !column.allowed().contains(value)) {
      note(place, column.title(), "not an allowed value");
    }
  }

  private static boolean isMoment(String value) {
    try {
      return MOMENT.matcher(value).matches() && Instant.parse(value) != null;
    } catch (DateTimeException e) {
      return false;
    }
  }

  private static boolean isCurrency(String value) {
    return Currency.getAvailableCurrencies().stream()
        .anyMatch(currency -> currency.getCurrencyCode().equals(value));
  }

  private void periods(String place, Map<String, String> row) {
    ordered(place, row, FocusColumn.BILLING_PERIOD_START, FocusColumn.BILLING_PERIOD_END);
    ordered(place, row, FocusColumn.CHARGE_PERIOD_START, FocusColumn.CHARGE_PERIOD_END);
  }

  private void ordered(String place, Map<String, String> row, FocusColumn start, FocusColumn end) {
    String from = row.getOrDefault(start.title(), "");
    if (from.compareTo(row.getOrDefault(end.title(), "")) >= 0) {
      note(place, end.title(), "not after " + start.title());
    }
  }

  private void nullability(String place, Map<String, String> row) {
    String category = row.getOrDefault(FocusColumn.CHARGE_CATEGORY.title(), "");
    boolean correction = row.containsKey(FocusColumn.CHARGE_CLASS.title());
    boolean priced = (category.equals("Usage") || category.equals("Purchase")) && !correction;
    for (FocusColumn column :
        List.of(
            FocusColumn.PRICING_QUANTITY,
            FocusColumn.PRICING_UNIT,
            FocusColumn.PRICING_CATEGORY,
            FocusColumn.LIST_UNIT_PRICE,
            FocusColumn.CONTRACTED_UNIT_PRICE,
            FocusColumn.SKU_ID,
            FocusColumn.SKU_PRICE_ID)) {
      if (priced && !row.containsKey(column.title())) {
        note(place, column.title(), "null for " + category);
      }
      if (category.equals("Tax") && row.containsKey(column.title())) {
        note(place, column.title(), "not null for Tax");
      }
    }
    if (category.equals("Usage")
        && !correction
        && !row.containsKey(FocusColumn.CONSUMED_QUANTITY.title())) {
      note(place, FocusColumn.CONSUMED_QUANTITY.title(), "null for Usage");
    }
    if (!category.equals("Usage") && row.containsKey(FocusColumn.CONSUMED_QUANTITY.title())) {
      note(place, FocusColumn.CONSUMED_QUANTITY.title(), "not null for " + category);
    }
    together(place, row, FocusColumn.CONSUMED_QUANTITY, FocusColumn.CONSUMED_UNIT);
    together(place, row, FocusColumn.PRICING_QUANTITY, FocusColumn.PRICING_UNIT);
    together(place, row, FocusColumn.RESOURCE_ID, FocusColumn.RESOURCE_TYPE);
    if (category.equals("Purchase")
        && "Usage-Based".equals(row.get(FocusColumn.CHARGE_FREQUENCY.title()))) {
      note(place, FocusColumn.CHARGE_FREQUENCY.title(), "Usage-Based for Purchase");
    }
  }

  private void together(String place, Map<String, String> row, FocusColumn one, FocusColumn other) {
    if (row.containsKey(one.title()) != row.containsKey(other.title())) {
      note(place, other.title(), "null where " + one.title() + " is not, or the other way round");
    }
  }

  private void products(String place, Map<String, String> row) {
    if (row.containsKey(FocusColumn.CHARGE_CLASS.title())) {
      return;
    }
    product(place, row, FocusColumn.LIST_UNIT_PRICE, FocusColumn.LIST_COST);
    product(place, row, FocusColumn.CONTRACTED_UNIT_PRICE, FocusColumn.CONTRACTED_COST);
  }

  private void product(String place, Map<String, String> row, FocusColumn price, FocusColumn cost) {
    Optional<BigDecimal> unit = number(row, price);
    Optional<BigDecimal> quantity = number(row, FocusColumn.PRICING_QUANTITY);
    if (unit.isPresent() && quantity.isPresent()) {
      BigDecimal difference =
          unit.get().multiply(quantity.get()).subtract(number(row, cost).orElseThrow()).abs();
      if (difference.compareTo(TOLERANCE) > 0) {
        note(place, cost.title(), "not " + price.title() + " times PricingQuantity");
      }
    }
  }

  private static Optional<BigDecimal> number(Map<String, String> row, FocusColumn column) {
    return Optional.ofNullable(row.get(column.title())).map(BigDecimal::new);
  }

  private void note(String place, String column, String what) {
    if (found.size() < FOUND_MAX) {
      found.add(place + ", " + column + ": " + what);
    }
  }
}
