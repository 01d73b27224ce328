package dev.cofferdam.verification.operations;

import dev.cofferdam.verification.Mesh;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The list of metrics that the services publish, and the names that a query uses. */
final class MetricNames {
  private static final Pattern NAME = Pattern.compile("[a-zA-Z_:][a-zA-Z0-9_:]*");

  /** What is no metric's name, where labels, strings and ranges are gone. */
  private static final Set<String> WORDS =
      Set.of(
          "and",
          "or",
          "unless",
          "offset",
          "sum",
          "min",
          "max",
          "count",
          "topk",
          "vector",
          "rate",
          "increase",
          "delta",
          "predict_linear",
          "max_over_time",
          "min_over_time",
          "histogram_quantile");

  /** Published by Prometheus itself. */
  private static final Set<String> OWN = Set.of("up", "ALERTS");

  /**
   * A metric.
   *
   * @param service whose page has it
   * @param name with the suffix of a counter, without those of a histogram
   * @param always whether a service that serves requests has it without further events
   */
  record Listed(String service, String name, String type, boolean always) {}

  private MetricNames() {}

  static Path deploy() {
    return Mesh.repository().resolve("deploy");
  }

  /** The list as it is committed. */
  static List<Listed> listed() {
    List<Listed> all = new ArrayList<>();
    for (String line : lines(deploy().resolve("dashboards/metrics.txt"))) {
      if (!line.isBlank() && !line.startsWith("#")) {
        String[] words = line.trim().split(" +", -1);
        all.add(new Listed(words[0], words[1], words[2], words.length == 3));
      }
    }
    return all;
  }

  static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The metrics that a query reads. */
  static Set<String> in(String query) {
    String bare =
        query
            .replaceAll("\"[^\"]*\"", "")
            .replaceAll("\\{[^}]*}", "")
            .replaceAll("\\[[^]]*]", "")
            .replaceAll("\\b(by|on|group_left|group_right|without|ignoring)\\s*\\([^)]*\\)", "")
            .replaceAll("\\boffset\\s+\\w+", "");
    Set<String> names = new TreeSet<>();
    Matcher matcher = NAME.matcher(bare.replaceAll("\\b\\d[\\w.]*", ""));
    while (matcher.find()) {
      if (!WORDS.contains(matcher.group())) {
        names.add(matcher.group());
      }
    }
    return names;
  }

  /** Names that are neither published, nor recorded by a rule. */
  static Set<String> unknown(String query, Set<String> recorded) {
    Set<String> names = in(query);
    names.removeAll(recorded);
    names.removeAll(OWN);
    for (Listed metric : listed()) {
      names.remove(metric.name());
      if (!metric.type().equals("counter") && !metric.type().equals("gauge")) {
        names.remove(metric.name() + "_count");
        names.remove(metric.name() + "_sum");
      }
      if (metric.type().equals("histogram")) {
        names.remove(metric.name() + "_bucket");
      }
    }
    return names;
  }
}
