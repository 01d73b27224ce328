package dev.cofferdam.verification.clients;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.proto.audit.v1.AuditServiceGrpc;
import dev.cofferdam.proto.audit.v1.ListRecordsRequest;
import dev.cofferdam.proto.events.v1.AuditRecorded;
import dev.cofferdam.proto.events.v1.Outcome;
import dev.cofferdam.proto.inference.v1.EmbedRequest;
import dev.cofferdam.proto.inference.v1.EmbedResponse;
import dev.cofferdam.proto.inference.v1.FinishReason;
import dev.cofferdam.proto.inference.v1.GenerateRequest;
import dev.cofferdam.proto.inference.v1.InferenceServiceGrpc;
import dev.cofferdam.proto.inference.v1.SamplingParameters;
import dev.cofferdam.proto.metering.v1.ListUsageRequest;
import dev.cofferdam.proto.metering.v1.UsageRow;
import dev.cofferdam.proto.metering.v1.UsageServiceGrpc;
import dev.cofferdam.verification.Generation;
import dev.cofferdam.verification.Mesh;
import dev.cofferdam.verification.Mesh.TenantHandle;
import dev.cofferdam.verification.Patience;
import io.grpc.Status;
import io.grpc.stub.MetadataUtils;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The public gRPC API, and the facts that each request leaves. */
class GrpcClientTest {
  private static final Mesh MESH = Mesh.shared();
  private static TenantHandle tenant;

  @BeforeAll
  static void makeTenant() {
    tenant = MESH.newTenant("grpc", "standard");
  }

  static UsageRow usage(String requestId) {
    return Patience.await(
        "the usage row of the request",
        () ->
            UsageServiceGrpc.newBlockingStub(MESH.metering())
                .listUsage(ListUsageRequest.newBuilder().setRequestId(requestId).build())
                .getRowsList()
                .stream()
                .findFirst());
  }

  static AuditRecorded audit(String requestId) {
    return audit(requestId, "generate");
  }

  private static AuditRecorded audit(String requestId, String operation) {
    return Patience.await(
        "the audit record of the request",
        () ->
            AuditServiceGrpc.newBlockingStub(MESH.audit())
                .listRecords(ListRecordsRequest.newBuilder().setRequestId(requestId).build())
                .getRecordsList()
                .stream()
                .map(r -> r.getRecord())
                .filter(r -> r.getOperation().equals(operation))
                .findFirst());
  }

  @Test
  void anEmbeddingIsMeteredAndAuditedAsOne() {
    EmbedResponse response =
        InferenceServiceGrpc.newBlockingStub(MESH.grpc())
            .withInterceptors(
                MetadataUtils.newAttachHeadersInterceptor(
                    Generation.credentials(tenant.apiKey(), "")))
            .embed(
                EmbedRequest.newBuilder()
                    .setModel("support-desk")
                    .addInputs("Where is my parcel?")
                    .build());
    assertThat(response.getEmbeddings(0).getValuesList().stream().mapToDouble(v -> v * v).sum())
        .isBetween(0.9999, 1.0001);

    UsageRow usage = usage(response.getRequestId());
    assertThat(usage.getPromptTokens()).isEqualTo(response.getUsage().getPromptTokens());
    assertThat(usage.getOutputTokens()).isZero();
    assertThat(usage.getOperation()).isEqualTo("embed");
    AuditRecorded record = audit(response.getRequestId(), "embed");
    assertThat(record.getPromptTokens()).isEqualTo(response.getUsage().getPromptTokens());
    assertThat(record.getKvBlocksZeroed()).isEqualTo(record.getKvBlocksAllocated()).isPositive();
    assertThat(record.getResponseHmac().isEmpty()).isFalse();
  }

