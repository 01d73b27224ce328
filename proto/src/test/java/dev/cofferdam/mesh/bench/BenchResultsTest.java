package dev.cofferdam.mesh.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchResultsTest {
  @TempDir private Path folder;

  private static BenchResults results(String metric, double value) {
    BenchResults results = new BenchResults();
    results.add(metric, value, "ns", 0);
    return results;
  }

  @Test
  void aSecondBenchmarkAddsItsRowsAndReplacesItsOwnOfBefore() throws IOException {
    Path file = folder.resolve("results.json");
    results("first", 1).append(file);
    results("second", 2).append(file);
    results("second_too", 3).append(file);
    results("second", 4).append(file);

    assertThat(Files.readString(file))
        .isEqualTo(
            """
            [{"metric": "first", "value": 1.000, "unit": "ns", "baseline": null, "ratio": null},
             {"metric": "second_too", "value": 3.000, "unit": "ns", "baseline": null, "ratio": null},
             {"metric": "second", "value": 4.000, "unit": "ns", "baseline": null, "ratio": null}]
            """);
  }
}
