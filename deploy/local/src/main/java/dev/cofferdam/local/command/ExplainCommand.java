package dev.cofferdam.local.command;

import dev.cofferdam.local.StateFiles;
import dev.cofferdam.local.demo.Books;
import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.proto.audit.v1.LoggedRecord;
import dev.cofferdam.proto.events.v1.AuditRecorded;
import dev.cofferdam.proto.routing.v1.ExplainRequest;
import dev.cofferdam.proto.routing.v1.ExplainResponse;
import dev.cofferdam.proto.routing.v1.ExplainedWorker;
import dev.cofferdam.proto.routing.v1.LeftOutWorker;
import dev.cofferdam.proto.routing.v1.RoutingServiceGrpc;
import dev.cofferdam.vocabulary.SpiffeId;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Shows why a request was placed where it is: from the router, which also knows the workers that
 * were not chosen, or from the audit log where the router has forgotten it.
 */
final class ExplainCommand {
  private static final long CALL_MS = 5_000;

  private final StateFiles files;
  private final PrintStream out;

  ExplainCommand(StateFiles files, PrintStream out) {
    this.files = files;
    this.out = out;
  }

  int run(List<String> line) throws IOException {
    List<String> words = Arguments.parse(line, Set.of(), Set.of()).words();
    if (words.size() != 1) {
      throw new UsageException("explain takes one request id");
    }
    RunningMesh mesh = RunningMesh.of(files);
    Optional<ExplainResponse> placed = ofRouter(mesh, words.get(0));
    if (placed.isPresent()) {
      print(placed.get());
      return 0;
    }
    Optional<AuditRecorded> logged = ofLog(mesh, words.get(0));
    if (logged.isEmpty()) {
      System.err.println("cofferdam: neither router nor audit log know " + words.get(0));
      return 1;
    }
    print(logged.get());
    return 0;
  }

  private static Optional<ExplainResponse> ofRouter(RunningMesh mesh, String requestId)
      throws IOException {
    try (MeshChannels channels = new MeshChannels(mesh.operator())) {
      return Optional.of(
          RoutingServiceGrpc.newBlockingStub(
                  channels.to(mesh.endpoints().router(), SpiffeId.Role.ROUTER))
              .withDeadlineAfter(CALL_MS, TimeUnit.MILLISECONDS)
              .explain(ExplainRequest.newBuilder().setRequestId(requestId).build()));
    } catch (StatusRuntimeException e) {
      Status.Code code = e.getStatus().getCode();
      if (code == Status.Code.NOT_FOUND || code == Status.Code.UNAVAILABLE) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private static Optional<AuditRecorded> ofLog(RunningMesh mesh, String requestId) {
    try (Books books = new Books(mesh.endpoints(), mesh.operator())) {
      return books.records(requestId).stream()
          .filter(LoggedRecord::hasRecord)
          .map(LoggedRecord::getRecord)
          .filter(record -> record.getRoutingExplanationCount() > 0)
          .findFirst();
    }
  }

  private void print(ExplainResponse placed) {
    out.printf(
        "tenant %s, attempt %d: %s of pool %s%s, after %d ms in the queue%n",
        placed.getTenant(),
        placed.getAttempt(),
        placed.getWorkerId(),
        placed.getPool(),
        version(placed.getAdapterVersion()),
        placed.getQueueWaitMs());
    out.printf("%d workers could have served it%n", placed.getWorkersOffered());
    for (ExplainedWorker worker : placed.getWorkersList()) {
      boolean granted = worker.getWorkerId().equals(placed.getWorkerId());
      out.printf(
          "%n%s %.3f%s%n", worker.getWorkerId(), worker.getScore(), granted ? "  (granted)" : "");
      worker.getLinesList().forEach(line -> out.println("  " + line));
    }
    if (placed.getLeftOutCount() > 0) {
      out.println();
    }
    for (LeftOutWorker worker : placed.getLeftOutList()) {
      out.printf("%s was left out: %s%n", worker.getWorkerId(), worker.getReason());
    }
  }

  private void print(AuditRecorded record) {
    out.printf(
        "tenant %s, attempt %d: %s of pool %s%s, after %d ms in the queue (from the audit log)%n%n",
        record.getTenant(),
        record.getAttempts(),
        record.getWorkerId(),
        record.getPool(),
        version(record.getAdapterVersion()),
        record.getQueueWaitMs());
    record.getRoutingExplanationList().forEach(line -> out.println("  " + line));
  }

  private static String version(String version) {
    return version.isEmpty() ? "" : ", adapter version " + version.substring(0, 12);
  }
}
