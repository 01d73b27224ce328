package dev.cofferdam.load.saturation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The values of one process' metrics, as Prometheus' text format has them. */
record Samples(Map<String, List<Double>> values) {
  Samples {
    values = Map.copyOf(values);
  }

  static Samples parse(String text) {
    Map<String, List<Double>> values = new HashMap<>();
    text.lines()
        .filter(line -> !line.isEmpty() && line.charAt(0) != '#')
        .forEach(
            line -> {
              int labels = line.indexOf('{');
              int space = line.lastIndexOf(' ');
              int end = labels < 0 ? space : labels;
              if (end > 0) {
                try {
                  double value = Double.parseDouble(line.substring(space + 1));
                  if (Double.isFinite(value)) {
                    values
                        .computeIfAbsent(line.substring(0, end), unused -> new ArrayList<>())
                        .add(value);
                  }
                } catch (NumberFormatException e) {
                  // A line of another format tells nothing here.
                }
              }
            });
    return new Samples(values);
  }

  double sum(String name) {
    return values.getOrDefault(name, List.of()).stream().mapToDouble(v -> v).sum();
  }

  double max(String name) {
    return values.getOrDefault(name, List.of()).stream().mapToDouble(v -> v).max().orElse(0);
  }
}
