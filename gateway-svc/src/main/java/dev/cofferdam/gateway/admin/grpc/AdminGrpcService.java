package dev.cofferdam.gateway.admin.grpc;

import static dev.cofferdam.gateway.admin.grpc.Answers.refused;
import static dev.cofferdam.gateway.admin.grpc.Answers.tell;
import static dev.cofferdam.gateway.admin.grpc.Records.expected;

import com.google.protobuf.ByteString;
import dev.cofferdam.gateway.admin.Configuration;
import dev.cofferdam.gateway.admin.FolderRoot;
import dev.cofferdam.gateway.admin.Problems;
import dev.cofferdam.gateway.admin.RecordRules;
import dev.cofferdam.gateway.admin.TenantContents;
import dev.cofferdam.gateway.admin.TenantRules;
import dev.cofferdam.gateway.facts.AuditFacts;
import dev.cofferdam.gateway.identity.ApiKeys;
import dev.cofferdam.mesh.Caller;
import dev.cofferdam.proto.admin.v1.AdminServiceGrpc;
import dev.cofferdam.proto.admin.v1.ApiKey;
import dev.cofferdam.proto.admin.v1.DeleteAdapterRequest;
import dev.cofferdam.proto.admin.v1.DeleteAdapterResponse;
import dev.cofferdam.proto.admin.v1.DeleteModelRequest;
import dev.cofferdam.proto.admin.v1.DeleteModelResponse;
import dev.cofferdam.proto.admin.v1.DeletePoolRequest;
import dev.cofferdam.proto.admin.v1.DeletePoolResponse;
import dev.cofferdam.proto.admin.v1.DeleteRateCardRequest;
import dev.cofferdam.proto.admin.v1.DeleteRateCardResponse;
import dev.cofferdam.proto.admin.v1.DeleteTenantRequest;
import dev.cofferdam.proto.admin.v1.DeleteTenantResponse;
import dev.cofferdam.proto.admin.v1.GetTenantRequest;
import dev.cofferdam.proto.admin.v1.GetTenantResponse;
import dev.cofferdam.proto.admin.v1.IssueApiKeyRequest;
import dev.cofferdam.proto.admin.v1.IssueApiKeyResponse;
import dev.cofferdam.proto.admin.v1.ListAdaptersRequest;
import dev.cofferdam.proto.admin.v1.ListAdaptersResponse;
import dev.cofferdam.proto.admin.v1.ListApiKeysRequest;
import dev.cofferdam.proto.admin.v1.ListApiKeysResponse;
import dev.cofferdam.proto.admin.v1.ListModelsRequest;
import dev.cofferdam.proto.admin.v1.ListModelsResponse;
import dev.cofferdam.proto.admin.v1.ListPoolsRequest;
import dev.cofferdam.proto.admin.v1.ListPoolsResponse;
import dev.cofferdam.proto.admin.v1.ListRateCardsRequest;
import dev.cofferdam.proto.admin.v1.ListRateCardsResponse;
import dev.cofferdam.proto.admin.v1.ListTenantsRequest;
import dev.cofferdam.proto.admin.v1.ListTenantsResponse;
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
import dev.cofferdam.proto.admin.v1.ResumeTenantRequest;
import dev.cofferdam.proto.admin.v1.ResumeTenantResponse;
import dev.cofferdam.proto.admin.v1.RevokeApiKeyRequest;
import dev.cofferdam.proto.admin.v1.RevokeApiKeyResponse;
import dev.cofferdam.proto.admin.v1.RotateApiKeyRequest;
import dev.cofferdam.proto.admin.v1.RotateApiKeyResponse;
import dev.cofferdam.proto.admin.v1.SuspendTenantRequest;
import dev.cofferdam.proto.admin.v1.SuspendTenantResponse;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.proto.admin.v1.TenantStatus;
import dev.cofferdam.proto.admin.v1.ThrottleTenantRequest;
import dev.cofferdam.proto.admin.v1.ThrottleTenantResponse;
import dev.cofferdam.vocabulary.Budgets;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.wire.Statuses;
import io.grpc.stub.StreamObserver;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * The admin API. The table of who may call what has let only operators through. Each change is
 * answered when it is in force in this gateway. A change that names the revision it was made from
 * is refused where somebody else was faster.
 */
public final class AdminGrpcService extends AdminServiceGrpc.AdminServiceImplBase {
  /** 30 days. */
  private static final long OVERLAP_S_MAX = 30L * 86_400;

