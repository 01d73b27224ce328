package dev.cofferdam.local.command;

import dev.cofferdam.local.compose.ContainerFiles;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** Makes what the containers of {@code deploy/compose/compose.yaml} are given. */
final class ComposeCommand {
  private final Path repository;
  private final Path directory;
  private final Path folder;
  private final PrintStream out;

  /**
   * @param directory what relative paths of the command line refer to
   * @param state where it goes, unless the command line says something else
   */
  ComposeCommand(Path repository, Path directory, Path state, PrintStream out) {
    this.repository = repository;
    this.directory = directory;
    this.folder = state.resolve("compose");
    this.out = out;
  }

  int run(List<String> line) throws IOException {
    Arguments arguments = Arguments.parse(line, Set.of(), Set.of("--out"));
    if (!arguments.words().isEmpty()) {
      throw new UsageException("compose takes no " + arguments.words().get(0));
    }
    Path to = arguments.value("--out").map(directory::resolve).orElse(folder).toAbsolutePath();
    ContainerFiles.write(to);
    out.println("Settings, identities and secrets of the containers: " + to);
    out.println(
        "COFFERDAM_COMPOSE="
            + to
            + " docker compose -f "
            + repository.resolve("deploy/compose/compose.yaml")
            + " up");
    out.println(
        "Then: ./cofferdam admin apply FILE --endpoint 127.0.0.1:9443 --certificate %1$s/operator.pem --key %1$s/operator.key --trust %1$s/ca.pem"
            .formatted(to.resolve("pki")));
    return 0;
  }
}
