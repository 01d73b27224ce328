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
import dev.cofferdam.proto.admin.v1.IssueApiKeyRequest;
import dev.cofferdam.proto.admin.v1.IssueApiKeyResponse;
import dev.cofferdam.proto.admin.v1.LimitOverrides;
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
import dev.cofferdam.proto.admin.v1.RevokeApiKeyRequest;
import dev.cofferdam.proto.admin.v1.RevokeApiKeyResponse;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.proto.admin.v1.TenantStatus;
import dev.cofferdam.proto.admin.v1.Tier;
import dev.cofferdam.proto.inference.v1.WorkloadClass;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.wire.Statuses;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
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
            facts,
            new Random(7),
            () -> Instant.ofEpochSecond(NOW_S),
            () -> OPERATOR);
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

    assertThat(answer.value.getPool()).isEqualTo(pool);
    assertThat(written.pools).containsEntry("shared", pool);
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
    public Optional<ApiKey> apiKey(String keyId) {
      return Optional.ofNullable(keys.get(keyId));
    }

    @Override
    public Optional<Model> model(String id) {
      return Optional.ofNullable(models.get(id));
    }

    @Override
    public void put(Tenant tenant) {
      if (out) {
        throw Refusal.of(ErrorCode.DEPENDENCY_UNAVAILABLE, "Kafka is out").asException();
      }
      tenants.put(tenant.getId(), tenant);
    }

    @Override
    public void put(ApiKey key) {
      keys.put(key.getKeyId(), key);
    }

    @Override
    public void put(Model model) {
      models.put(model.getId(), model);
    }

    @Override
    public void put(Adapter adapter) {
      adapters.put(adapter.getTenant() + "/" + adapter.getName(), adapter);
    }

    @Override
    public void put(Pool pool) {
      pools.put(pool.getId(), pool);
    }

    @Override
    public Optional<RateCard> rateCard(String id) {
      return Optional.ofNullable(rateCards.get(id));
    }

    @Override
    public void put(RateCard card) {
      rateCards.put(card.getId(), card);
    }
  }
}
