package dev.cofferdam.load.report;

import dev.cofferdam.mesh.web.Page.Cell;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** Figures as cells of a page's tables. */
final class Cells {
  private Cells() {}

  /** Rows whose first cell says of what the others are figures. */
  static List<List<Cell>> of(List<List<String>> rows) {
    return rows.stream().map(Cells::row).toList();
  }

  private static List<Cell> row(List<String> texts) {
    return IntStream.range(0, texts.size())
        .mapToObj(i -> i == 0 ? Cell.of(texts.get(i)) : Cell.number(texts.get(i)))
        .toList();
  }

  /** A number with as many digits as are of use. */
  static String number(double value) {
    if (Double.isNaN(value)) {
      return "-";
    }
    double size = Math.abs(value);
    if (value == Math.rint(value) && size < 1e15) {
      return Long.toString((long) value);
    }
    return String.format(Locale.ROOT, size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : "%.2f", value);
  }
}
