package dev.cofferdam.mesh.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a benchmark measured: a table for people, a JSON list for programs. */
public final class BenchResults {
  private final List<Row> rows = new ArrayList<>();

  /**
   * One measured value.
   *
   * @param metric what
   * @param value how much
   * @param unit in what
   * @param baseline the same unit, measured in the same run by the plainest way; 0: there is none
   */
  private record Row(String metric, double value, String unit, double baseline) {
    double ratio() {
      return baseline == 0 ? 0 : value / baseline;
    }

    private String jsonBegin() {
      return "{\"metric\": \"" + metric + "\",";
    }

    private String json() {
      return String.format(
          Locale.ROOT,
          "%s \"value\": %.3f, \"unit\": \"%s\", \"baseline\": %s, \"ratio\": %s}",
          jsonBegin(),
          value,
          unit,
          baseline == 0 ? "null" : String.format(Locale.ROOT, "%.3f", baseline),
          baseline == 0 ? "null" : String.format(Locale.ROOT, "%.3f", ratio()));
    }
  }

  /** Adds a row; see {@link Row}. */
  public void add(String metric, double value, String unit, double baseline) {
    rows.add(new Row(metric, value, unit, baseline));
  }

  /** The table. */
  public void print(PrintStream out) {
    out.printf("%-44s %14s %-10s %14s %8s%n", "metric", "value", "unit", "baseline", "ratio");
    for (Row row : rows) {
      out.printf(
          Locale.ROOT,
          "%-44s %14.2f %-10s %14s %8s%n",
          row.metric(),
          row.value(),
          row.unit(),
          row.baseline() == 0 ? "-" : String.format(Locale.ROOT, "%.2f", row.baseline()),
          row.baseline() == 0 ? "-" : String.format(Locale.ROOT, "%.2f", row.ratio()));
    }
  }

  /** The list. */
  public void write(Path file) throws IOException {
    write(file, rows.stream().map(Row::json));
  }

  /** The list, behind what another benchmark wrote there; rows of the same metrics are replaced. */
  public void append(Path file) throws IOException {
    Stream<String> kept =
        Files.exists(file)
            ? Files.readAllLines(file).stream()
                .map(line -> line.replaceAll("^[\\[ ]|[\\],]$", ""))
                .filter(line -> rows.stream().noneMatch(row -> line.startsWith(row.jsonBegin())))
            : Stream.empty();
    write(file, Stream.concat(kept, rows.stream().map(Row::json)));
  }

  private static void write(Path file, Stream<String> lines) throws IOException {
    Files.writeString(file, lines.collect(Collectors.joining(",\n ", "[", "]\n")));
  }
}
