package dev.cofferdam.local.command;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImagesCommandTest {
  @TempDir Path repository;

  @Test
  void whatIsMissingIsNamedAtOnceBeforeAnythingIsMade() throws Exception {
    Path app = Files.createDirectories(repository.resolve("router-svc/target/quarkus-app"));
    Files.writeString(app.resolve("quarkus-run.jar"), "");

    refused("scheduler-svc is not built", "scheduler", "router");
    refused("router-svc has no bill of materials", "router");
  }

  @Test
  void aWrongLineSaysWhatIsExpected() {
    refused("proxy is no service", "proxy");
    refused("images [SERVICE ...] [--to tar]", "--to", "registry");
    refused("images [SERVICE ...] [--to tar]", "--registry", "registry.example/cofferdam");
    refused("images [SERVICE ...] [--to tar]", "--to", "docker");
  }

  private void refused(String problem, String... line) {
    PrintStream out =
        new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
    ImagesCommand command = new ImagesCommand(repository, repository, repository, out);
    assertThatThrownBy(() -> command.run(List.of(line)))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining(problem);
  }
}