  private final Configuration configuration;
  private final TenantRules rules;
  private final TenantContents contents;
  private final AuditedChanges changes;
  private final CatalogRecords catalog;
  private final Records<Tenant> tenants;
  private final Records<ApiKey> keys;
  private final RandomGenerator random;
  private final InstantSource clock;

  /**
   * @param models root of the model folders
   * @param adapters root of the adapter folders, where this gateway has them
   * @param rules what records of tenants must hold beyond their form
   * @param contents what goes with a tenant that is removed
   * @param random makes keys; must be cryptographically strong
   * @param caller who calls, in a handler: {@link Caller#current}
   */
  public AdminGrpcService(
      Configuration configuration,
      FolderRoot models,
      Optional<FolderRoot> adapters,
      TenantRules rules,
      TenantContents contents,
      AuditFacts facts,
      RandomGenerator random,
      InstantSource clock,
      Supplier<Caller> caller) {
    this.configuration = configuration;
    this.rules = rules;
    this.contents = contents;
    this.changes = new AuditedChanges(configuration, facts, caller);
    this.catalog = new CatalogRecords(configuration, changes, models, adapters, clock);
    this.tenants =
        new Records<>(
            "tenant",
            configuration::tenants,
            Tenant::getRevision,
            id -> Optional.empty(),
            Configuration.Changes::removeTenant);
    this.keys =
        new Records<>(
            "key",
            configuration::apiKeys,
            key -> 0,
            id -> Optional.empty(),
            Configuration.Changes::removeApiKey);
    this.random = random;
    this.clock = clock;
  }

  @Override
  public void putTenant(PutTenantRequest request, StreamObserver<PutTenantResponse> out) {
    changes.answer(
        out,
        "put_tenant",
        request.getTenant().getId(),
        (change, write) -> {
          Problems problems = RecordRules.check(request.getTenant());
          rateCard(problems, request.getTenant());
          problems.refuseIfAny();
          rules.check(problems, request.getTenant());
          problems.refuseIfAny();
          String id = request.getTenant().getId();
          Tenant tenant =
              request.getTenant().toBuilder()
                  .setChangedEpochS(epochS())
                  .setRevision(
                      tenants.next(
                          id,
                          expected(request.hasExpectedRevision(), request.getExpectedRevision())))
                  .build();
          change.detail(tenant.getTier() + " " + tenant.getStatus());
          write.put(tenant);
          return PutTenantResponse.newBuilder().setTenant(tenant).build();
        });
  }

  @Override
  public void listTenants(ListTenantsRequest request, StreamObserver<ListTenantsResponse> out) {
    tell(out, ListTenantsResponse.newBuilder().addAllTenants(tenants.inOrder()).build());
  }

  @Override
  public void issueApiKey(IssueApiKeyRequest request, StreamObserver<IssueApiKeyResponse> out) {
    changes.answer(
        out,
        "issue_api_key",
        request.getTenant(),
        (change, write) -> {
          tenants.known(request.getTenant());
          ApiKeys.Issued issued = ApiKeys.issue(random);
          ApiKey key = newKey(request.getTenant(), issued, request.getNotAfterEpochS());
          change.detail("key " + issued.keyId());
          write.put(key);
          return IssueApiKeyResponse.newBuilder()
              .setKey(withoutHash(key))
              .setSecret(issued.secret())
              .build();
        });
  }

  @Override
  public void revokeApiKey(RevokeApiKeyRequest request, StreamObserver<RevokeApiKeyResponse> out) {
    changes.answer(
        out,
        "revoke_api_key",
        "",
        (change, write) -> {
          ApiKey key = keys.known(request.getKeyId());
          change.tenant(key.getTenant());
          long end = request.getNotAfterEpochS() == 0 ? epochS() : request.getNotAfterEpochS();
          if (end < 0 || (key.getNotAfterEpochS() != 0 && end > key.getNotAfterEpochS())) {
            throw refused(
                ErrorCode.INVALID_REQUEST, "not_after_epoch_s: later than the key's present end");
          }
          change.detail("key " + key.getKeyId() + " from " + end);
          ApiKey revoked = key.toBuilder().setNotAfterEpochS(end).build();
          write.put(revoked);
          return RevokeApiKeyResponse.newBuilder().setKey(withoutHash(revoked)).build();
        });
  }

  @Override
  public void putModel(PutModelRequest request, StreamObserver<PutModelResponse> out) {
    catalog.putModel(request, out);
  }

  @Override
  public void putAdapter(PutAdapterRequest request, StreamObserver<PutAdapterResponse> out) {
    catalog.putAdapter(request, out);
  }

  @Override
  public void putPool(PutPoolRequest request, StreamObserver<PutPoolResponse> out) {
    catalog.putPool(request, out);
  }

