package dev.cofferdam.gateway.admin.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.admin.Configuration;
import dev.cofferdam.gateway.admin.FolderRoot;
import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.facts.RecordedFacts;
import dev.cofferdam.gateway.identity.ApiKeys;
import dev.cofferdam.mesh.Caller;
import dev.cofferdam.proto.admin.v1.Adapter;
import dev.cofferdam.proto.admin.v1.ApiKey;
import dev.cofferdam.proto.admin.v1.DeleteAdapterRequest;
import dev.cofferdam.proto.admin.v1.DeleteModelRequest;
import dev.cofferdam.proto.admin.v1.DeletePoolRequest;
import dev.cofferdam.proto.admin.v1.DeleteTenantRequest;
import dev.cofferdam.proto.admin.v1.DeleteTenantResponse;
import dev.cofferdam.proto.admin.v1.DocumentLimits;
import dev.cofferdam.proto.admin.v1.GetTenantRequest;
import dev.cofferdam.proto.admin.v1.IssueApiKeyRequest;
import dev.cofferdam.proto.admin.v1.IssueApiKeyResponse;
import dev.cofferdam.proto.admin.v1.LimitOverrides;
import dev.cofferdam.proto.admin.v1.ListApiKeysRequest;
import dev.cofferdam.proto.admin.v1.ListTenantsRequest;
import dev.cofferdam.proto.admin.v1.ListTenantsResponse;
import dev.cofferdam.proto.admin.v1.Model;
import dev.cofferdam.proto.admin.v1.ModelRate;
import dev.cofferdam.proto.admin.v1.Pool;
import dev.cofferdam.proto.admin.v1.PutAdapterRequest;
import dev.cofferdam.proto.admin.v1.PutAdapterResponse;
import dev.cofferdam.proto.admin.v1.PutModelRequest;
import dev.cofferdam.proto.admin.v1.PutModelResponse;
import dev.cofferdam.proto.admin.v1.PutPoolRequest;
import dev.cofferdam.proto.admin.v1.PutPoolResponse;
import dev.cofferdam.proto.admin.v1.PutRateCardRequest;
import dev.cofferdam.proto.admin.v1.PutRateCardResponse;
import dev.cofferdam.proto.admin.v1.PutTenantRequest;
import dev.cofferdam.proto.admin.v1.PutTenantResponse;
import dev.cofferdam.proto.admin.v1.RateCard;
import dev.cofferdam.proto.admin.v1.ResumeTenantRequest;
import dev.cofferdam.proto.admin.v1.RevokeApiKeyRequest;
import dev.cofferdam.proto.admin.v1.RevokeApiKeyResponse;
import dev.cofferdam.proto.admin.v1.RotateApiKeyRequest;
import dev.cofferdam.proto.admin.v1.RotateApiKeyResponse;
import dev.cofferdam.proto.admin.v1.SuspendTenantRequest;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.proto.admin.v1.TenantStatus;
import dev.cofferdam.proto.admin.v1.ThrottleTenantRequest;
import dev.cofferdam.proto.admin.v1.ThrottleTenantResponse;
import dev.cofferdam.proto.admin.v1.Tier;
import dev.cofferdam.proto.inference.v1.WorkloadClass;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.wire.Statuses;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdminGrpcServiceTest {
  private static final long NOW_S = 1_800_000_000L;
  private static final Caller OPERATOR =
      new Caller(
          SpiffeId.Role.OPERATOR,
          SpiffeId.parse("spiffe://cofferdam.local/operator/local"),
          "127.0.0.1");

  @TempDir Path root;
  private final Written written = new Written();
  private final RecordedFacts facts = new RecordedFacts();
  private final List<TenantId> erased = new ArrayList<>();
  private Optional<Refusal> erasing = Optional.empty();
  private AdminGrpcService service;

  @BeforeEach
  void start() throws IOException {
    file("models/support-desk/config.json", "{}");
    file("adapters/books/adapter_config.json", "{}");
    file("adapters/books/adapter_model.safetensors", "weights");
    service =
        new AdminGrpcService(
            written,
            new FolderRoot(root.resolve("models")),
            Optional.of(new FolderRoot(root.resolve("adapters"))),
            this::erase,
            facts,
            new Random(7),
            () -> Instant.ofEpochSecond(NOW_S),
            () -> OPERATOR);
  }

  private void erase(TenantId tenant) {
    if (erasing.isPresent()) {
      throw erasing.get().asException();
    }
    erased.add(tenant);
  }

  @Test
  void aTenantIsWrittenWithTheTimeOfItsChangeAndAudited() {
    Answer<PutTenantResponse> answer = put(acme());

    assertThat(answer.value.getTenant().getChangedEpochS()).isEqualTo(NOW_S);
    assertThat(written.tenants()).containsEntry("acme", answer.value.getTenant());
    AuditFact fact = facts.last();
    assertThat(fact.operation()).isEqualTo("admin.put_tenant");
    assertThat(fact.tenant()).isEqualTo("acme");
    assertThat(fact.actor()).isEqualTo("spiffe://cofferdam.local/operator/local");
    assertThat(fact.outcome()).isEqualTo(AuditFact.Outcome.COMPLETED);
  }

  @Test
  void moneyBudgetsNeedARateCard() {
    Tenant budgeted =
        acme().toBuilder()
            .setLimits(LimitOverrides.newBuilder().setMonthlyCostMicros(5_000_000))
            .build();
    assertThat(put(budgeted).refusal().message())
        .contains("rate_card: default (expected: a known rate card)");

    RateCard card =
        RateCard.newBuilder()
            .setId("default")
            .setCurrency("EUR")
            .addRates(ModelRate.newBuilder().setOutputMicrosPerMillion(2_000_000))
            .build();
    Answer<PutRateCardResponse> answer =
        call(service::putRateCard, PutRateCardRequest.newBuilder().setRateCard(card).build());

    assertThat(answer.value.getRateCard().getChangedEpochS()).isEqualTo(NOW_S);
    assertThat(facts.last().operation()).isEqualTo("admin.put_rate_card");
    assertThat(put(budgeted).value.getTenant().getLimits().getMonthlyCostMicros())
        .isEqualTo(5_000_000);
  }

  @Test
  void allProblemsOfARateCardAreToldAtOnce() {
    RateCard bad =
        RateCard.newBuilder()
            .setId("a b")
            .setCurrency("euro")
            .addRates(ModelRate.newBuilder().setInputMicrosPerMillion(-1))
            .addRates(ModelRate.newBuilder().setOutputMicrosPerMillion(Long.MAX_VALUE))
            .build();

    Refusal refusal =
        call(service::putRateCard, PutRateCardRequest.newBuilder().setRateCard(bad).build())
            .refusal();

    assertThat(refusal.message())
        .contains("id: a b")
        .contains("currency: euro")
        .contains("rates.input_micros_per_million: -1")
        .contains("rates.output_micros_per_million: 9223372036854775807")
        .contains("rates.model: missing (expected: one entry for each model)");
  }

  @Test
  void allProblemsOfATenantAreToldAtOnceAndNothingIsWritten() {
    Tenant bad =
        Tenant.newBuilder()
            .setId("Acme!")
            .setIsolationLevel(9)
            .setThrottleShare(1.5)
            .setRetentionDays(-1)
            .setDedicatedPool("../pool")
            .addModelsAllowed("a b")
            .addWorkloadClassesAllowed(WorkloadClass.WORKLOAD_CLASS_UNSPECIFIED)
            .setLimits(
                LimitOverrides.newBuilder()
                    .setConcurrentRequests(0)
                    .setRequestsPerMinute(-5)
                    .setTokensPerMinute(Long.MAX_VALUE)
                    .setPriority(0)
                    .setBurstRequests(0)
                    .setDailyTokens(-1))
            .build();

    Refusal refusal = put(bad).refusal();

    assertThat(refusal.code()).isEqualTo(ErrorCode.INVALID_REQUEST);
    assertThat(refusal.message())
        .contains("id: Acme! (expected: [a-z0-9-]{1,63})")
        .contains("tier: missing")
        .contains("status: missing")
        .contains("isolation_level: 9 (expected: 0 to 5)")
        .contains("throttle_share: 1.5 (expected: in (0, 1])")
        .contains("retention_days: -1")
        .contains("dedicated_pool: ../pool")
        .contains("models_allowed: a b")
        .contains("workload_classes_allowed: missing")
        .contains("limits.concurrent_requests: 0")
        .contains("limits.requests_per_minute: -5")
        .contains("limits.tokens_per_minute: 9223372036854775807")
        .contains("limits.priority: 0")
        .contains("limits.burst_requests: 0")
        .contains("limits.daily_tokens: -1");
    assertThat(written.tenants()).isEmpty();
    assertThat(facts.last().outcome()).isEqualTo(AuditFact.Outcome.REFUSED);
    assertThat(facts.last().tenant()).isEqualTo("-");
  }

  @Test
  void anAnswerToAHostileRecordIsBounded() {
    Tenant.Builder bad = acme().toBuilder();
    for (int i = 0; i < 50_000; i++) {
      bad.addModelsAllowed("!".repeat(200));
    }

    assertThat(put(bad.build()).refusal().message()).hasSizeLessThan(4_096);
  }

  @Test
  void tenantsAreListedInAlphabeticalOrder() {
    put(acme().toBuilder().setId("zeta").build());
    put(acme());
    Answer<ListTenantsResponse> answer =
        call(service::listTenants, ListTenantsRequest.getDefaultInstance());

    assertThat(answer.value.getTenantsList())
        .extracting(Tenant::getId)
        .containsExactly("acme", "zeta");
  }

  @Test
  void anIssuedKeyIsStoredAsItsHashOnly() {
    put(acme());
    IssueApiKeyResponse issued = issue("acme").value;

    ApiKey stored = written.keys.get(issued.getKey().getKeyId());
    assertThat(stored.getSha256().toByteArray()).isEqualTo(ApiKeys.sha256(issued.getSecret()));
    assertThat(stored.getTenant()).isEqualTo("acme");
    assertThat(issued.getKey().getSha256().isEmpty()).isTrue();
    assertThat(facts.last().detail()).isEqualTo("key " + issued.getKey().getKeyId());
    assertThat(facts.facts().toString()).doesNotContain(issued.getSecret());
  }

  @Test
  void noKeyIsIssuedForATenantThatIsNotThere() {
    assertThat(issue("nobody").refusal().code()).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(written.keys).isEmpty();
  }

  @Test
  void aRevokedKeyEndsAtOnceOrAtATimeAndIsNeverProlonged() {
    put(acme());
    String id = issue("acme").value.getKey().getKeyId();

    assertThat(revoke(id, NOW_S + 60).value.getKey().getNotAfterEpochS()).isEqualTo(NOW_S + 60);
    assertThat(revoke(id, NOW_S + 61).refusal().code()).isEqualTo(ErrorCode.INVALID_REQUEST);
    assertThat(revoke(id, 0).value.getKey().getNotAfterEpochS()).isEqualTo(NOW_S);
    assertThat(written.keys.get(id).getNotAfterEpochS()).isEqualTo(NOW_S);
    assertThat(facts.last().tenant()).isEqualTo("acme");
  }

  @Test
  void anUnknownKeyCannotBeRevoked() {
    assertThat(revoke("aaaaaaaaaaaa", 0).refusal().code()).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(revoke("../../etc", 0).refusal().code()).isEqualTo(ErrorCode.NOT_FOUND);
  }

  @Test
  void aModelsDigestIsComputedAndItsFirstTimeIsKept() {
    Model model = put(model("support-desk")).value.getModel();
    written.models.put(model.getId(), model.toBuilder().setCreatedEpochS(5).build());

    Model again = put(model("support-desk")).value.getModel();

    assertThat(model.getDigest()).matches("[0-9a-f]{64}");
    assertThat(model.getCreatedEpochS()).isEqualTo(NOW_S);
    assertThat(again.getCreatedEpochS()).isEqualTo(5);
  }

  @Test
  void aModelsFolderMustLieBelowTheRoot() {
    assertThat(put(model("../adapters/books")).refusal().message()).contains("folder: ../adapters");
    assertThat(put(model("missing")).refusal().message()).contains("folder: missing");
    assertThat(written.models).isEmpty();
  }

  @Test
  void anAdaptersVersionIsComputed() {
    put(acme());
    put(model("support-desk"));

    Adapter adapter = put(adapter("acme", "support-desk", "books")).value.getAdapter();

    assertThat(adapter.getVersion()).matches("[0-9a-f]{64}");
    assertThat(written.adapters).containsKey("acme/books");
  }

  @Test
  void anAdapterNeedsItsTenantItsModelAndItsFiles() {
    assertThat(put(adapter("nobody", "nothing", "..")).refusal().message())
        .contains("tenant: nobody (expected: a known tenant)")
        .contains("model: nothing (expected: a known model)")
        .contains("folder: ..");
    put(acme());
    put(model("support-desk"));
    assertThat(put(adapter("acme", "support-desk", "empty")).refusal().message())
        .contains("version: missing");
    assertThat(written.adapters).isEmpty();
  }

  @Test
  void aPoolIsWritten() {
    Pool pool = Pool.newBuilder().setId("shared").build();
    Answer<PutPoolResponse> answer =
        call(service::putPool, PutPoolRequest.newBuilder().setPool(pool).build());

    assertThat(answer.value.getPool()).isEqualTo(pool.toBuilder().setRevision(1).build());
    assertThat(written.pools).containsEntry("shared", answer.value.getPool());
    assertThat(facts.last().operation()).isEqualTo("admin.put_pool");
  }

  @Test
  void withoutAuditThereIsNoChange() {
    facts.fill();

    assertThat(put(acme()).refusal().code()).isEqualTo(ErrorCode.AUDIT_UNAVAILABLE);
    assertThat(written.tenants()).isEmpty();
  }

  @Test
  void aChangeThatKafkaDidNotTakeIsRecordedAsFailed() {
    written.out = true;

    assertThat(put(acme()).refusal().code()).isEqualTo(ErrorCode.DEPENDENCY_UNAVAILABLE);
    assertThat(facts.last().outcome()).isEqualTo(AuditFact.Outcome.FAILED);
    assertThat(facts.last().code()).isEqualTo("dependency_unavailable");
  }

  @Test
  void aDeletedTenantIsGoneWithItsKeysAndAdapters() {
    put(acme());
    put(acme().toBuilder().setId("bell").build());
    put(model("support-desk"));
    put(adapter("acme", "support-desk", "books"));
    issue("acme");
    issue("acme");
    String others = issue("bell").value.getKey().getKeyId();

    DeleteTenantResponse gone =
        call(service::deleteTenant, DeleteTenantRequest.newBuilder().setTenant("acme").build())
            .value;

    assertThat(gone.getApiKeys()).isEqualTo(2);
    assertThat(gone.getAdapters()).isEqualTo(1);
    assertThat(written.tenants()).containsOnlyKeys("bell");
    assertThat(written.keys).containsOnlyKeys(others);
    assertThat(written.adapters).isEmpty();
    assertThat(erased).containsExactly(new TenantId("acme"));
    assertThat(facts.last().operation()).isEqualTo("admin.delete_tenant");
    assertThat(facts.last().detail()).isEqualTo("2 keys, 1 adapters");
  }

  @Test
  void aTenantWhoseContentsCannotBeErasedIsNotGone() {
    put(acme());
    erasing = Optional.of(Refusal.of(ErrorCode.DEPENDENCY_UNAVAILABLE, "the database is away"));

    Answer<DeleteTenantResponse> answer =
        call(service::deleteTenant, DeleteTenantRequest.newBuilder().setTenant("acme").build());

    assertThat(answer.refusal().code()).isEqualTo(ErrorCode.DEPENDENCY_UNAVAILABLE);
    assertThat(written.tenants()).containsOnlyKeys("acme");
  }

  @Test
  void whatATenantMayKeepHasBounds() {
    Tenant wrong =
        acme().toBuilder()
            .setPromptStorageSeconds(-1)
            .setDocuments(DocumentLimits.newBuilder().setBytesMax(1L << 40).setLanguage("klingon"))
            .build();

    assertThat(put(wrong).refusal().message())
        .contains("prompt_storage_seconds: -1")
        .contains("documents.bytes_max: 1099511627776")
        .contains("documents.language: klingon");
  }

  @Test
  void suspensionThrottlingAndTheirEndChangeNothingElseOfTheRecord() {
    Tenant before =
        put(acme().toBuilder().setRetentionDays(9).addModelsAllowed("m").build()).value.getTenant();

    Tenant throttled = throttle(0.25).value.getTenant();
    Tenant suspended =
        call(service::suspendTenant, SuspendTenantRequest.newBuilder().setTenant("acme").build())
            .value
            .getTenant();
    assertThat(throttle(0.5).refusal().code()).isEqualTo(ErrorCode.FAILED_PRECONDITION);
    Tenant resumed =
        call(service::resumeTenant, ResumeTenantRequest.newBuilder().setTenant("acme").build())
            .value
            .getTenant();

    assertThat(throttled.getStatus()).isEqualTo(TenantStatus.TENANT_STATUS_THROTTLED);
    assertThat(throttled.getThrottleShare()).isEqualTo(0.25);
    assertThat(suspended.getStatus()).isEqualTo(TenantStatus.TENANT_STATUS_SUSPENDED);
    assertThat(resumed).isEqualTo(before.toBuilder().setRevision(before.getRevision() + 3).build());
    assertThat(written.tenants()).containsEntry("acme", resumed);
    assertThat(throttle(0).refusal().message()).contains("share: 0.0");
    assertThat(throttle(Double.NaN).refusal().code()).isEqualTo(ErrorCode.INVALID_REQUEST);
  }

  @Test
  void whoWritesFromAnOldRevisionIsToldAndLosesNothingOfTheOther() {
    Tenant read = put(acme()).value.getTenant();
    throttle(0.5);

    Refusal refusal =
        call(
                service::putTenant,
                PutTenantRequest.newBuilder()
                    .setTenant(read.toBuilder().setRetentionDays(3))
                    .setExpectedRevision(read.getRevision())
                    .build())
            .refusal();

    assertThat(refusal.code()).isEqualTo(ErrorCode.CONFLICT);
    assertThat(refusal.code().grpcStatus()).isEqualTo("ABORTED");
    assertThat(refusal.message()).contains("expected_revision: 1, but the record is at 2");
    assertThat(written.tenants().get("acme").getThrottleShare()).isEqualTo(0.5);
    assertThat(facts.last().code()).isEqualTo("conflict");
  }

  @Test
  void revisionZeroCreatesOnly() {
    PutPoolRequest request =
        PutPoolRequest.newBuilder()
            .setPool(Pool.newBuilder().setId("shared"))
            .setExpectedRevision(0)
            .build();

    assertThat(call(service::putPool, request).value.getPool().getRevision()).isEqualTo(1);
    assertThat(call(service::putPool, request).refusal().code()).isEqualTo(ErrorCode.CONFLICT);
  }

  @Test
  void aRotatedKeyHasASuccessorAndAnEnd() {
    put(acme());
    String id = issue("acme").value.getKey().getKeyId();

    RotateApiKeyResponse rotated = rotate(id, 3_600).value;

    assertThat(rotated.getOld().getNotAfterEpochS()).isEqualTo(NOW_S + 3_600);
    assertThat(written.keys.get(id).getNotAfterEpochS()).isEqualTo(NOW_S + 3_600);
    assertThat(written.keys.get(rotated.getKey().getKeyId()).getSha256().toByteArray())
        .isEqualTo(ApiKeys.sha256(rotated.getSecret()));
    assertThat(rotated.getKey().getSha256().isEmpty()).isTrue();
    assertThat(rotated.getOld().getSha256().isEmpty()).isTrue();
    assertThat(facts.last().operation()).isEqualTo("admin.rotate_api_key");
    assertThat(facts.last().tenant()).isEqualTo("acme");
    assertThat(facts.facts().toString()).doesNotContain(rotated.getSecret());
  }

  @Test
  void aRotationNeverProlongsTheOldKey() {
    put(acme());
    String id = issue("acme").value.getKey().getKeyId();
    revoke(id, NOW_S + 60);

    assertThat(rotate(id, 3_600).value.getOld().getNotAfterEpochS()).isEqualTo(NOW_S + 60);
    assertThat(rotate(id, 0).value.getOld().getNotAfterEpochS()).isEqualTo(NOW_S);
    assertThat(rotate(id, 0).refusal().code()).isEqualTo(ErrorCode.FAILED_PRECONDITION);
    assertThat(rotate(id, -1).refusal().code()).isEqualTo(ErrorCode.INVALID_REQUEST);
    assertThat(rotate("zzzzzzzzzzzz", 0).refusal().code()).isEqualTo(ErrorCode.NOT_FOUND);
  }

  @Test
  void keysAreListedByTenantWithoutTheirHashes() {
    put(acme());
    put(acme().toBuilder().setId("bell").build());
    issue("bell");
    issue("acme");

    assertThat(keys("")).extracting(ApiKey::getTenant).containsExactly("acme", "bell");
    assertThat(keys("bell")).extracting(ApiKey::getTenant).containsExactly("bell");
    assertThat(keys("")).allSatisfy(key -> assertThat(key.getSha256().isEmpty()).isTrue());
  }

  @Test
  void whatOthersReferToIsNotRemoved() {
    put(acme().toBuilder().addPoolsAllowed("shared").build());
    put(model("support-desk"));
    put(adapter("acme", "support-desk", "books"));
    call(
        service::putPool,
        PutPoolRequest.newBuilder().setPool(Pool.newBuilder().setId("shared")).build());

    DeleteModelRequest model = DeleteModelRequest.newBuilder().setId("support-desk").build();
    DeletePoolRequest pool = DeletePoolRequest.newBuilder().setId("shared").build();
    assertThat(call(service::deleteModel, model).refusal().message())
        .isEqualTo("still in use by adapter acme/books");
    assertThat(call(service::deletePool, pool).refusal().message())
        .isEqualTo("still in use by model support-desk");

    call(
        service::deleteAdapter,
        DeleteAdapterRequest.newBuilder().setTenant("acme").setName("books").build());
    assertThat(call(service::deleteModel, model).value).isNotNull();
    assertThat(call(service::deletePool, pool).refusal().message())
        .isEqualTo("still in use by tenant acme");
    assertThat(written.models).isEmpty();
    assertThat(written.pools).containsKey("shared");
  }

  @Test
  void whatIsNotThereCannotBeRemovedOrChanged() {
    assertThat(
            call(service::deleteTenant, DeleteTenantRequest.newBuilder().setTenant("x").build())
                .refusal()
                .code())
        .isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(throttle(0.5).refusal().code()).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(
            call(service::getTenant, GetTenantRequest.newBuilder().setTenant("acme").build())
                .refusal()
                .code())
        .isEqualTo(ErrorCode.NOT_FOUND);
  }

  private Answer<ThrottleTenantResponse> throttle(double share) {
    return call(
        service::throttleTenant,
        ThrottleTenantRequest.newBuilder().setTenant("acme").setShare(share).build());
  }

  private Answer<RotateApiKeyResponse> rotate(String keyId, long overlapS) {
    return call(
        service::rotateApiKey,
        RotateApiKeyRequest.newBuilder().setKeyId(keyId).setOverlapS(overlapS).build());
  }

  private List<ApiKey> keys(String tenant) {
    return call(service::listApiKeys, ListApiKeysRequest.newBuilder().setTenant(tenant).build())
        .value
        .getKeysList();
  }

  private static Tenant acme() {
    return Tenant.newBuilder()
        .setId("acme")
        .setTier(Tier.TIER_STANDARD)
        .setStatus(TenantStatus.TENANT_STATUS_ACTIVE)
        .build();
  }

  private static Model model(String folder) {
    return Model.newBuilder()
        .setId("support-desk")
        .setFolder(folder)
        .setContextTokensMax(512)
        .addPools("shared")
        .addDefaultOf(Tier.TIER_FREE)
        .build();
  }

  private static Adapter adapter(String tenant, String model, String folder) {
    return Adapter.newBuilder()
        .setTenant(tenant)
        .setName("books")
        .setModel(model)
        .setFolder(folder)
        .build();
  }

  private Answer<PutTenantResponse> put(Tenant tenant) {
    return call(service::putTenant, PutTenantRequest.newBuilder().setTenant(tenant).build());
  }

  private Answer<PutModelResponse> put(Model model) {
    return call(service::putModel, PutModelRequest.newBuilder().setModel(model).build());
  }

  private Answer<PutAdapterResponse> put(Adapter adapter) {
    return call(service::putAdapter, PutAdapterRequest.newBuilder().setAdapter(adapter).build());
  }

  private Answer<IssueApiKeyResponse> issue(String tenant) {
    return call(service::issueApiKey, IssueApiKeyRequest.newBuilder().setTenant(tenant).build());
  }

  private Answer<RevokeApiKeyResponse> revoke(String keyId, long notAfterEpochS) {
    return call(
        service::revokeApiKey,
        RevokeApiKeyRequest.newBuilder().setKeyId(keyId).setNotAfterEpochS(notAfterEpochS).build());
  }

  private static <Q, R> Answer<R> call(BiConsumer<Q, StreamObserver<R>> method, Q request) {
    Answer<R> answer = new Answer<>();
    method.accept(request, answer);
    return answer;
  }

  private void file(String name, String text) throws IOException {
    Path file = root.resolve(name);
    Files.createDirectories(file.getParent());
    Files.write(file, text.getBytes(StandardCharsets.UTF_8));
  }

  private static final class Answer<R> implements StreamObserver<R> {
    private R value;
    private Throwable failure;

    Refusal refusal() {
      assertThat(failure).as("refused").isNotNull();
      return Statuses.toRefusal(failure);
    }

    @Override
    public void onNext(R next) {
      value = next;
    }

    @Override
    public void onError(Throwable error) {
      failure = error;
    }

    @Override
    public void onCompleted() {
      assertThat(value).isNotNull();
    }
  }

  private static final class Written implements Configuration {
    private final Map<String, Tenant> tenants = new HashMap<>();
    private final Map<String, ApiKey> keys = new HashMap<>();
    private final Map<String, Model> models = new HashMap<>();
    private final Map<String, Adapter> adapters = new HashMap<>();
    private final Map<String, Pool> pools = new HashMap<>();
    private final Map<String, RateCard> rateCards = new HashMap<>();
    private boolean out;

    @Override
    public Map<String, Tenant> tenants() {
      return tenants;
    }

    @Override
    public void put(Tenant value) {
      if (out) {
        throw Refusal.of(ErrorCode.DEPENDENCY_UNAVAILABLE, "Kafka is out").asException();
      }
      tenants.put(value.getId(), value);
    }

    @Override
    public void removeTenant(String key) {
      tenants.remove(key);
    }

    @Override
    public Map<String, ApiKey> apiKeys() {
      return keys;
    }

    @Override
    public void put(ApiKey value) {
      keys.put(value.getKeyId(), value);
    }

    @Override
    public void removeApiKey(String key) {
      keys.remove(key);
    }

    @Override
    public Map<String, Model> models() {
      return models;
    }

    @Override
    public void put(Model value) {
      models.put(value.getId(), value);
    }

    @Override
    public void removeModel(String key) {
      models.remove(key);
    }

    @Override
    public Map<String, Adapter> adapters() {
      return adapters;
    }

    @Override
    public void put(Adapter value) {
      adapters.put(value.getTenant() + "/" + value.getName(), value);
    }

    @Override
    public void removeAdapter(String key) {
      adapters.remove(key);
    }

    @Override
    public Map<String, Pool> pools() {
      return pools;
    }

    @Override
    public void put(Pool value) {
      pools.put(value.getId(), value);
    }

    @Override
    public void removePool(String key) {
      pools.remove(key);
    }

    @Override
    public Map<String, RateCard> rateCards() {
      return rateCards;
    }

    @Override
    public void put(RateCard value) {
      rateCards.put(value.getId(), value);
    }

    @Override
    public void removeRateCard(String key) {
      rateCards.remove(key);
    }
  }
}
