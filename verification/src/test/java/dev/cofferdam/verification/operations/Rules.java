package dev.cofferdam.verification.operations;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** The rules of {@code deploy/alerts}. */
final class Rules {
  private Rules() {}

  static Path folder() {
    return MetricNames.deploy().resolve("alerts");
  }

  static List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder())) {
      return files.filter(f -> f.toString().endsWith(".rules.yaml")).sorted().toList();
    }
  }

  static List<Map<?, ?>> all() throws IOException {
    List<Map<?, ?>> rules = new ArrayList<>();
    for (Path file : files()) {
      try (Reader reader = Files.newBufferedReader(file)) {
        Map<?, ?> content = new Yaml(new SafeConstructor(new LoaderOptions())).load(reader);
        for (Object group : (List<?>) content.get("groups")) {
          for (Object rule : (List<?>) ((Map<?, ?>) group).get("rules")) {
            rules.add((Map<?, ?>) rule);
          }
        }
      }
    }
    return rules;
  }

  /** Names that rules record. */
  static Set<String> recorded() throws IOException {
    return all().stream()
        .filter(rule -> rule.containsKey("record"))
        .map(rule -> (String) rule.get("record"))
        .collect(Collectors.toSet());
  }
}
