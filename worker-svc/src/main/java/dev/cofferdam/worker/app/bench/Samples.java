package dev.cofferdam.worker.app.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the rounds measured, by metric. */
final class Samples {
  private record Series(String unit, List<Double> values, List<Double> baselines) {}

  private final Map<String, Series> series = new LinkedHashMap<>();

  /**
   * Adds a round's measurement.
   *
   * @param metric name in lower case with underscores, unit last where it has one
   * @param baseline what it is compared with, in the same unit and from the same round
   */
  void add(String metric, double value, String unit, double baseline) {
    Series of =
        series.computeIfAbsent(metric, m -> new Series(unit, new ArrayList<>(), new ArrayList<>()));
    of.values.add(value);
    of.baselines.add(baseline);
  }

  /** Adds a share: a fraction of one. */
  void addShare(String metric, double part, double whole) {
    add(metric, part / whole, "share", 1);
  }

  /** The medians, in the order in which the metrics came. */
  List<Figure> medians() {
    List<Figure> figures = new ArrayList<>();
    series.forEach(
        (metric, of) -> {
          List<Double> ratios = new ArrayList<>();
          for (int i = 0; i < of.values.size(); i++) {
            ratios.add(of.values.get(i) / of.baselines.get(i));
          }
          figures.add(
              new Figure(metric, median(of.values), of.unit, median(of.baselines), median(ratios)));
        });
    return figures;
  }

  private static double median(List<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
