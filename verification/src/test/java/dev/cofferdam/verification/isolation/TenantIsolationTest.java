package dev.cofferdam.verification.isolation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cofferdam.proto.admin.v1.AdminServiceGrpc;
import dev.cofferdam.proto.admin.v1.DeleteTenantRequest;
import dev.cofferdam.proto.audit.v1.AuditServiceGrpc;
import dev.cofferdam.proto.audit.v1.ListRecordsRequest;
import dev.cofferdam.proto.audit.v1.LoggedRecord;
import dev.cofferdam.proto.events.v1.Severity;
import dev.cofferdam.proto.inference.v1.ChatMessage;
import dev.cofferdam.proto.inference.v1.Citation;
import dev.cofferdam.proto.inference.v1.GenerateRequest;
import dev.cofferdam.proto.inference.v1.Retrieval;
import dev.cofferdam.proto.metering.v1.BillingServiceGrpc;
import dev.cofferdam.proto.metering.v1.DraftInvoiceRequest;
import dev.cofferdam.proto.metering.v1.Invoice;
import dev.cofferdam.proto.metering.v1.InvoiceLine;
import dev.cofferdam.proto.metering.v1.ListUsageRequest;
import dev.cofferdam.proto.metering.v1.UsageRow;
import dev.cofferdam.proto.metering.v1.UsageServiceGrpc;
import dev.cofferdam.verification.Generation;
import dev.cofferdam.verification.Mesh;
import dev.cofferdam.verification.Mesh.TenantHandle;
import dev.cofferdam.verification.Patience;
import dev.cofferdam.verification.crossing.Crossings;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import java.nio.file.Files;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What one tenant must not get of another. */
class TenantIsolationTest {
  private static final Mesh MESH = Mesh.shared();
  private static final String LONG_QUESTION =
      "Hello, I ordered a present for my sister two weeks ago and the parcel has still not arrived."
          + " Could you please tell me what I can do now, and whether I can get my money back?";

  private static int cachedTokens(TenantHandle tenant) {
    return cachedTokens(tenant, Generation.chat(LONG_QUESTION).build());
  }

  @Test
  void theSamePromptOfTwoTenantsNeverSharesAPrefix() {
    TenantHandle first = MESH.newTenant("prefix-a", "standard");
    TenantHandle second = MESH.newTenant("prefix-b", "standard");
    assertThat(cachedTokens(first)).isZero();
    assertThat(
            Patience.await(
                "its own prefix is found again",
                () -> Optional.of(cachedTokens(first)).filter(n -> n > 0)))
        .isPositive();
    for (int i = 0; i < 3; i++) {
      TenantHandle fresh = MESH.newTenant("prefix-c" + i, "standard");
      assertThat(cachedTokens(fresh)).isZero();
    }
    assertThat(cachedTokens(second)).isZero();
  }

  @Test
  void aPinnedTenantHasAWorkerOfItsOwnWhereNobodyElseIsServed() {
    TenantHandle pinned = MESH.newTenant("pinned", "standard", t -> t.setPinnedReplicas(1));
    TenantHandle other = MESH.newTenant("unpinned", "standard");
    try {
      Patience.until(
          "each has workers of its own",
          () -> {
            Set<String> own = workersOf(pinned);
            return own.size() == 1 && Collections.disjoint(own, workersOf(other));
          });
    } finally {
      var unused =
          AdminServiceGrpc.newBlockingStub(MESH.asOperator("grpc"))
              .deleteTenant(DeleteTenantRequest.newBuilder().setTenant(pinned.id()).build());
    }
  }

