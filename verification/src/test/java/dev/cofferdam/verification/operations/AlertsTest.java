package dev.cofferdam.verification.operations;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.verification.Mesh;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The alerts watch what exists, lead to a runbook, and fire when they should. */
class AlertsTest {
  @Test
  void everyRuleNamesMetricsThatExist() throws IOException {
    Set<String> recorded = Rules.recorded();

    for (Map<?, ?> rule : Rules.all()) {
      assertThat(MetricNames.unknown((String) rule.get("expr"), recorded))
          .as(rule.toString())
          .isEmpty();
    }
  }

  @Test
  void everyAlertHasASeverityAndARunbook() throws IOException {
    for (Map<?, ?> rule : Rules.all()) {
      if (!rule.containsKey("alert")) {
        continue;
      }
      String alert = (String) rule.get("alert");
      assertThat(((Map<?, ?>) rule.get("labels")).get("severity"))
          .as(alert)
          .isIn("page", "ticket", "info");
      String runbook = (String) ((Map<?, ?>) rule.get("annotations")).get("runbook_url");
      assertThat(Mesh.repository().resolve(runbook)).as(alert).exists();
      assertThat(Files.readString(Mesh.repository().resolve(runbook))).as(runbook).contains(alert);
    }
  }

  @Test
  void everyAlertThatPagesIsTested() throws IOException {
    String tests = Files.readString(Rules.folder().resolve("alerts.test.yaml"));
    Set<String> untested =
        Rules.all().stream()
            .filter(rule -> rule.containsKey("alert"))
            .filter(rule -> "page".equals(((Map<?, ?>) rule.get("labels")).get("severity")))
            .map(rule -> (String) rule.get("alert"))
            .filter(alert -> !tests.contains("alertname: " + alert))
            .collect(Collectors.toCollection(TreeSet::new));

    assertThat(untested).isEmpty();
  }

  @Test
  void alertsFireWhenTheyShouldAndOnlyThen() throws Exception {
    Promtool.needed();
    List<String> check = new ArrayList<>(List.of("check", "rules"));
    Rules.files().forEach(file -> check.add(file.getFileName().toString()));
    Promtool.Result checked = Promtool.run(Rules.folder(), check);
    assertThat(checked.status()).as(checked.output()).isZero();

    Promtool.Result tested =
        Promtool.run(
            Rules.folder(), List.of("test", "rules", "alerts.test.yaml", "slow-burn.test.yaml"));

    assertThat(tested.status()).as(tested.output()).isZero();
  }
}
