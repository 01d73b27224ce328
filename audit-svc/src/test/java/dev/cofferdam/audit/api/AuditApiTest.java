package dev.cofferdam.audit.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.cofferdam.audit.Facts;
import dev.cofferdam.audit.TestLog;
import dev.cofferdam.audit.api.grpc.AuditEndpoint;
import dev.cofferdam.audit.log.LogVerifier;
import dev.cofferdam.audit.log.postgres.PostgresLogFacts;
import dev.cofferdam.audit.proof.Checkpoint;
import dev.cofferdam.audit.proof.NoteVerifier;
import dev.cofferdam.audit.proof.ProofCheck;
import dev.cofferdam.audit.proof.TreeHash;
import dev.cofferdam.audit.retention.Erasure;
import dev.cofferdam.audit.retention.Housekeeping;
import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.mesh.MeshServer;
import dev.cofferdam.mesh.TestPki;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.mesh.store.Violation;
import dev.cofferdam.proto.audit.v1.AuditServiceGrpc;
import dev.cofferdam.proto.audit.v1.AuditServiceGrpc.AuditServiceBlockingStub;
import dev.cofferdam.proto.audit.v1.EraseTenantRequest;
import dev.cofferdam.proto.audit.v1.EraseTenantResponse;
import dev.cofferdam.proto.audit.v1.GetCheckpointRequest;
import dev.cofferdam.proto.audit.v1.GetCheckpointResponse;
import dev.cofferdam.proto.audit.v1.GetConsistencyProofRequest;
import dev.cofferdam.proto.audit.v1.GetInclusionProofRequest;
import dev.cofferdam.proto.audit.v1.GetInclusionProofResponse;
import dev.cofferdam.proto.audit.v1.GetReportRequest;
import dev.cofferdam.proto.audit.v1.GetReportResponse;
import dev.cofferdam.proto.audit.v1.ListRecordsRequest;
import dev.cofferdam.proto.audit.v1.ListRecordsResponse;
import dev.cofferdam.proto.audit.v1.LoggedRecord;
import dev.cofferdam.proto.audit.v1.ReportFormat;
import dev.cofferdam.proto.audit.v1.ReportKind;
import dev.cofferdam.proto.audit.v1.RotateKeysRequest;
import dev.cofferdam.proto.audit.v1.RotateKeysResponse;
import dev.cofferdam.proto.events.v1.Severity;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.wire.Statuses;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The query service over mutual TLS, on a real PostgreSQL. */
class AuditApiTest {
  private static final int SIZE = 90;

  @TempDir Path folder;
  private final TestLog log = new TestLog();
  private final List<Violation> violations = new CopyOnWriteArrayList<>();
  private final List<Erasure> told = new CopyOnWriteArrayList<>();
  private MeshServer server;
  private MeshChannels harbor;
  private MeshChannels operator;

  @BeforeEach
  void serve() {
    log.append(Facts.some(0, SIZE));
    log.sign();
    TestPki pki = new TestPki(folder);
    TlsFiles own = pki.identity("audit", "spiffe://cofferdam.local/service/audit");
    Archive archive =
        new Archive(log.reader, log.checkpoints, log.keys::byIds, log.signer.verifier());
    Housekeeping housekeeping = new Housekeeping(log.keys, t -> 90, Duration.ofDays(30), told::add);
    Upkeep upkeep = new Upkeep(log.keys, housekeeping, InstantSource.system());
    server =
        MeshServer.builder("cofferdam.local", own)
            .service(
                new AuditEndpoint(
                    archive,
                    new Reports(archive, new PostgresLogFacts(log.database), t -> 90, "local:test"),
                    upkeep,
                    violations::add))
            .start();
    harbor = new MeshChannels(pki.identity("h", "spiffe://cofferdam.local/tenant/harbor-books"));
    operator = new MeshChannels(pki.identity("o", "spiffe://cofferdam.local/operator/local"));
  }

  @AfterEach
  void stop() throws IOException {
    harbor.close();
    operator.close();
    server.close();
  }

  private AuditServiceBlockingStub as(MeshChannels channels) {
    return AuditServiceGrpc.newBlockingStub(
        channels.to("127.0.0.1:" + server.port(), SpiffeId.Role.AUDIT));
  }

  private List<LoggedRecord> allPages(MeshChannels channels, ListRecordsRequest first) {
    List<LoggedRecord> records = new ArrayList<>();
    ListRecordsRequest request = first;
    while (true) {
      ListRecordsResponse page = as(channels).listRecords(request);
      records.addAll(page.getRecordsList());
      if (page.getNextPageToken().isEmpty()) {
        return records;
      }
      request = first.toBuilder().setPageToken(page.getNextPageToken()).build();
    }
  }