  /** Where some requests of a tenant's that run at once are served. */
  private static Set<String> workersOf(TenantHandle tenant) {
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      List<CompletableFuture<String>> workers =
          IntStream.range(0, 8)
              .mapToObj(
                  i ->
                      CompletableFuture.supplyAsync(
                          () ->
                              MESH.workerOf(
                                  Generation.run(
                                          MESH.grpc(),
                                          tenant.apiKey(),
                                          Generation.endless(true, 40))
                                      .requestId()),
                          clients))
              .toList();
      return workers.stream().map(CompletableFuture::join).collect(Collectors.toSet());
    }
  }

  @Test
  void aSignedPublicBeginningIsSharedAndWhatFollowsItIsNot() throws Exception {
    String system = Files.readString(Mesh.repository().resolve("models/public-prefixes/shop.txt"));
    GenerateRequest.Builder request = Generation.chat(LONG_QUESTION);
    ChatMessage question = request.getChat().getMessages(0);
    request
        .getChatBuilder()
        .clearMessages()
        .addMessages(ChatMessage.newBuilder().setRole("system").setContent(system.strip()))
        .addMessages(question);
    TenantHandle first = MESH.newTenant("public-a", "standard");
    TenantHandle second = MESH.newTenant("public-b", "free");
    int own =
        Patience.await(
            "the tenant's own prompt is cached",
            () -> Optional.of(cachedTokens(first, request.build())).filter(n -> n > 79));
    int shared =
        Patience.await(
            "the public beginning is cached where the other tenant comes",
            () ->
                Optional.of(cachedTokens(MESH.newTenant("public-c", "free"), request.build()))
                    .filter(n -> n > 0));
    assertThat(shared).isLessThan(own);
    assertThat(cachedTokens(second, request.build())).isIn(0, shared);
  }

  private static int cachedTokens(TenantHandle tenant, GenerateRequest request) {
    Generation generation = Generation.run(MESH.grpc(), tenant.apiKey(), request);
    assertThat(generation.status().isOk()).as("%s", generation.status()).isTrue();
    return generation.finished().getUsage().getCachedPromptTokens();
  }

  @Test
  void aClaimedTenantThatDiffersIsRefusedAndRecordedAsAViolation() {
    TenantHandle attacker = MESH.newTenant("claims", "standard");
    TenantHandle victim = MESH.newTenant("claimed", "standard");
    Generation refused =
        Generation.run(
            MESH.grpc(),
            Generation.credentials(attacker.apiKey(), victim.id()),
            Generation.chat("Hello").build(),
            event -> {});
    assertThat(refused.status().getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
    assertThat(
            MESH.rest()
                .post(
                    "/v1/chat/completions",
                    attacker.apiKey(),
                    "{\"model\":\"support-desk\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}",
                    "x-tenant-id",
                    victim.id())
                .status())
        .isEqualTo(403);
    LoggedRecord record =
        Patience.await(
            "a critical record",
            () ->
                AuditServiceGrpc.newBlockingStub(MESH.audit())
                    .listRecords(
                        ListRecordsRequest.newBuilder()
                            .setTenant(attacker.id())
                            .setSeverity(Severity.SEVERITY_CRITICAL)
                            .build())
                    .getRecordsList()
                    .stream()
                    .findFirst());
    assertThat(record.getRecord().getOperation()).isEqualTo("isolation_violation");
  }

  @Test
  void aTenantSeesItsOwnUsageAndAuditRowsOnly() {
    TenantHandle first = MESH.newTenant("rows-a", "standard");
    TenantHandle second = MESH.newTenant("rows-b", "standard");
    String requestId =
        Generation.run(MESH.grpc(), first.apiKey(), Generation.chat("Hello").build()).requestId();
    Generation.run(MESH.grpc(), second.apiKey(), Generation.chat("Hello").build());

    ManagedChannel metering = MESH.meteringAs(first);
    List<UsageRow> rows =
        Patience.await(
            "the usage row",
            () ->
                Optional.of(
                        UsageServiceGrpc.newBlockingStub(metering)
                            .listUsage(ListUsageRequest.getDefaultInstance())
                            .getRowsList())
                    .filter(list -> !list.isEmpty()));
    assertThat(rows).extracting(UsageRow::getTenant).containsOnly(first.id());
    assertThat(rows).extracting(UsageRow::getRequestId).contains(requestId);
    refused(
        () ->
            UsageServiceGrpc.newBlockingStub(metering)
                .listUsage(ListUsageRequest.newBuilder().setTenant(second.id()).build()));
    billed(metering, rows, second);

    ManagedChannel audit = MESH.auditAs(first);
    List<LoggedRecord> records =
        Patience.await(
            "the audit record",
            () ->
                Optional.of(
                        AuditServiceGrpc.newBlockingStub(audit)
                            .listRecords(ListRecordsRequest.getDefaultInstance())
                            .getRecordsList())
                    .filter(list -> !list.isEmpty()));
    assertThat(records)
        .allSatisfy(r -> assertThat(r.getRecord().getTenant()).isEqualTo(first.id()));
    refused(
        () ->
            AuditServiceGrpc.newBlockingStub(audit)
                .listRecords(ListRecordsRequest.newBuilder().setTenant(second.id()).build()));
  }

  /** The bill holds the tokens of the rows, and another tenant's is refused. */
  private static void billed(ManagedChannel metering, List<UsageRow> rows, TenantHandle other) {
    LocalDate today = LocalDate.now(ZoneOffset.UTC);
    DraftInvoiceRequest.Builder wanted =
        DraftInvoiceRequest.newBuilder()
            .setFromDay(today.minusDays(1).toString())
            .setToDay(today.plusDays(2).toString());
    Invoice bill =
        BillingServiceGrpc.newBlockingStub(metering).draftInvoice(wanted.build()).getInvoice();
    assertThat(
            bill.getLinesList().stream()
                .filter(line -> line.getMeter().equals("output_tokens"))
                .mapToLong(InvoiceLine::getUnits)
                .sum())
        .isEqualTo(rows.stream().mapToLong(UsageRow::getOutputTokens).sum())
        .isPositive();
    refused(
        () ->
            BillingServiceGrpc.newBlockingStub(metering)
                .draftInvoice(wanted.setTenant(other.id()).build()));
  }

  @Test
  void aTenantsDocumentsReachItsOwnPromptsOnly() {
    TenantHandle first = MESH.newTenant("documents-a", "standard");
    TenantHandle second = MESH.newTenant("documents-b", "standard");
    put(first, "{\"id\":\"faq\",\"title\":\"Delivery\",\"text\":\"A parcel takes two days.\"}");
    put(second, "{\"id\":\"faq\",\"text\":\"A parcel takes nine weeks.\"}");
    put(second, "{\"id\":\"theirs\",\"text\":\"A parcel is a secret.\"}");

    GenerateRequest alone = Generation.chat("How long takes a parcel?").build();
    GenerateRequest retrieving =
        alone.toBuilder().setRetrieval(Retrieval.getDefaultInstance()).build();
    Generation without = Generation.run(MESH.grpc(), first.apiKey(), alone);
    Generation with = Generation.run(MESH.grpc(), first.apiKey(), retrieving);

    assertThat(with.status().isOk()).as("%s", with.status()).isTrue();
    assertThat(with.finished().getCitationsList())
        .extracting(Citation::getDocument, Citation::getTitle)
        .containsExactly(tuple("faq", "Delivery"));
    assertThat(with.finished().getUsage().getPromptTokens())
        .isGreaterThan(without.finished().getUsage().getPromptTokens());
    assertThat(without.finished().getCitationsList()).isEmpty();
    assertThat(MESH.rest().get("/v1/documents/theirs", first.apiKey()).status()).isEqualTo(404);
    assertThat(
            MESH.rest()
                .get("/v1/documents", first.apiKey())
                .json()
                .path("data")
                .findValuesAsText("id"))
        .containsExactly("faq");
  }

  private static void put(TenantHandle tenant, String document) {
    assertThat(
            Patience.await(
                    "the document is kept",
                    () ->
                        Optional.of(MESH.rest().post("/v1/documents", tenant.apiKey(), document))
                            .filter(answer -> answer.status() != 503))
                .status())
        .isEqualTo(200);
  }

  @Test
  void aCallerWithoutACertificateIsRefusedByEveryInternalService() {
    for (String endpoint : MESH.internalEndpoints()) {
      ManagedChannel channel = MESH.withoutCertificate(endpoint);
      try {
        StatusRuntimeException refused =
            assertThrows(
                StatusRuntimeException.class,
                () ->
                    HealthGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(10, TimeUnit.SECONDS)
                        .check(HealthCheckRequest.getDefaultInstance()),
                endpoint);
        // With TLS 1.3 the client may have sent its call before the server's refusal arrives.
        assertThat(refused.getStatus().getCode())
            .as(endpoint)
            .isIn(Status.Code.UNAVAILABLE, Status.Code.INTERNAL, Status.Code.UNKNOWN);
      } finally {
        channel.shutdownNow();
      }
    }
  }

  @Test
  void everyKindOfAttemptToCrossABorderIsRefusedAndBecomesACriticalRecord() throws Exception {
    try (Crossings crossings = new Crossings(MESH.state())) {
      for (Crossings.Crossing crossing : crossings.all()) {
        LoggedRecord record = crossings.recorded(crossing);
        assertThat(record.getRecord().getOperation())
            .as(crossing.kind())
            .isIn("isolation_violation", "hidden_violation");
        assertThat(record.getRecord().getTenant()).as(crossing.kind()).isEqualTo(crossing.tenant());
      }
    }
  }

  @Test
  void anotherTenantsStoredRequestIsAsIfItWereNotThereAndTheAttemptIsACriticalRecord()
      throws Exception {
    TenantHandle owner =
        MESH.newTenant("stored-a", "standard", record -> record.setPromptStorageSeconds(600));
    TenantHandle stranger = MESH.newTenant("stored-b", "standard");
    String path =
        "/v1/stored-requests/"
            + Generation.run(MESH.grpc(), owner.apiKey(), Generation.chat("Hello").build())
                .requestId();
    Patience.until(
        "the request is kept", () -> MESH.rest().get(path, owner.apiKey()).status() == 200);
    try (Crossings crossings = new Crossings(MESH.state())) {
      LoggedRecord record =
          crossings.recorded(
              new Crossings.Crossing(
                  "stored_request",
                  stranger.id(),
                  () ->
                      assertThat(MESH.rest().get(path, stranger.apiKey()).status())
                          .isEqualTo(404)));
      assertThat(record.getRecord().getOperation()).isEqualTo("hidden_violation");
      assertThat(
              AuditServiceGrpc.newBlockingStub(MESH.auditAs(stranger))
                  .listRecords(ListRecordsRequest.getDefaultInstance())
                  .getRecordsList())
          .extracting(LoggedRecord::getIndex)
          .doesNotContain(record.getIndex());
    }
  }

  @Test
  void withoutAnIdentityThereIsNoService() {
    Generation refused = Generation.run(MESH.grpc(), "", Generation.chat("Hello").build());
    assertThat(refused.status().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
    assertThat(MESH.rest().get("/v1/models", "").status()).isEqualTo(401);
  }

  private static void refused(Executable call) {
    StatusRuntimeException refused = assertThrows(StatusRuntimeException.class, call);
    assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
  }
}
