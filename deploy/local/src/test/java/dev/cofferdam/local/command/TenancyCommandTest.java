package dev.cofferdam.local.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.local.StateFiles;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TenancyCommandTest {
  @TempDir Path directory;
  private final ByteArrayOutputStream written = new ByteArrayOutputStream();

  @BeforeEach
  void declare() throws Exception {
    Files.writeString(
        directory.resolve("tenants.yaml"),
        """
        tenants:
          acme:
            tier: standard
            isolation_level: 3
            models_allowed: [support-desk]
            namespace: acme-prod
          globex: {tier: free}
          initech: {tier: enterprise, default_model: support-desk}
        """);
  }

  @Test
  void aDeclaredRecordBecomesManifestsInItsNamespace() throws Exception {
    run("render", "acme", "--file", "tenants.yaml");

    assertThat(text())
        .contains("kind: StatefulSet")
        .contains("name: acme-prod")
        .contains("cofferdam.worker.models=support-desk")
        .contains("cofferdam.worker.kv-bytes=10000000000");
  }

  @Test
  void aFleetsFileSaysWhatWorkersAreMadeOf() throws Exception {
    Files.writeString(
        directory.resolve("fleet.yaml"), "image: example.test/worker:1\nrouters: 1\n");

    run("render", "acme", "--file", "tenants.yaml", "--fleet", "fleet.yaml", "--replicas", "3");

    assertThat(text()).contains("image: example.test/worker:1").contains("replicas: 3");
  }

  @Test
  void whatHasNoManifestsIsRefusedWithItsReason() {
    refused("tenant globex has isolation level 1", "globex");
    refused("tenant initech has isolation level 5 and no dedicated_pool", "initech");
    refused("no tenant nobody", "nobody");
  }

  @Test
  void theLevelsAreATableOfWhatTheyEnforceAndCost() throws Exception {
    run("levels");

    assertThat(text())
        .contains("1 logical    relative cost 1.00")
        .contains("3 process    relative cost 1.25")
        .contains("4 mig        relative cost 1.40")
        .contains("5 dedicated  relative cost 3.00");
  }

  private void refused(String problem, String tenant) {
    assertThatThrownBy(() -> run("render", tenant, "--file", "tenants.yaml"))
        .isInstanceOf(UsageException.class)
        .hasMessageStartingWith(problem);
  }

  private void run(String... line) throws Exception {
    PrintStream out = new PrintStream(written, true, StandardCharsets.UTF_8);
    assertThat(new TenancyCommand(new StateFiles(directory), directory, out).run(List.of(line)))
        .isZero();
  }

  private String text() {
    return written.toString(StandardCharsets.UTF_8);
  }
}