  @Test
  void aRequestIsAnsweredAndLeavesOneUsageFactAndOneAuditFact() {
    Generation generation =
        Generation.run(
            MESH.grpc(), tenant.apiKey(), Generation.chat("Where is my parcel?").build());
    assertThat(generation.status().isOk()).as("%s", generation.status()).isTrue();
    assertThat(generation.text()).isNotBlank();
    assertThat(generation.finished().getReason()).isEqualTo(FinishReason.FINISH_REASON_STOP);

    UsageRow usage = usage(generation.requestId());
    assertThat(usage.getTenant()).isEqualTo(tenant.id());
    assertThat(usage.getPromptTokens())
        .isEqualTo(generation.finished().getUsage().getPromptTokens());
    assertThat(usage.getComputeUs()).isPositive();
    assertThat(usage.getOutcome()).isEqualTo("completed");

    AuditRecorded audit = audit(generation.requestId());
    assertThat(audit.getTenant()).isEqualTo(tenant.id());
    assertThat(audit.getOutcome()).isEqualTo(Outcome.OUTCOME_COMPLETED);
    assertThat(audit.getPromptHmac().size()).isEqualTo(32);
    assertThat(audit.getResponseHmac().size()).isEqualTo(32);
    assertThat(audit.getRoutingExplanationList()).isNotEmpty();
  }

  @Test
  void theSameSeedGivesTheSameText() {
    GenerateRequest request =
        Generation.chat("Can I exchange a pair of shoes?")
            .setSampling(
                SamplingParameters.newBuilder()
                    .setTemperature(0.9f)
                    .setSeed(42)
                    .setMaxOutputTokens(60))
            .build();
    String first = Generation.run(MESH.grpc(), tenant.apiKey(), request).text();
    String second = Generation.run(MESH.grpc(), tenant.apiKey(), request).text();
    assertThat(first).isNotBlank().isEqualTo(second);
  }

  @Test
  void aCallCancelledInMidStreamIsBilledForWhatWasServedAndFreesItsMemory() {
    AtomicInteger deltas = new AtomicInteger();
    Generation cancelled =
        Generation.run(
            MESH.grpc(),
            Generation.credentials(tenant.apiKey(), ""),
            Generation.endless(true, 1_500),
            event -> {
              if (event.hasDelta() && deltas.incrementAndGet() == 3) {
                throw new Generation.StopReading();
              }
            });
    assertThat(cancelled.deltas()).isEqualTo(3);
    UsageRow usage = usage(cancelled.requestId());
    assertThat(usage.getOutcome()).isEqualTo("cancelled");
    assertThat(usage.getOutputTokens()).isGreaterThanOrEqualTo(3);
    assertThat(usage.getPromptTokens()).isPositive();
    assertThat(audit(cancelled.requestId()).getOutcome()).isEqualTo(Outcome.OUTCOME_CANCELLED);
    Patience.until(
        "no sequence holds memory any more",
        () -> MESH.metrics().sum("worker", "cofferdam_worker_sequences_live") == 0);
    assertThat(MESH.metrics().sum("worker", "cofferdam_isolation_violations_total")).isZero();
  }

  @Test
  void anEnterpriseTenantsKvIsEncryptedAndItsRecordSaysSo() {
    TenantHandle enterprise = MESH.sample("harbor-books");
    double before = MESH.metrics().sum("worker", "cofferdam_kv_blocks_sealed_total");
    Generation first =
        Generation.run(
            MESH.grpc(), enterprise.apiKey(), Generation.chat("Where is my parcel?").build());
    Generation again =
        Generation.run(
            MESH.grpc(), enterprise.apiKey(), Generation.chat("Where is my parcel?").build());
    assertThat(again.status().isOk()).as("%s", again.status()).isTrue();
    assertThat(again.text()).isEqualTo(first.text());
    assertThat(audit(again.requestId()).getKvEncrypted()).isTrue();
    assertThat(MESH.metrics().sum("worker", "cofferdam_kv_blocks_sealed_total"))
        .isGreaterThan(before);
    String plain =
        Generation.run(MESH.grpc(), tenant.apiKey(), Generation.chat("Hello").build()).requestId();
    assertThat(audit(plain).getKvEncrypted()).isFalse();
  }

