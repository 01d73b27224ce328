package dev.cofferdam.verification.operations;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The dashboards ask for what exists, in words that Prometheus understands. */
class DashboardsTest {
  private static final JsonMapper JSON = new JsonMapper();
  private static final List<String> BOARDS =
      List.of("audit", "finops", "fleet", "tenant", "tier-slo");

  /** By "board / panel / letter". */
  private static Map<String, String> queries() throws IOException {
    Map<String, String> queries = new LinkedHashMap<>();
    for (String board : BOARDS) {
      JsonNode json = read(board);
      for (JsonNode panel : json.get("panels")) {
        for (JsonNode target : panel.get("targets")) {
          queries.put(
              board + " / " + panel.get("title").asText() + " / " + target.get("refId").asText(),
              target.get("expr").asText());
        }
      }
    }
    return queries;
  }

  private static JsonNode read(String board) throws IOException {
    return JSON.readTree(
        MetricNames.deploy().resolve("dashboards").resolve(board + ".json").toFile());
  }

  @Test
  void everyFileIsADashboardThatIsTested() throws IOException {
    try (Stream<Path> files = Files.list(MetricNames.deploy().resolve("dashboards"))) {
      assertThat(files.map(f -> f.getFileName().toString()).filter(f -> f.endsWith(".json")))
          .containsExactlyInAnyOrderElementsOf(BOARDS.stream().map(b -> b + ".json").toList());
    }
    Set<String> uids = new HashSet<>();
    for (String board : BOARDS) {
      assertThat(uids.add(read(board).get("uid").asText())).as(board).isTrue();
    }
  }

  @Test
  void everyQueryNamesMetricsThatExist() throws IOException {
    Set<String> recorded = Rules.recorded();

    queries()
        .forEach(
            (panel, query) -> {
              assertThat(MetricNames.in(query)).as(panel).isNotEmpty();
              assertThat(MetricNames.unknown(query, recorded)).as(panel).isEmpty();
            });
  }

  @Test
  void everyQueryParses(@TempDir Path folder) throws Exception {
    Promtool.needed();
    ObjectNode file = JSON.createObjectNode();
    ObjectNode group = file.putArray("groups").addObject().put("name", "dashboards");
    ArrayNode rules = group.putArray("rules");
    for (String query : queries().values()) {
      rules
          .addObject()
          .put("record", "panel:" + rules.size())
          .put("expr", query.replace("$__rate_interval", "5m").replaceAll("\\$\\w+", "some"));
    }
    Path written = folder.resolve("queries.yaml");
    JSON.writeValue(written.toFile(), file);

    Promtool.Result result =
        Promtool.run(folder, List.of("check", "rules", written.getFileName().toString()));

    assertThat(result.status()).as(result.output()).isZero();
    assertThat(result.output()).contains(rules.size() + " rules found");
  }
}
