package dev.cofferdam.verification.operations;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.cofferdam.load.report.OverheadReport;
import dev.cofferdam.load.report.Report;
import dev.cofferdam.load.result.Objective;
import dev.cofferdam.load.run.LoadRun;
import dev.cofferdam.load.run.OverheadRounds;
import dev.cofferdam.load.scenario.Scenario;
import dev.cofferdam.load.scenario.yaml.ScenarioFile;
import dev.cofferdam.verification.Mesh;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The load driver against the running mesh. */
class LoadTest {
  private static final Mesh MESH = Mesh.shared();

  /** However slow the machine is: what is served is looked at, not how fast. */
  private static final Objective PATIENT = new Objective(600_000, 60_000, 0);

  private static LoadRun run() {
    return new LoadRun(MESH.loadTarget(), MESH.metrics().urls(), System.out::println);
  }

  @Test
  void aScenarioOverBothApisIsServedAndItsReportSaysSo(@TempDir Path folder) throws Exception {
    Scenario steady = ScenarioFile.named("steady").orElseThrow().lasting(6);
    try (LoadRun run = run()) {
      Report report = run.once(steady, 11, PATIENT);
      assertThat(report.kept()).as(report.text()).isTrue();
      Path page = report.write(folder);

      assertThat(Files.readString(page))
          .contains("harbor-books", "pixel-pirates", "batch slots")
          .doesNotContain("<script", "http:", "https:");
      JsonNode all = new JsonMapper().readTree(folder.resolve("report.json").toFile()).path("all");
      assertThat(all.path("served").asLong()).isPositive().isEqualTo(all.path("requests").asLong());
      assertThat(all.path("output_tokens").asLong()).isPositive();
      assertThat(folder.resolve("histograms.hlog")).isNotEmptyFile();
    }
  }

  @Test
  void whatIsolationCostsIsReadOffTheMeshsOwnCounters(@TempDir Path folder) throws Exception {
    try (LoadRun run = run()) {
      OverheadReport report = run.overhead(new OverheadRounds(1, 1, 4), 23);
      report.write(folder);
      JsonNode json = new JsonMapper().readTree(folder.resolve("report.json").toFile());

      assertThat(json.path("not_served").asLong()).as(report.text()).isZero();
      assertThat(report.text()).doesNotContain("other tenants", "no KV block was sealed");
      for (String mechanism : List.of("zeroing", "routing", "limits", "audit")) {
        for (String tenant : List.of("standard", "enterprise")) {
          JsonNode cost = json.path(tenant).path("mechanisms").path(mechanism);
          assertThat(cost.path("ms").asDouble()).as(tenant + " " + mechanism).isPositive();
          assertThat(cost.path("share").asDouble()).isBetween(0.0, 1.0);
        }
      }
      assertThat(
              json.path("enterprise").path("mechanisms").path("encryption").path("ms").asDouble())
          .isPositive();
      assertThat(json.path("standard").path("mechanisms").has("encryption")).isFalse();
      assertThat(json.path("enterprise").path("mechanisms").has("adapters")).isTrue();
    }
  }
}
