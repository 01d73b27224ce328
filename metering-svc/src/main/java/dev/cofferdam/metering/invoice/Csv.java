package dev.cofferdam.metering.invoice;

import java.util.List;
import java.util.stream.Collectors;

/**
 * Rows of comma-separated values (RFC 4180). A value that a spreadsheet would take for a formula
 * gets an apostrophe in front.
 */
public final class Csv {
  private static final String FORMULA = "=+-@\t\r";

  private Csv() {}

  /** One row with its end. */
  public static String row(List<String> values) {
    return values.stream().map(Csv::field).collect(Collectors.joining(",")) + "\r\n";
  }

  private static String field(String value) {
    String safe =
        !value.isEmpty() && FORMULA.indexOf(value.charAt(0)) >= 0 && !isNumber(value)
            ? "'" + value
            : value;
    return safe.chars().anyMatch(c -> c == ',' || c == '"' || c == '\r' || c == '\n')
        ? "\"" + safe.replace("\"", "\"\"") + "\""
        : safe;
  }

  private static boolean isNumber(String value) {
    return value.matches("-?[0-9]+(\\.[0-9]+)?");
  }
}
