package dev.cofferdam.verification.clients;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.proto.admin.v1.Adapter;
import dev.cofferdam.proto.admin.v1.AdminServiceGrpc;
import dev.cofferdam.proto.admin.v1.LimitOverrides;
import dev.cofferdam.proto.admin.v1.ListAdaptersRequest;
import dev.cofferdam.proto.admin.v1.ListModelsRequest;
import dev.cofferdam.proto.admin.v1.Model;
import dev.cofferdam.proto.admin.v1.ModelShift;
import dev.cofferdam.proto.admin.v1.PromoteRolloutRequest;
import dev.cofferdam.proto.admin.v1.PutModelRequest;
import dev.cofferdam.proto.admin.v1.ReportQualityRequest;
import dev.cofferdam.proto.admin.v1.RollBackRolloutRequest;
import dev.cofferdam.proto.admin.v1.Rollout;
import dev.cofferdam.proto.admin.v1.RolloutGates;
import dev.cofferdam.proto.admin.v1.RolloutServiceGrpc;
import dev.cofferdam.proto.admin.v1.RolloutState;
import dev.cofferdam.proto.admin.v1.ShadowTraffic;
import dev.cofferdam.proto.admin.v1.StartRolloutRequest;
import dev.cofferdam.proto.audit.v1.AuditServiceGrpc;
import dev.cofferdam.proto.audit.v1.ListRecordsRequest;
import dev.cofferdam.proto.audit.v1.LoggedRecord;
import dev.cofferdam.proto.events.v1.AuditRecorded;
import dev.cofferdam.proto.events.v1.Outcome;
import dev.cofferdam.proto.metering.v1.ListUsageRequest;
import dev.cofferdam.proto.metering.v1.UsageRow;
import dev.cofferdam.proto.metering.v1.UsageServiceGrpc;
import dev.cofferdam.proto.routing.v1.ExplainRequest;
import dev.cofferdam.proto.routing.v1.ExplainResponse;
import dev.cofferdam.proto.routing.v1.RoutingServiceGrpc;
import dev.cofferdam.verification.Generation;
import dev.cofferdam.verification.Mesh;
import dev.cofferdam.verification.Mesh.TenantHandle;
import dev.cofferdam.verification.Patience;
import org.junit.jupiter.api.Test;

/** Another version of an adapter, and another model in the shadow of one, as tenants meet them. */
class RolloutTest {
  private static final Mesh MESH = Mesh.shared();
  private static final String NAME = "voice";

  private final TenantHandle tenant =
      MESH.newTenant(
          "rollout", "standard", LimitOverrides.newBuilder().setRequestsPerMinute(10_000).build());

  private static RolloutServiceGrpc.RolloutServiceBlockingStub rollouts() {
    return RolloutServiceGrpc.newBlockingStub(MESH.asOperator("grpc"));
  }

  private Adapter put(String folder) {
    return MESH.putAdapter(tenant, NAME, folder);
  }

  private Adapter start(Rollout.Builder rollout) {
    return rollouts()
        .startRollout(
            StartRolloutRequest.newBuilder()
                .setTenant(tenant.id())
                .setName(NAME)
                .setRollout(rollout)
                .build())
        .getAdapter();
  }

  private Generation ask(String question) {
    return Generation.run(
        MESH.grpc(), tenant.apiKey(), Generation.chat(question).setAdapter(NAME).build());
  }

  /** The version that answers, as the router explains it; empty where nothing answered. */
  private String versionNow() {
    Generation generation = ask("Hello");
    return generation.status().isOk() ? explain(generation).getAdapterVersion() : "";
  }

  private static ExplainResponse explain(Generation generation) {
    return RoutingServiceGrpc.newBlockingStub(MESH.asOperator("router"))
        .explain(ExplainRequest.newBuilder().setRequestId(generation.requestId()).build());
  }

  @Test
  void aNewVersionIsServedFromItsOwnFolderPromotedAndTakenBack() {
    String former = put("harbor-books").getVersion();
    Patience.until("the adapter is served", () -> versionNow().equals(former));
    String next =
        start(Rollout.newBuilder().setFolder("nordic-parcel").setWeight(1))
            .getRollout()
            .getVersion();
    Patience.until("the new version is served", () -> versionNow().equals(next));

    rollouts()
        .promoteRollout(
            PromoteRolloutRequest.newBuilder().setTenant(tenant.id()).setName(NAME).build());
    assertThat(versionNow()).isEqualTo(next);
    rollouts()
        .rollBackRollout(
            RollBackRolloutRequest.newBuilder().setTenant(tenant.id()).setName(NAME).build());
    Patience.until("the former version is served", () -> versionNow().equals(former));
    ExplainResponse explained = explain(ask("Hello"));
    assertThat(explained.getTenant()).isEqualTo(tenant.id());
    assertThat(explained.getWorkers(0).getLinesList()).anyMatch(line -> line.startsWith("load "));
  }

  @Test
  void aVersionThatFailsIsRolledBackByItselfAndTheReasonIsRecorded() {
    String good = put("harbor-books").getVersion();
    Patience.until("the adapter is served", () -> versionNow().equals(good));
    start(
        Rollout.newBuilder()
            .setFolder("harbor-books")
            .setVersion("b".repeat(64)) // not what lies there, so that no worker loads it
            .setWeight(0.5)
            .setGates(RolloutGates.newBuilder().setRequestsMin(5)));
    int[] asked = {0};
    Patience.until(
        "the rollout is rolled back",
        () -> {
          ask("Where is parcel " + asked[0]++ + "?");
          return rollout().getState() == RolloutState.ROLLOUT_STATE_ROLLED_BACK;
        });
    assertThat(rollout().getReason()).contains("error rate");
    for (int i = 0; i < 10; i++) {
      int question = i;
      Patience.until(
          "every conversation is served again",
          () -> ask("Where is parcel " + question + "?").status().isOk());
    }
    assertThat(versionNow()).isEqualTo(good);
  }

