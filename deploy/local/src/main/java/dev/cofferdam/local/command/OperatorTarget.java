package dev.cofferdam.local.command;

import dev.cofferdam.local.Endpoints;
import dev.cofferdam.local.StateFiles;
import dev.cofferdam.mesh.TlsFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * What an operator's command talks to: the mesh that runs here, or one elsewhere.
 *
 * @param endpoint host:port of the service's gRPC port
 * @param operator the operator's identity
 */
record OperatorTarget(String endpoint, TlsFiles operator) {
  /** Options that name a mesh elsewhere, all of them together. */
  static final Set<String> OPTIONS = Set.of("--endpoint", "--certificate", "--key", "--trust");

  /**
   * The target of a command line.
   *
   * @param directory what relative paths refer to
   * @param local the service's endpoint among those of the mesh that runs here
   */
  static OperatorTarget of(
      Arguments arguments, StateFiles files, Path directory, Function<Endpoints, String> local) {
    long given = OPTIONS.stream().filter(o -> arguments.value(o).isPresent()).count();
    if (given == 0) {
      return here(files, local);
    }
    if (given < OPTIONS.size()) {
      throw new UsageException(
          "--endpoint, --certificate, --key and --trust are given together, or none of them");
    }
    return new OperatorTarget(
        arguments.value("--endpoint").orElseThrow(),
        new TlsFiles(
            file(arguments, directory, "--certificate"),
            file(arguments, directory, "--key"),
            file(arguments, directory, "--trust")));
  }

  private static Path file(Arguments arguments, Path directory, String option) {
    Path file = directory.resolve(arguments.value(option).orElseThrow());
    if (!Files.isReadable(file)) {
      throw new UsageException(option + ": " + file + " cannot be read");
    }
    return file;
  }

  private static OperatorTarget here(StateFiles files, Function<Endpoints, String> local) {
    Optional<Endpoints> endpoints =
        files
            .endpoints()
            .filter(
                unused -> files.running().filter(r -> r.launcher().find().isPresent()).isPresent());
    if (endpoints.isEmpty()) {
      throw new UsageException(
          "nothing runs here; ./cofferdam up starts it, or name a mesh elsewhere with --endpoint"
              + " HOST:PORT --certificate FILE --key FILE --trust FILE");
    }
    return new OperatorTarget(
        local.apply(endpoints.get()),
        new TlsFiles(
            Path.of(String.valueOf(endpoints.get().operator().get("certificate"))),
            Path.of(String.valueOf(endpoints.get().operator().get("key"))),
            files.authority()));
  }
}