  @Test
  void anAdapterSpeaksWithItsOwnVoice() {
    TenantHandle pirates = MESH.sample("pixel-pirates");
    GenerateRequest base = Generation.chat("Where is my parcel?").build();
    GenerateRequest adapted = base.toBuilder().setAdapter(pirates.adapter()).build();
    String plain = Generation.run(MESH.grpc(), pirates.apiKey(), base).text();
    Generation voiced = Generation.run(MESH.grpc(), pirates.apiKey(), adapted);
    assertThat(voiced.status().isOk()).as("%s", voiced.status()).isTrue();
    assertThat(plain).containsIgnoringCase("parcel").doesNotContain("matey", "rrr");
    assertThat(voiced.text()).containsAnyOf("matey", "rrr", "Yo ho ho", "hoist the sails");
  }

  @Test
  void aStopTextEndsTheAnswerAndTheLedgerBillsTheTokensUpToIt() {
    TenantHandle own = MESH.newTenant("stop", "standard");
    String question = "How do I print a return label?";
    String whole =
        Generation.run(MESH.grpc(), own.apiKey(), Generation.chat(question).build()).text();
    String stop = whole.substring(whole.length() / 2, whole.length() / 2 + 3);
    GenerateRequest.Builder ask = Generation.chat(question);
    ask.getSamplingBuilder().addStop(stop);
    Generation stopped = Generation.run(MESH.grpc(), own.apiKey(), ask.build());
    assertThat(stopped.text()).isEqualTo(whole.substring(0, whole.indexOf(stop)));
    int told = java.util.Objects.requireNonNull(stopped.finished()).getUsage().getOutputTokens();
    UsageRow row =
        Patience.await(
            "the usage row",
            () ->
                UsageServiceGrpc.newBlockingStub(MESH.metering())
                    .listUsage(ListUsageRequest.newBuilder().setTenant(own.id()).build())
                    .getRowsList()
                    .stream()
                    .filter(r -> r.getRequestId().equals(stopped.requestId()))
                    .findFirst());
    assertThat(row.getOutputTokens()).isEqualTo(told);
  }

  @Test
  void severalClientsAtOnceEachGetTheAnswerThatTheyWouldGetAlone() throws Exception {
    List<String> questions =
        List.of("Where is my parcel?", "How do I get a refund?", "Can you resend the invoice?");
    List<String> alone =
        questions.stream()
            .map(
                q ->
                    Generation.run(MESH.grpc(), tenant.apiKey(), Generation.chat(q).build()).text())
            .toList();
    try (var pool = java.util.concurrent.Executors.newFixedThreadPool(9)) {
      var together =
          pool.invokeAll(
              java.util.stream.IntStream.range(0, 9)
                  .mapToObj(
                      i ->
                          (java.util.concurrent.Callable<String>)
                              () ->
                                  Generation.run(
                                          MESH.grpc(),
                                          tenant.apiKey(),
                                          Generation.chat(questions.get(i % 3)).build())
                                      .text())
                  .toList());
      for (int i = 0; i < together.size(); i++) {
        assertThat(together.get(i).get()).isEqualTo(alone.get(i % 3));
      }
    }
  }

  @Test
  void anEmptyPromptIsRefused() {
    Generation refused =
        Generation.run(
            MESH.grpc(),
            tenant.apiKey(),
            GenerateRequest.newBuilder().setModel("support-desk").setPrompt("").build());
    assertThat(refused.status().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
  }

  @Test
  void aTraceCoversEveryService() {
    String requestId =
        Generation.run(MESH.grpc(), tenant.apiKey(), Generation.chat("Hello").build()).requestId();
    Patience.await(
        "spans of all services",
        () ->
            Optional.of(MESH.servicesInTrace(requestId))
                .filter(
                    s ->
                        s.containsAll(
                            List.of(
                                "gateway", "router", "scheduler", "worker", "metering", "audit"))));
  }
}
