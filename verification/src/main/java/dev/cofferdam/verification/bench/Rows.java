package dev.cofferdam.verification.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/** Figures, each beside its baseline: printed as a table, kept as JSON. */
public final class Rows {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final ArrayNode rows = JSON.createArrayNode();

  /** Prints the table's head. */
  public void head() {
    System.out.printf(
        Locale.ROOT, "%-44s %12s %10s %12s %8s%n", "metric", "value", "unit", "baseline", "ratio");
  }

  /**
   * Adds and prints a figure.
   *
   * @param baseline NaN where there is none
   */
  public void row(String metric, double value, String unit, double baseline) {
    double ratio = value / baseline;
    System.out.printf(
        Locale.ROOT,
        "%-44s %12.3f %10s %12s %8s%n",
        metric,
        value,
        unit,
        text(baseline),
        text(ratio));
    var row = rows.addObject().put("metric", metric).put("value", value).put("unit", unit);
    if (Double.isNaN(baseline)) {
      row.putNull("baseline").putNull("ratio");
    } else {
      row.put("baseline", baseline).put("ratio", ratio);
    }
  }

  private static String text(double value) {
    return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.3f", value);
  }

  /** The middle one of some figures. */
  public static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  /** Writes all figures. */
  public void write(Path file) throws IOException {
    Files.createDirectories(file.toAbsolutePath().getParent());
    JSON.writerWithDefaultPrettyPrinter().writeValue(file.toFile(), rows);
  }

  /** Writes all figures behind those of a file. */
  public void append(Path file) throws IOException {
    ArrayNode all = JSON.createArrayNode();
    if (Files.exists(file)) {
      for (JsonNode row : JSON.readTree(file.toFile())) {
        all.add(row);
      }
    }
    JSON.writerWithDefaultPrettyPrinter().writeValue(file.toFile(), all.addAll(rows));
  }
}