  @Override
  public void putRateCard(PutRateCardRequest request, StreamObserver<PutRateCardResponse> out) {
    catalog.putRateCard(request, out);
  }

  @Override
  public void getTenant(GetTenantRequest request, StreamObserver<GetTenantResponse> out) {
    tenants
        .present(request.getTenant())
        .ifPresentOrElse(
            tenant -> tell(out, GetTenantResponse.newBuilder().setTenant(tenant).build()),
            () ->
                out.onError(Statuses.toStatus(Refusal.of(ErrorCode.NOT_FOUND, "no such tenant"))));
  }

  @Override
  public void deleteTenant(DeleteTenantRequest request, StreamObserver<DeleteTenantResponse> out) {
    changes.answer(
        out,
        "delete_tenant",
        request.getTenant(),
        (change, write) -> {
          String id = request.getTenant();
          tenants.known(id, expected(request.hasExpectedRevision(), request.getExpectedRevision()));
          List<ApiKey> owned = keysOf(id);
          List<String> adapters =
              configuration.adapters().entrySet().stream()
                  .filter(e -> e.getValue().getTenant().equals(id))
                  .map(Map.Entry::getKey)
                  .toList();
          change.detail(owned.size() + " keys, " + adapters.size() + " adapters");
          // The contents first: a removal that did not get through is asked for again.
          contents.erase(new TenantId(id));
          owned.forEach(key -> write.removeApiKey(key.getKeyId()));
          adapters.forEach(write::removeAdapter);
          write.removeTenant(id);
          return DeleteTenantResponse.newBuilder()
              .setApiKeys(owned.size())
              .setAdapters(adapters.size())
              .build();
        });
  }

  @Override
  public void suspendTenant(
      SuspendTenantRequest request, StreamObserver<SuspendTenantResponse> out) {
    changes.answer(
        out,
        "suspend_tenant",
        request.getTenant(),
        (change, write) -> {
          Tenant tenant =
              tenants.known(
                  request.getTenant(),
                  expected(request.hasExpectedRevision(), request.getExpectedRevision()));
          return SuspendTenantResponse.newBuilder()
              .setTenant(changed(write, tenant, TenantStatus.TENANT_STATUS_SUSPENDED, 0))
              .build();
        });
  }

  @Override
  public void throttleTenant(
      ThrottleTenantRequest request, StreamObserver<ThrottleTenantResponse> out) {
    changes.answer(
        out,
        "throttle_tenant",
        request.getTenant(),
        (change, write) -> {
          Tenant tenant =
              tenants.known(
                  request.getTenant(),
                  expected(request.hasExpectedRevision(), request.getExpectedRevision()));
          double share = request.getShare();
          if (!(share > 0 && share <= 1)) {
            throw refused(ErrorCode.INVALID_REQUEST, "share: " + share + " (expected: in (0, 1])");
          }
          if (tenant.getStatus() == TenantStatus.TENANT_STATUS_SUSPENDED) {
            throw refused(
                ErrorCode.FAILED_PRECONDITION, "the tenant is suspended; resume it before");
          }
          change.detail("share " + share);
          return ThrottleTenantResponse.newBuilder()
              .setTenant(changed(write, tenant, TenantStatus.TENANT_STATUS_THROTTLED, share))
              .build();
        });
  }

  @Override
  public void resumeTenant(ResumeTenantRequest request, StreamObserver<ResumeTenantResponse> out) {
    changes.answer(
        out,
        "resume_tenant",
        request.getTenant(),
        (change, write) -> {
          Tenant tenant =
              tenants.known(
                  request.getTenant(),
                  expected(request.hasExpectedRevision(), request.getExpectedRevision()));
          return ResumeTenantResponse.newBuilder()
              .setTenant(changed(write, tenant, TenantStatus.TENANT_STATUS_ACTIVE, 0))
              .build();
        });
  }

  private Tenant changed(
      Configuration.Changes write, Tenant tenant, TenantStatus status, double share) {
    Tenant changed =
        tenant.toBuilder()
            .setStatus(status)
            .setThrottleShare(share)
            .setChangedEpochS(epochS())
            .setRevision(tenant.getRevision() + 1)
            .build();
    write.put(changed);
    return changed;
  }