  @Test
  void aVersionWhoseAnswersAreReportedAsWorseIsTakenBackForEverybody() {
    String good = put("harbor-books").getVersion();
    Patience.until("the adapter is served", () -> versionNow().equals(good));
    String next =
        start(Rollout.newBuilder().setFolder("nordic-parcel").setWeight(1))
            .getRollout()
            .getVersion();
    Patience.until("the new version is served", () -> versionNow().equals(next));
    assertThat(report(good, 0.9).getState()).isEqualTo(RolloutState.ROLLOUT_STATE_RUNNING);
    assertThat(report(next, 0.6).getState()).isEqualTo(RolloutState.ROLLOUT_STATE_ROLLED_BACK);
    assertThat(rollout().getReason()).startsWith("quality 0.600");
    Patience.until("the former version is served", () -> versionNow().equals(good));
  }

  private Rollout report(String version, double score) {
    return rollouts()
        .reportQuality(
            ReportQualityRequest.newBuilder()
                .setTenant(tenant.id())
                .setName(NAME)
                .setVersion(version)
                .setScore(score)
                .setSamples(100)
                .build())
        .getAdapter()
        .getRollout();
  }

  @Test
  void aModelIsShiftedToAnotherForWhoeverMayUseTheFirst() {
    Model next = MESH.putModel(Mesh.SECOND_MODEL);
    Model present = model("support-desk");
    TenantHandle bound =
        MESH.newTenant("shifted", "standard", t -> t.addModelsAllowed(present.getId()));
    putModel(
        present.toBuilder()
            .setShift(ModelShift.newBuilder().setModel(next.getId()).setShare(1))
            .build());
    try {
      Patience.until("the other model answers", () -> answering(bound).equals(next.getId()));
    } finally {
      putModel(present);
    }
    Patience.until("the first one answers again", () -> answering(bound).equals(present.getId()));
  }

  private static String answering(TenantHandle asker) {
    Generation answer =
        Generation.run(MESH.grpc(), asker.apiKey(), Generation.chat("Hello").build());
    return answer.status().isOk() ? GrpcClientTest.usage(answer.requestId()).getModel() : "";
  }

  @Test
  void aModelIsTriedInTheShadowOfAnotherWithoutAnAnswerAndWithoutABill() {
    Model next = MESH.putModel(Mesh.SECOND_MODEL);
    Model present = model("support-desk");
    putModel(
        present.toBuilder()
            .setShadow(ShadowTraffic.newBuilder().setModel(next.getId()).setShare(1))
            .build());
    try {
      AuditRecorded shadow =
          Patience.await(
              "a request is followed by its shadow",
              () -> {
                Generation answered =
                    Generation.run(
                        MESH.grpc(), tenant.apiKey(), Generation.chat("Hello again").build());
                assertThat(answered.status().isOk()).isTrue();
                return AuditServiceGrpc.newBlockingStub(MESH.audit())
                    .listRecords(ListRecordsRequest.newBuilder().setTenant(tenant.id()).build())
                    .getRecordsList()
                    .stream()
                    .map(LoggedRecord::getRecord)
                    .filter(r -> r.getOperation().equals("shadow"))
                    .filter(r -> r.getOutcome() == Outcome.OUTCOME_COMPLETED)
                    .findFirst();
              });
      assertThat(shadow.getModel()).isEqualTo(next.getId());
      assertThat(shadow.getOutputTokens()).isPositive();
      UsageRow row =
          Patience.await(
              "its usage",
              () ->
                  UsageServiceGrpc.newBlockingStub(MESH.metering())
                      .listUsage(
                          ListUsageRequest.newBuilder().setRequestId(shadow.getRequestId()).build())
                      .getRowsList()
                      .stream()
                      .findFirst());
      assertThat(row.getPromptTokens()).isZero();
      assertThat(row.getOutputTokens()).isZero();
      assertThat(row.getComputeUs()).isPositive();
      Patience.until(
          "the comparison",
          () -> MESH.metrics().sum("gateway", "cofferdam_shadow_output_tokens_count") >= 2);
    } finally {
      putModel(present);
    }
  }

  private static Model model(String id) {
    return AdminServiceGrpc.newBlockingStub(MESH.asOperator("grpc"))
        .listModels(ListModelsRequest.getDefaultInstance())
        .getModelsList()
        .stream()
        .filter(model -> model.getId().equals(id))
        .findFirst()
        .orElseThrow();
  }

  private static void putModel(Model model) {
    var unused =
        AdminServiceGrpc.newBlockingStub(MESH.asOperator("grpc"))
            .putModel(PutModelRequest.newBuilder().setModel(model).build());
  }

  private Rollout rollout() {
    return AdminServiceGrpc.newBlockingStub(MESH.asOperator("grpc"))
        .listAdapters(ListAdaptersRequest.newBuilder().setTenant(tenant.id()).build())
        .getAdapters(0)
        .getRollout();
  }
}
