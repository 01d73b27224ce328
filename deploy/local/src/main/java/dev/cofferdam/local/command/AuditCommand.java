package dev.cofferdam.local.command;

import dev.cofferdam.local.StateFiles;
import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.proto.audit.v1.AuditServiceGrpc;
import dev.cofferdam.proto.audit.v1.AuditServiceGrpc.AuditServiceBlockingStub;
import dev.cofferdam.proto.audit.v1.EraseTenantRequest;
import dev.cofferdam.proto.audit.v1.EraseTenantResponse;
import dev.cofferdam.proto.audit.v1.GetReportRequest;
import dev.cofferdam.proto.audit.v1.ReportFormat;
import dev.cofferdam.proto.audit.v1.ReportKind;
import dev.cofferdam.proto.audit.v1.RotateKeysRequest;
import dev.cofferdam.proto.audit.v1.RotateKeysResponse;
import dev.cofferdam.vocabulary.SpiffeId;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.PrintStream;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** What an operator does to the audit log of the mesh that runs: erase, rotate, report. */
final class AuditCommand {
  private static final long CALL_MS = 30_000;
  private static final String USAGE =
      "audit erase TENANT REASON | rotate [--data-keys] [TENANT] | report KIND TENANT FROM TO"
          + " [--html | --pdf]; KIND is soc2, gdpr-access, gdpr-erasure or hipaa, FROM and TO are days";

  private final StateFiles files;
  private final PrintStream out;

  AuditCommand(StateFiles files, PrintStream out) {
    this.files = files;
    this.out = out;
  }

  int run(List<String> line) throws IOException {
    Arguments arguments = Arguments.parse(line, Set.of("--data-keys", "--html", "--pdf"), Set.of());
    RunningMesh mesh = RunningMesh.of(files);
    try (MeshChannels channels = new MeshChannels(mesh.operator())) {
      AuditServiceBlockingStub audit =
          AuditServiceGrpc.newBlockingStub(
                  channels.to(mesh.endpoints().audit(), SpiffeId.Role.AUDIT))
              .withDeadlineAfter(CALL_MS, TimeUnit.MILLISECONDS);
      switch (word(arguments, 0)) {
        case "erase" -> erase(audit, arguments);
        case "rotate" -> rotate(audit, arguments);
        case "report" -> report(audit, arguments);
        default -> throw new UsageException(USAGE);
      }
      return 0;
    } catch (StatusRuntimeException e) {
      System.err.println(
          "cofferdam: "
              + Optional.ofNullable(e.getStatus().getDescription())
                  .orElse(e.getStatus().getCode().name()));
      return 1;
    }
  }

  private void erase(AuditServiceBlockingStub audit, Arguments arguments) {
    EraseTenantResponse erased =
        audit.eraseTenant(
            EraseTenantRequest.newBuilder()
                .setTenant(word(arguments, 1))
                .setReason(word(arguments, 2))
                .build());
    out.printf(
        "%d data keys of %s are destroyed; no record of it below %d opens again%n",
        erased.getKeysDestroyed(), word(arguments, 1), erased.getTreeSize());
  }

  private void rotate(AuditServiceBlockingStub audit, Arguments arguments) {
    List<String> words = arguments.words();
    RotateKeysResponse rotated =
        audit.rotateKeys(
            RotateKeysRequest.newBuilder()
                .setDataKeys(arguments.has("--data-keys"))
                .setTenant(words.size() > 1 ? words.get(1) : "")
                .build());
    out.printf(
        "%d data keys are wrapped again, %d are retired%n",
        rotated.getRewrapped(), rotated.getRetired());
  }

  private void report(AuditServiceBlockingStub audit, Arguments arguments) {
    String kind = "REPORT_KIND_" + word(arguments, 1).toUpperCase(Locale.ROOT).replace('-', '_');
    try {
      out.writeBytes(
          audit
              .getReport(
                  GetReportRequest.newBuilder()
                      .setKind(ReportKind.valueOf(kind))
                      .setTenant(word(arguments, 2))
                      .setFromEpochMs(day(word(arguments, 3)))
                      .setToEpochMs(day(word(arguments, 4)))
                      .setFormat(format(arguments))
                      .build())
              .getBody()
              .toByteArray());
      out.flush();
    } catch (IllegalArgumentException e) {
      throw new UsageException(USAGE);
    }
  }

  private static ReportFormat format(Arguments arguments) {
    if (arguments.has("--pdf")) {
      return ReportFormat.REPORT_FORMAT_PDF;
    }
    return arguments.has("--html")
        ? ReportFormat.REPORT_FORMAT_HTML
        : ReportFormat.REPORT_FORMAT_JSON;
  }

  private static long day(String text) {
    try {
      return LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant().toEpochMilli();
    } catch (DateTimeException e) {
      throw new UsageException(text + " (expected: a day such as 2026-03-01)");
    }
  }

  private static String word(Arguments arguments, int at) {
    if (at >= arguments.words().size()) {
      throw new UsageException(USAGE);
    }
    return arguments.words().get(at);
  }
}
