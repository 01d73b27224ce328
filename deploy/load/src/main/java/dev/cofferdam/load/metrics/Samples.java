package dev.cofferdam.load.metrics;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/**
 * The values of metrics, as pages in Prometheus' text format have them.
 *
 * @param all in no order
 */
public record Samples(List<Sample> all) {
  private static final String EXEMPLAR = " # {";
  private static final Pattern LABEL =
      Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\\]|\\\\.)*)\"");

  public Samples {
    all = List.copyOf(all);
  }

  /**
   * One value.
   *
   * @param name of the metric
   * @param labels as they stand on the page, escapes included
   * @param value finite
   */
  public record Sample(String name, Map<String, String> labels, double value) {
    public Sample {
      labels = Map.copyOf(labels);
    }
  }

  /** Reads a page. What is no number tells nothing here and is left out. */
  public static Samples parse(String text) {
    return new Samples(
        text.lines()
            .filter(line -> !line.isEmpty() && line.charAt(0) != '#')
            .flatMap(Samples::sample)
            .toList());
  }

  /** The samples of several processes. */
  public static Samples together(Collection<Samples> processes) {
    return new Samples(processes.stream().flatMap(p -> p.all().stream()).toList());
  }

  private static Stream<Sample> sample(String told) {
    // OpenMetrics may add an example of what was counted behind the value.
    int exemplar = told.indexOf(EXEMPLAR);
    String line = exemplar < 0 ? told : told.substring(0, exemplar);
    int labels = line.indexOf('{');
    int space = line.lastIndexOf(' ');
    int end = labels < 0 ? space : labels;
    if (end <= 0) {
      return Stream.empty();
    }
    try {
      double value = Double.parseDouble(line.substring(space + 1));
      return Double.isFinite(value)
          ? Stream.of(new Sample(line.substring(0, end), labels(line, end, space), value))
          : Stream.empty();
    } catch (NumberFormatException e) {
      return Stream.empty();
    }
  }

  private static Map<String, String> labels(String line, int from, int until) {
    Map<String, String> labels = new HashMap<>();
    Matcher matcher = LABEL.matcher(line).region(from, until);
    while (matcher.find()) {
      labels.put(matcher.group(1), matcher.group(2));
    }
    return labels;
  }

  /** Sum of a metric's values; 0 where there is none. */
  public double sum(String name) {
    return values(name, Map.of()).sum();
  }

  /** Sum of the values of a metric that have a label with this value. */
  public double sum(String name, String label, String value) {
    return values(name, Map.of(label, value)).sum();
  }

  /** The highest of a metric's values; 0 where there is none. */
  public double max(String name) {
    return values(name, Map.of()).max().orElse(0);
  }

  private DoubleStream values(String name, Map<String, String> labels) {
    return all.stream()
        .filter(s -> s.name().equals(name) && s.labels().entrySet().containsAll(labels.entrySet()))
        .mapToDouble(Sample::value);
  }

  /** Sums of a metric by the values of a label; those without the label stand under "". */
  public Map<String, Double> by(String name, String label) {
    Function<Sample, String> key = s -> s.labels().getOrDefault(label, "");
    return all.stream()
        .filter(s -> s.name().equals(name))
        .collect(Collectors.groupingBy(key, Collectors.summingDouble(Sample::value)));
  }
}
