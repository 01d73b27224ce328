package dev.cofferdam.gateway.admin.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.proto.admin.v1.DeleteTenantRequest;
import dev.cofferdam.proto.admin.v1.DeleteTenantResponse;
import dev.cofferdam.proto.admin.v1.DocumentLimits;
import dev.cofferdam.proto.admin.v1.LimitOverrides;
import dev.cofferdam.proto.admin.v1.ListTenantsRequest;
import dev.cofferdam.proto.admin.v1.ListTenantsResponse;
import dev.cofferdam.proto.admin.v1.Pool;
import dev.cofferdam.proto.admin.v1.PutPoolRequest;
import dev.cofferdam.proto.admin.v1.PutTenantRequest;
import dev.cofferdam.proto.admin.v1.PutTenantResponse;
import dev.cofferdam.proto.admin.v1.ResumeTenantRequest;
import dev.cofferdam.proto.admin.v1.SimilarResponses;
import dev.cofferdam.proto.admin.v1.SuspendTenantRequest;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.proto.admin.v1.TenantStatus;
import dev.cofferdam.proto.inference.v1.WorkloadClass;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.TenantId;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TenantAdministrationTest extends AdminCalls {
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
    assertThat(written.apiKeys()).containsOnlyKeys(others);
    assertThat(written.adapters()).isEmpty();
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
  void similarAnswersAreRefusedByNameWhereTheyCannotBeHad() {
    Tenant similar =
        acme().toBuilder()
            .setSimilarResponses(SimilarResponses.newBuilder().setSimilarityMin(0.5))
            .build();
    assertThat(put(similar).refusal().message())
        .contains("similar_responses.similarity_min: 0.5 (expected: 0 or 0.9 to 1)")
        .contains("response_cache_seconds: 0");
    similarAnswers = false;
    Tenant wellFormed =
        acme().toBuilder()
            .setResponseCacheSeconds(60)
            .setSimilarResponses(SimilarResponses.getDefaultInstance())
            .build();
    assertThat(put(wellFormed).refusal().message()).contains("similar_responses: set");
    similarAnswers = true;
    assertThat(put(wellFormed).value.getTenant().hasSimilarResponses()).isTrue();
  }
}
