package dev.cofferdam.local.command;

import dev.cofferdam.local.Endpoints;
import dev.cofferdam.local.StateFiles;
import dev.cofferdam.local.admin.AdminApi;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Changes the configuration of a mesh, the local one or one elsewhere, as its operator. */
final class AdminCommand {
  private static final String USAGE =
      "admin AREA ACTION …; ./cofferdam help lists the areas and what they can do";
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
    OperatorTarget target = OperatorTarget.of(arguments, files, directory, Endpoints::grpc);
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

  private static String advice(Status status, OperatorTarget target) {
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
