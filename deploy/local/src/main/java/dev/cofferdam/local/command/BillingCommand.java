package dev.cofferdam.local.command;

import dev.cofferdam.local.Endpoints;
import dev.cofferdam.local.StateFiles;
import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.vocabulary.SpiffeId;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Invoices and costs of a mesh, the local one or one elsewhere, as its operator. */
final class BillingCommand {
  private final StateFiles files;
  private final Path directory;
  private final PrintStream out;

  /**
   * @param directory what relative paths of the command line refer to
   */
  BillingCommand(StateFiles files, Path directory, PrintStream out) {
    this.files = files;
    this.directory = directory;
    this.out = out;
  }

  int run(List<String> line) throws IOException {
    Set<String> values = new HashSet<>(OperatorTarget.OPTIONS);
    values.addAll(Set.of("--format", "--out", "--tenant"));
    Arguments arguments = Arguments.parse(line, Set.of("--json"), values);
    if (arguments.words().isEmpty()) {
      throw new UsageException(BillingActions.USAGE);
    }
    OperatorTarget target = OperatorTarget.of(arguments, files, directory, Endpoints::metering);
    try (MeshChannels channels = new MeshChannels(target.operator())) {
      new BillingActions(channels.to(target.endpoint(), SpiffeId.Role.METERING), directory, out)
          .run(arguments);
      return 0;
    } catch (StatusRuntimeException e) {
      System.err.println("cofferdam: " + said(e.getStatus(), target));
      return 1;
    }
  }

  private static String said(Status status, OperatorTarget target) {
    String said = Optional.ofNullable(status.getDescription()).orElse(status.getCode().name());
    return status.getCode() == Status.Code.UNAVAILABLE
        ? "no answer from " + target.endpoint() + " (" + said + "); is it the metering service?"
        : said;
  }
}
