package dev.cofferdam.metering.focus;

import dev.cofferdam.metering.invoice.Csv;
import java.util.Arrays;
import java.util.List;

/** FOCUS exports as comma-separated values; null is nothing between two commas. */
public final class FocusCsv {
  private FocusCsv() {}

  /** The names of the columns. */
  public static String header() {
    return Csv.row(Arrays.stream(FocusColumn.values()).map(FocusColumn::title).toList());
  }

  /** One row. */
  public static String row(FocusRow row) {
    List<String> values = Arrays.stream(FocusColumn.values()).map(row::text).toList();
    return Csv.row(values);
  }
}