  @Override
  public void rotateApiKey(RotateApiKeyRequest request, StreamObserver<RotateApiKeyResponse> out) {
    changes.answer(
        out,
        "rotate_api_key",
        "",
        (change, write) -> {
          ApiKey old = keys.known(request.getKeyId());
          change.tenant(old.getTenant());
          tenants.known(old.getTenant());
          long now = epochS();
          long overlap = request.getOverlapS();
          if (overlap < 0 || overlap > OVERLAP_S_MAX) {
            throw refused(
                ErrorCode.INVALID_REQUEST,
                "overlap_s: " + overlap + " (expected: 0 to " + OVERLAP_S_MAX + ")");
          }
          if (old.getNotAfterEpochS() != 0 && old.getNotAfterEpochS() <= now) {
            throw refused(
                ErrorCode.FAILED_PRECONDITION, "the key has ended; issue a new one instead");
          }
          ApiKeys.Issued issued = ApiKeys.issue(random);
          ApiKey key = newKey(old.getTenant(), issued, request.getNotAfterEpochS());
          long end =
              old.getNotAfterEpochS() == 0
                  ? now + overlap
                  : Math.min(old.getNotAfterEpochS(), now + overlap);
          ApiKey ending = old.toBuilder().setNotAfterEpochS(end).build();
          change.detail("key " + old.getKeyId() + " to " + issued.keyId() + ", ends " + end);
          write.put(key);
          write.put(ending);
          return RotateApiKeyResponse.newBuilder()
              .setKey(withoutHash(key))
              .setSecret(issued.secret())
              .setOld(withoutHash(ending))
              .build();
        });
  }

  @Override
  public void listApiKeys(ListApiKeysRequest request, StreamObserver<ListApiKeysResponse> out) {
    tell(
        out,
        ListApiKeysResponse.newBuilder()
            .addAllKeys(
                keysOf(request.getTenant()).stream().map(AdminGrpcService::withoutHash).toList())
            .build());
  }

  @Override
  public void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> out) {
    catalog.listModels(request, out);
  }

  @Override
  public void deleteModel(DeleteModelRequest request, StreamObserver<DeleteModelResponse> out) {
    catalog.deleteModel(request, out);
  }

  @Override
  public void listAdapters(ListAdaptersRequest request, StreamObserver<ListAdaptersResponse> out) {
    catalog.listAdapters(request, out);
  }

  @Override
  public void deleteAdapter(
      DeleteAdapterRequest request, StreamObserver<DeleteAdapterResponse> out) {
    catalog.deleteAdapter(request, out);
  }

  @Override
  public void listPools(ListPoolsRequest request, StreamObserver<ListPoolsResponse> out) {
    catalog.listPools(request, out);
  }

  @Override
  public void deletePool(DeletePoolRequest request, StreamObserver<DeletePoolResponse> out) {
    catalog.deletePool(request, out);
  }

  @Override
  public void listRateCards(
      ListRateCardsRequest request, StreamObserver<ListRateCardsResponse> out) {
    catalog.listRateCards(request, out);
  }

  @Override
  public void deleteRateCard(
      DeleteRateCardRequest request, StreamObserver<DeleteRateCardResponse> out) {
    catalog.deleteRateCard(request, out);
  }

  private List<ApiKey> keysOf(String tenant) {
    return configuration.apiKeys().values().stream()
        .filter(key -> tenant.isEmpty() || key.getTenant().equals(tenant))
        .sorted(Comparator.comparing(ApiKey::getTenant).thenComparing(ApiKey::getKeyId))
        .toList();
  }

  private ApiKey newKey(String tenant, ApiKeys.Issued issued, long notAfterEpochS) {
    if (notAfterEpochS != 0 && notAfterEpochS <= epochS()) {
      throw refused(ErrorCode.INVALID_REQUEST, "not_after_epoch_s: lies in the past");
    }
    return ApiKey.newBuilder()
        .setKeyId(issued.keyId())
        .setTenant(tenant)
        .setSha256(ByteString.copyFrom(ApiKeys.sha256(issued.secret())))
        .setCreatedEpochS(epochS())
        .setNotAfterEpochS(notAfterEpochS)
        .build();
  }

  /** Money that nothing is charged against would be a budget that never ends. */
  private void rateCard(Problems problems, Tenant tenant) {
    boolean money =
        tenant.getLimits().getDailyCostMicros() > 0
            || tenant.getLimits().getMonthlyCostMicros() > 0;
    String id = tenant.getRateCard().isEmpty() ? Budgets.DEFAULT_RATE_CARD : tenant.getRateCard();
    if ((money || !tenant.getRateCard().isEmpty()) && !configuration.rateCards().containsKey(id)) {
      problems.add("rate_card", id, "a known rate card");
    }
  }

  private static ApiKey withoutHash(ApiKey key) {
    return key.toBuilder().clearSha256().build();
  }

  private long epochS() {
    return clock.instant().getEpochSecond();
  }
}