  private static ErrorCode refusal(Throwable failure) {
    return Statuses.toRefusal(failure).code();
  }

  @Test
  void aTenantSeesItsOwnRecordsOpenedAndNoOthers() {
    List<LoggedRecord> records =
        allPages(harbor, ListRecordsRequest.newBuilder().setPageSize(7).build());
    assertThat(records).hasSize(SIZE / 3);
    assertThat(records).allMatch(r -> r.getRecord().getTenant().equals("harbor-books"));
    assertThat(new HashSet<>(records)).hasSize(SIZE / 3);
    assertThat(records).isSortedAccordingTo((a, b) -> Long.compare(b.getIndex(), a.getIndex()));
  }

  @Test
  void anotherTenantsRecordsAreRefusedAndTheAttemptIsRecorded() {
    Throwable refused =
        catchThrowable(
            () ->
                as(harbor)
                    .listRecords(
                        ListRecordsRequest.newBuilder().setTenant("pixel-pirates").build()));
    assertThat(refusal(refused)).isEqualTo(ErrorCode.IDENTITY_MISMATCH);
    assertThat(violations)
        .singleElement()
        .satisfies(
            v -> {
              assertThat(v.tenant()).isEqualTo(new TenantId("harbor-books"));
              assertThat(v.actor()).isEqualTo("spiffe://cofferdam.local/tenant/harbor-books");
            });
  }

  @Test
  void anotherTenantsRequestIdRevealsNothing() {
    String foreign = Facts.request(1).value();
    assertThat(allPages(operator, ListRecordsRequest.newBuilder().setRequestId(foreign).build()))
        .hasSize(1);
    assertThat(allPages(harbor, ListRecordsRequest.newBuilder().setRequestId(foreign).build()))
        .isEmpty();
  }

  @Test
  void anAttemptOfWhichATenantWasNotToldIsForOperators() {
    log.append(
        List.of(
            Facts.audit(5_100, "harbor-books")
                .setSeverity(Severity.SEVERITY_CRITICAL)
                .setOperation("hidden_violation")
                .build()));
    ListRecordsRequest all = ListRecordsRequest.newBuilder().setTenant("harbor-books").build();
    int shown = allPages(harbor, all).size();
    assertThat(allPages(operator, all))
        .hasSize(shown + 1)
        .anyMatch(r -> r.getRecord().getOperation().equals("hidden_violation"));
    assertThat(allPages(harbor, all))
        .isNotEmpty()
        .noneMatch(r -> r.getRecord().getOperation().equals("hidden_violation"));
  }

  @Test
  void recordsAreFoundBySeverity() {
    log.append(
        List.of(
            Facts.audit(5_000, "harbor-books")
                .setSeverity(Severity.SEVERITY_CRITICAL)
                .setOperation("isolation_violation")
                .build()));
    assertThat(
            allPages(
                operator,
                ListRecordsRequest.newBuilder().setSeverity(Severity.SEVERITY_CRITICAL).build()))
        .singleElement()
        .satisfies(r -> assertThat(r.getRecord().getOperation()).isEqualTo("isolation_violation"));
  }

  @Test
  void aTenantVerifiesItsRecordWithNothingButTheVerifierKey() {
    LoggedRecord record = allPages(harbor, ListRecordsRequest.getDefaultInstance()).getFirst();
    GetInclusionProofResponse proof =
        as(harbor)
            .getInclusionProof(
                GetInclusionProofRequest.newBuilder().setIndex(record.getIndex()).build());
    NoteVerifier verifier = NoteVerifier.parse(log.signer.verifier().text());
    Checkpoint checkpoint =
        verifier.open(proof.getCheckpoint()).map(Checkpoint::parse).orElseThrow();
    assertThat(checkpoint.size()).isEqualTo(proof.getTreeSize()).isEqualTo(SIZE);
    List<TreeHash> path =
        proof.getPathList().stream().map(b -> TreeHash.of(b.toByteArray())).toList();
    TreeHash leaf = TreeHash.leaf(record.getLeaf().toByteArray());
    assertThat(leaf.bytes()).isEqualTo(record.getLeafHash().toByteArray());
    assertThat(
            ProofCheck.inclusion(
                leaf, record.getIndex(), checkpoint.size(), path, checkpoint.root()))
        .isTrue();
  }

