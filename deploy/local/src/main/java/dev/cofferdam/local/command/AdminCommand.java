package dev.cofferdam.local.command;

import dev.cofferdam.local.Endpoints;
import dev.cofferdam.local.StateFiles;
import dev.cofferdam.local.admin.AdminApi;
import dev.cofferdam.mesh.TlsFiles;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Changes the configuration of a mesh, the local one or one elsewhere, as its operator. */
final class AdminCommand {
  private static final String USAGE =
      "admin AREA ACTION …; ./cofferdam help lists the areas and what they can do";
  private static final Set<String> ELSEWHERE =
      Set.of("--endpoint", "--certificate", "--key", "--trust");
  private static final Set<String> VALUES =
      Set.of("--endpoint", "--certificate", "--key", "--trust", "--until", "--overlap");

  private final StateFiles files;
  private final Path directory;
  private final PrintStream out;

  /**
   * @param directory what relative paths of the command line refer to
   */
  AdminCommand(StateFiles files, Path directory, PrintStream out) {
    this.files = files;
    this.directory = directory;
    this.out = out;
  }

  int run(List<String> line) {
    Arguments arguments = Arguments.parse(line, Set.of("--json", "--prune"), VALUES);
    if (arguments.words().isEmpty()) {
      throw new UsageException(USAGE);
    }
    Target target = target(arguments);
    try (AdminApi api = new AdminApi(target.endpoint(), target.operator())) {
      AdminActions actions =
          new AdminActions(api, new AdminOutput(out, arguments.has("--json")), directory);
      actions.run(arguments);
      return 0;
    } catch (StatusRuntimeException e) {
      System.err.println("cofferdam: " + advice(e.getStatus(), target));
      return 1;
    }
  }

  private record Target(String endpoint, TlsFiles operator) {}

  private Target target(Arguments arguments) {
    long given = ELSEWHERE.stream().filter(o -> arguments.value(o).isPresent()).count();
    if (given == 0) {
      return local();
    }
    if (given < ELSEWHERE.size()) {
      throw new UsageException(
          "--endpoint, --certificate, --key and --trust are given together, or none of them");
    }
    return new Target(
        arguments.value("--endpoint").orElseThrow(),
        new TlsFiles(
            file(arguments, "--certificate"),
            file(arguments, "--key"),
            file(arguments, "--trust")));
  }

  private Path file(Arguments arguments, String option) {
    Path file = directory.resolve(arguments.value(option).orElseThrow());
    if (!Files.isReadable(file)) {
      throw new UsageException(option + ": " + file + " cannot be read");
    }
    return file;
  }

  private Target local() {
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
    return new Target(
        endpoints.get().grpc(),
        new TlsFiles(
            Path.of(String.valueOf(endpoints.get().operator().get("certificate"))),
            Path.of(String.valueOf(endpoints.get().operator().get("key"))),
            files.authority()));
  }

  private static String advice(Status status, Target target) {
    String said = Optional.ofNullable(status.getDescription()).orElse(status.getCode().name());
    return switch (status.getCode()) {
      case UNAVAILABLE ->
          "no answer from "
              + target.endpoint()
              + " ("
              + said
              + "); is it a gateway's gRPC port, and is its certificate of the given authority?";
      case DEADLINE_EXCEEDED ->
          target.endpoint() + " took too long; look at what is in force and try again";
      case PERMISSION_DENIED, UNAUTHENTICATED ->
          said + "; the certificate must be an operator's (spiffe://…/operator/…)";
      case ABORTED -> said + "; somebody else changed it meanwhile: look at it and try again";
      case UNIMPLEMENTED -> "the gateway does not know this; it is older than this program";
      default -> said;
    };
  }
}
