package dev.cofferdam.audit.api.grpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.cofferdam.audit.api.Archive;
import dev.cofferdam.audit.api.Archive.Opened;
import dev.cofferdam.audit.api.Reports;
import dev.cofferdam.audit.api.Upkeep;
import dev.cofferdam.audit.log.LogReader.RecordQuery;
import dev.cofferdam.audit.proof.TreeHash;
import dev.cofferdam.audit.report.Report;
import dev.cofferdam.audit.report.pdf.ReportPdf;
import dev.cofferdam.mesh.Caller;
import dev.cofferdam.mesh.store.Access;
import dev.cofferdam.mesh.store.StoreUnavailableException;
import dev.cofferdam.mesh.store.View;
import dev.cofferdam.mesh.store.Violation;
import dev.cofferdam.proto.audit.v1.AuditServiceGrpc;
import dev.cofferdam.proto.audit.v1.EraseTenantRequest;
import dev.cofferdam.proto.audit.v1.EraseTenantResponse;
import dev.cofferdam.proto.audit.v1.GetCheckpointRequest;
import dev.cofferdam.proto.audit.v1.GetCheckpointResponse;
import dev.cofferdam.proto.audit.v1.GetConsistencyProofRequest;
import dev.cofferdam.proto.audit.v1.GetConsistencyProofResponse;
import dev.cofferdam.proto.audit.v1.GetInclusionProofRequest;
import dev.cofferdam.proto.audit.v1.GetInclusionProofResponse;
import dev.cofferdam.proto.audit.v1.GetReportRequest;
import dev.cofferdam.proto.audit.v1.GetReportResponse;
import dev.cofferdam.proto.audit.v1.ListRecordsRequest;
import dev.cofferdam.proto.audit.v1.ListRecordsResponse;
import dev.cofferdam.proto.audit.v1.LoggedRecord;
import dev.cofferdam.proto.audit.v1.ReportFormat;
import dev.cofferdam.proto.audit.v1.RotateKeysRequest;
import dev.cofferdam.proto.audit.v1.RotateKeysResponse;
import dev.cofferdam.proto.events.v1.AuditRecorded;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.vocabulary.TenantId;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The audit log on gRPC. A tenant's certificate opens that tenant's records and no others;
 * checkpoints and proofs are for everyone who may call.
 */
public final class AuditEndpoint extends AuditServiceGrpc.AuditServiceImplBase {
  private static final Logger LOG = LoggerFactory.getLogger(AuditEndpoint.class);
  private static final int PAGE_ROWS = 100;
  private static final int PAGE_ROWS_MAX = 1_000;

  /** Leaves of one page; an answer stays below gRPC's usual bound of 4 MiB. */
  private static final int PAGE_BYTES_MAX = 3 << 20;

  private static final int REASON_CHARS_MAX = 200;
  private static final long PERIOD_MS_MAX = 400L * 86_400_000;

  private final Archive archive;
  private final Reports reports;
  private final Upkeep upkeep;
  private final Violation.Recorder violations;

  /**
   * @param violations told of each attempt to see another tenant's records, before it is refused
   */
  public AuditEndpoint(
      Archive archive, Reports reports, Upkeep upkeep, Violation.Recorder violations) {
    this.archive = archive;
    this.reports = reports;
    this.upkeep = upkeep;
    this.violations = violations;
  }

  @Override
  public void listRecords(ListRecordsRequest request, StreamObserver<ListRecordsResponse> answer) {
    View view = view(request.getTenant(), "ListRecords");
    int rows = rows(request.getPageSize());
    if (request.getSeverityValue() < 0 || request.getSeverityValue() > 3) {
      throw invalid("severity", "unknown value");
    }
    // An operator who asks about a tenant sees of it what the tenant itself does not.
    Optional<TenantId> only =
        view instanceof View.Of of && Caller.current().role() == SpiffeId.Role.OPERATOR
            ? Optional.of(of.tenant())
            : Optional.empty();
    RecordQuery query =
        new RecordQuery(
            only,
            requestId(request.getRequestId()),
            request.getOperation(),
            request.getSeverityValue(),
            time("from_epoch_ms", request.getFromEpochMs()),
            time("to_epoch_ms", request.getToEpochMs()),
            before(request.getPageToken()),
            rows + 1);
    View seen = only.isPresent() ? new View.Everybody() : view;
    List<Opened> found = available(() -> archive.records(seen, query));
    ListRecordsResponse.Builder response = ListRecordsResponse.newBuilder();
    long bytes = 0;
    for (Opened opened : found) {
      bytes += 2L * opened.leaf().bytes().length;
      int listed = response.getRecordsCount();
      if (listed == rows || (listed > 0 && bytes > PAGE_BYTES_MAX)) {
        long last = response.getRecords(listed - 1).getIndex();
        response.setNextPageToken(Long.toString(last));
        break;
      }
      response.addRecords(record(opened));
    }
    answer.onNext(response.build());
    answer.onCompleted();
  }