  @Test
  void checkpointsAreConsistentAsTheLogGrows() {
    GetCheckpointResponse before =
        as(harbor).getCheckpoint(GetCheckpointRequest.getDefaultInstance());
    log.append(Facts.some(1_000, 41));
    log.sign();
    GetCheckpointResponse after =
        as(harbor).getCheckpoint(GetCheckpointRequest.getDefaultInstance());
    assertThat(after.getTreeSize()).isEqualTo(SIZE + 41);
    List<TreeHash> path =
        as(harbor)
            .getConsistencyProof(
                GetConsistencyProofRequest.newBuilder().setFirst(before.getTreeSize()).build())
            .getPathList()
            .stream()
            .map(b -> TreeHash.of(b.toByteArray()))
            .toList();
    assertThat(
            ProofCheck.consistency(
                before.getTreeSize(),
                TreeHash.of(before.getRootHash().toByteArray()),
                after.getTreeSize(),
                TreeHash.of(after.getRootHash().toByteArray()),
                path))
        .isTrue();
    assertThat(NoteVerifier.parse(after.getVerifierKey()).open(after.getCheckpoint())).isPresent();
  }

  @Test
  void aRecordWhoseKeyWasDestroyedIsListedUnopened() {
    log.keys.erase(new TenantId("harbor-books"), "ann", "asked to");
    List<LoggedRecord> records = allPages(harbor, ListRecordsRequest.getDefaultInstance());
    assertThat(records).hasSize(SIZE / 3).noneMatch(LoggedRecord::hasRecord);
    assertThat(records).noneMatch(r -> r.getLeaf().isEmpty());
  }

  @Test
  void badArgumentsAreRefusedByTheirCode() {
    assertThat(
            refusal(
                catchThrowable(
                    () ->
                        as(harbor)
                            .getInclusionProof(
                                GetInclusionProofRequest.newBuilder().setIndex(-1).build()))))
        .isEqualTo(ErrorCode.INVALID_REQUEST);
    assertThat(
            refusal(
                catchThrowable(
                    () ->
                        as(harbor)
                            .getInclusionProof(
                                GetInclusionProofRequest.newBuilder().setIndex(SIZE).build()))))
        .isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(
            refusal(
                catchThrowable(
                    () ->
                        as(harbor)
                            .getInclusionProof(
                                GetInclusionProofRequest.newBuilder()
                                    .setTreeSize(SIZE + 1)
                                    .build()))))
        .isEqualTo(ErrorCode.INVALID_REQUEST);
    assertThat(
            refusal(
                catchThrowable(
                    () ->
                        as(harbor)
                            .getConsistencyProof(
                                GetConsistencyProofRequest.newBuilder()
                                    .setFirst(5)
                                    .setSecond(4)
                                    .build()))))
        .isEqualTo(ErrorCode.INVALID_REQUEST);
    for (ListRecordsRequest bad :
        List.of(
            ListRecordsRequest.newBuilder().setPageSize(-1).build(),
            ListRecordsRequest.newBuilder().setSeverityValue(9).build(),
            ListRecordsRequest.newBuilder().setPageToken("-1").build(),
            ListRecordsRequest.newBuilder().setRequestId("' or true --").build())) {
      assertThat(refusal(catchThrowable(() -> as(harbor).listRecords(bad))))
          .isEqualTo(ErrorCode.INVALID_REQUEST);
    }
  }

  @Test
  void rowLevelSecurityAloneHoldsWhereAConditionIsForgotten() throws SQLException {
    try (Connection connection = log.database.getConnection();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      statement.execute("set local cofferdam.tenant = 'harbor-books'");
      assertThat(tenants(statement)).containsExactly("harbor-books");
      connection.rollback();
      assertThat(tenants(statement)).isEmpty();
    }
  }

  private static Set<String> tenants(Statement statement) throws SQLException {
    Set<String> tenants = new HashSet<>();
    try (ResultSet rows = statement.executeQuery("select distinct tenant from leaves")) {
      while (rows.next()) {
        tenants.add(rows.getString(1));
      }
    }
    return tenants;
  }

  private GetReportResponse report(MeshChannels channels, ReportKind kind, ReportFormat format) {
    return as(channels)
        .getReport(
            GetReportRequest.newBuilder()
                .setKind(kind)
                .setTenant("harbor-books")
                .setFromEpochMs(Facts.NOW.toEpochMilli() - 1)
                .setToEpochMs(Facts.NOW.toEpochMilli() + 1)
                .setFormat(format)
                .build());
  }

  @Test
  void recordsAreFoundByTimeAndOperation() {
    log.append(
        List.of(
            Facts.audit(500, "harbor-books")
                .setOperation("admin.put_tenant")
                .setOccurredEpochMs(Facts.NOW.toEpochMilli() + 60_000)
                .build()));
    ListRecordsRequest.Builder query = ListRecordsRequest.newBuilder();
    assertThat(allPages(harbor, query.clone().setOperation("admin.put_tenant").build())).hasSize(1);
    assertThat(allPages(harbor, query.clone().setOperation("generate").build())).hasSize(SIZE / 3);
    long later = Facts.NOW.toEpochMilli() + 1;
    assertThat(allPages(harbor, query.clone().setFromEpochMs(later).build())).hasSize(1);
    assertThat(allPages(harbor, query.clone().setToEpochMs(later).build())).hasSize(SIZE / 3);
    assertThat(
            refusal(
                catchThrowable(
                    () -> as(harbor).listRecords(query.clone().setToEpochMs(-1).build()))))
        .isEqualTo(ErrorCode.INVALID_REQUEST);
  }