  @Override
  public void getCheckpoint(
      GetCheckpointRequest request, StreamObserver<GetCheckpointResponse> answer) {
    Archive.Signed signed = latest();
    answer.onNext(
        GetCheckpointResponse.newBuilder()
            .setCheckpoint(signed.note())
            .setVerifierKey(archive.verifierKey())
            .setTreeSize(signed.checkpoint().size())
            .setRootHash(bytes(signed.checkpoint().root()))
            .build());
    answer.onCompleted();
  }

  @Override
  public void getInclusionProof(
      GetInclusionProofRequest request, StreamObserver<GetInclusionProofResponse> answer) {
    long size = request.getTreeSize() == 0 ? latest().checkpoint().size() : request.getTreeSize();
    long index = request.getIndex();
    if (index < 0) {
      throw invalid("index", "expected 0 or more");
    }
    checkSize("tree_size", size);
    if (index >= size) {
      throw refused(ErrorCode.NOT_FOUND, "the tree of that size has no such leaf");
    }
    GetInclusionProofResponse.Builder response =
        GetInclusionProofResponse.newBuilder().setIndex(index).setTreeSize(size);
    available(
        () -> {
          archive.leafHash(index).ifPresent(hash -> response.setLeafHash(bytes(hash)));
          archive.inclusion(index, size).forEach(node -> response.addPath(bytes(node)));
          archive.checkpoint(size).ifPresent(response::setCheckpoint);
          return response;
        });
    answer.onNext(response.build());
    answer.onCompleted();
  }

  @Override
  public void getConsistencyProof(
      GetConsistencyProofRequest request, StreamObserver<GetConsistencyProofResponse> answer) {
    long first = request.getFirst();
    long second = request.getSecond() == 0 ? latest().checkpoint().size() : request.getSecond();
    if (first < 0 || first > second) {
      throw invalid("first", "expected 0 to second");
    }
    checkSize("second", second);
    GetConsistencyProofResponse.Builder response =
        GetConsistencyProofResponse.newBuilder().setFirst(first).setSecond(second);
    available(() -> archive.consistency(first, second))
        .forEach(node -> response.addPath(bytes(node)));
    answer.onNext(response.build());
    answer.onCompleted();
  }

  @Override
  public void getReport(GetReportRequest request, StreamObserver<GetReportResponse> answer) {
    if (!(view(request.getTenant(), "GetReport") instanceof View.Of of)) {
      throw invalid("tenant", "a report is on one tenant");
    }
    Reports.Kind kind =
        switch (request.getKind()) {
          case REPORT_KIND_SOC2 -> Reports.Kind.SOC2;
          case REPORT_KIND_GDPR_ACCESS -> Reports.Kind.GDPR_ACCESS;
          case REPORT_KIND_GDPR_ERASURE -> Reports.Kind.GDPR_ERASURE;
          case REPORT_KIND_HIPAA -> Reports.Kind.HIPAA;
          default -> throw invalid("kind", "expected one of the kinds");
        };
    long from = time("from_epoch_ms", request.getFromEpochMs());
    long to = time("to_epoch_ms", request.getToEpochMs());
    if (to <= from || to - from > PERIOD_MS_MAX) {
      throw invalid("to_epoch_ms", "expected after from_epoch_ms, by 400 days at most");
    }
    Report report = available(() -> reports.make(kind, of.tenant(), from, to));
    answer.onNext(written(report, request.getFormat()));
    answer.onCompleted();
  }

  private static GetReportResponse written(Report report, ReportFormat format) {
    GetReportResponse.Builder answer = GetReportResponse.newBuilder();
    return switch (format) {
      case REPORT_FORMAT_HTML ->
          answer
              .setContentType("text/html; charset=utf-8")
              .setBody(ByteString.copyFromUtf8(report.page().html()))
              .build();
      case REPORT_FORMAT_PDF ->
          answer
              .setContentType("application/pdf")
              .setBody(ByteString.copyFrom(ReportPdf.of(report)))
              .build();
      default ->
          answer
              .setContentType("application/json")
              .setBody(ByteString.copyFromUtf8(report.json()))
              .build();
    };
  }

  @Override
  public void eraseTenant(EraseTenantRequest request, StreamObserver<EraseTenantResponse> answer) {
    TenantId tenant = tenant(request.getTenant());
    String reason = request.getReason();
    if (reason.isBlank()
        || reason.length() > REASON_CHARS_MAX
        || reason.chars().anyMatch(c -> c < ' ')) {
      throw invalid("reason", "expected 1 to " + REASON_CHARS_MAX + " characters on one line");
    }
    String actor = Caller.current().actor();
    LOG.warn("{} erases the audit records of {}", actor, tenant);
    EraseTenantResponse.Builder response = EraseTenantResponse.newBuilder();
    available(() -> upkeep.erase(tenant, actor, reason))
        .ifPresentOrElse(
            erasure -> response.setKeysDestroyed(erasure.keys()).setTreeSize(erasure.treeSize()),
            () -> response.setTreeSize(available(archive::size)));
    answer.onNext(response.build());
    answer.onCompleted();
  }

  @Override
  public void rotateKeys(RotateKeysRequest request, StreamObserver<RotateKeysResponse> answer) {
    Optional<TenantId> tenant =
        request.getTenant().isEmpty() ? Optional.empty() : Optional.of(tenant(request.getTenant()));
    Upkeep.Rotated rotated = available(() -> upkeep.rotate(request.getDataKeys(), tenant));
    LOG.info(
        "{} rotated keys: {} wrapped again, {} retired",
        Caller.current().actor(),
        rotated.rewrapped(),
        rotated.retired());
    answer.onNext(
        RotateKeysResponse.newBuilder()
            .setRewrapped(rotated.rewrapped())
            .setRetired(rotated.retired())
            .build());
    answer.onCompleted();
  }

  private static TenantId tenant(String name) {
    if (!TenantId.isValid(name)) {
      throw invalid("tenant", "expected [a-z0-9-]{1,63}");
    }
    return new TenantId(name);
  }

  private Archive.Signed latest() {
    return available(archive::latest)
        .orElseThrow(
            () -> refused(ErrorCode.DEPENDENCY_UNAVAILABLE, "no checkpoint has been signed yet"));
  }

  private void checkSize(String field, long size) {
    if (size < 0 || size > available(archive::size)) {
      throw invalid(field, "larger than the log");
    }
  }

  private View view(String asked, String method) {
    return Access.ofCaller(asked, method, "audit records", violations);
  }

  private static LoggedRecord record(Opened opened) {
    LoggedRecord.Builder record =
        LoggedRecord.newBuilder()
            .setIndex(opened.leaf().index())
            .setLeafHash(bytes(opened.leaf().storedHash()))
            .setLeaf(ByteString.copyFrom(opened.leaf().bytes()));
    opened
        .payload()
        .ifPresent(
            payload -> {
              try {
                record.setRecord(AuditRecorded.parseFrom(payload));
              } catch (InvalidProtocolBufferException e) {
                throw new IllegalStateException("a sealed record is no audit record", e);
              }
            });
    return record.build();
  }

  private static long time(String field, long epochMs) {
    if (epochMs < 0) {
      throw invalid(field, "expected 0 or more");
    }
    return epochMs;
  }

  private static Optional<RequestId> requestId(String value) {
    if (value.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(new RequestId(value));
    } catch (IllegalArgumentException e) {
      throw invalid("request_id", "expected 32 hexadecimal digits");
    }
  }

  private static Optional<Long> before(String token) {
    if (token.isEmpty()) {
      return Optional.empty();
    }
    if (token.length() > 18 || !token.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw invalid("page_token", "not from an earlier answer");
    }
    return Optional.of(Long.parseLong(token));
  }

  private static int rows(int asked) {
    if (asked < 0 || asked > PAGE_ROWS_MAX) {
      throw invalid("page_size", "expected 1 to " + PAGE_ROWS_MAX);
    }
    return asked == 0 ? PAGE_ROWS : asked;
  }

  private static <T> T available(Supplier<T> query) {
    try {
      return query.get();
    } catch (StoreUnavailableException e) {
      LOG.warn("the log cannot be read: {}", e.getMessage());
      throw refused(ErrorCode.DEPENDENCY_UNAVAILABLE, "the log is not available");
    }
  }

  private static ByteString bytes(TreeHash hash) {
    return ByteString.copyFrom(hash.bytes());
  }

  private static RefusedException invalid(String field, String message) {
    return Refusal.ofParameter(ErrorCode.INVALID_REQUEST, field, field + ": " + message)
        .asException();
  }

  private static RefusedException refused(ErrorCode code, String message) {
    return Refusal.of(code, message).asException();
  }
}