  @Test
  void everyReportIsMadeForTheTenantAsJsonAsAPageAndAsPdf() {
    for (ReportKind kind :
        List.of(
            ReportKind.REPORT_KIND_SOC2,
            ReportKind.REPORT_KIND_GDPR_ACCESS,
            ReportKind.REPORT_KIND_GDPR_ERASURE,
            ReportKind.REPORT_KIND_HIPAA)) {
      String json = report(harbor, kind, ReportFormat.REPORT_FORMAT_JSON).getBody().toStringUtf8();
      assertThat(json).contains("harbor-books", "root hash", "AES-256-GCM", "90 days");
      assertThat(json).doesNotContain("pixel-pirates", "nordic-parcel");
      GetReportResponse pdf = report(operator, kind, ReportFormat.REPORT_FORMAT_PDF);
      assertThat(pdf.getContentType()).isEqualTo("application/pdf");
      assertThat(pdf.getBody().toStringUtf8()).startsWith("%PDF-1.7").endsWith("%%EOF\n");
      GetReportResponse page = report(operator, kind, ReportFormat.REPORT_FORMAT_HTML);
      assertThat(page.getContentType()).isEqualTo("text/html; charset=utf-8");
      assertThat(page.getBody().toStringUtf8())
          .contains("<h1>", "harbor-books", "<h2>Protection</h2>")
          .doesNotContain("<script");
    }
    assertThat(
            report(harbor, ReportKind.REPORT_KIND_HIPAA, ReportFormat.REPORT_FORMAT_JSON)
                .getBody()
                .toStringUtf8())
        .contains("NOT MET: 90 days");
  }

  @Test
  void anothersReportIsRefusedAndRecorded() {
    GetReportRequest request =
        GetReportRequest.newBuilder()
            .setKind(ReportKind.REPORT_KIND_SOC2)
            .setTenant("pixel-pirates")
            .setToEpochMs(1)
            .build();
    assertThat(refusal(catchThrowable(() -> as(harbor).getReport(request))))
        .isEqualTo(ErrorCode.IDENTITY_MISMATCH);
    assertThat(violations).extracting(Violation::method).containsExactly("GetReport");
  }

  @Test
  void anOperatorErasesATenantAndEveryProofStillHolds() {
    Checkpoint before = log.sign();
    EraseTenantRequest request =
        EraseTenantRequest.newBuilder()
            .setTenant("harbor-books")
            .setReason("contract ended")
            .build();
    assertThat(refusal(catchThrowable(() -> as(harbor).eraseTenant(request))))
        .isEqualTo(ErrorCode.CALL_NOT_ALLOWED);
    EraseTenantResponse erased = as(operator).eraseTenant(request);
    assertThat(erased.getKeysDestroyed()).isEqualTo(1);
    assertThat(erased.getTreeSize()).isEqualTo(SIZE);
    assertThat(told).singleElement().satisfies(e -> assertThat(e.actor()).contains("operator"));
    assertThat(allPages(harbor, ListRecordsRequest.getDefaultInstance()))
        .hasSize(SIZE / 3)
        .noneMatch(LoggedRecord::hasRecord);
    assertThat(log.verify(before)).isEqualTo(new LogVerifier.Finding.Intact(SIZE));
    assertThat(
            report(harbor, ReportKind.REPORT_KIND_GDPR_ERASURE, ReportFormat.REPORT_FORMAT_JSON)
                .getBody()
                .toStringUtf8())
        .contains("contract ended");
    assertThat(as(operator).eraseTenant(request).getKeysDestroyed()).isZero();
    assertThat(told).hasSize(1);
  }

  @Test
  void anOperatorRotatesDataKeys() {
    RotateKeysResponse rotated =
        as(operator).rotateKeys(RotateKeysRequest.newBuilder().setDataKeys(true).build());
    assertThat(rotated.getRetired()).isEqualTo(3);
    assertThat(rotated.getRewrapped()).isZero();
    log.append(Facts.some(900, 3));
    assertThat(allPages(harbor, ListRecordsRequest.getDefaultInstance()))
        .hasSize(SIZE / 3 + 1)
        .allMatch(LoggedRecord::hasRecord);
  }
}
