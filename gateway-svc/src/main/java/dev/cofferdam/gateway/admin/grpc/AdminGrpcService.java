package dev.cofferdam.gateway.admin.grpc;

import com.google.protobuf.ByteString;
import dev.cofferdam.gateway.admin.Configuration;
import dev.cofferdam.gateway.admin.FolderRoot;
import dev.cofferdam.gateway.admin.Problems;
import dev.cofferdam.gateway.admin.RecordRules;
import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.facts.AuditFacts;
import dev.cofferdam.gateway.identity.ApiKeys;
import dev.cofferdam.mesh.Caller;
import dev.cofferdam.proto.admin.v1.Adapter;
import dev.cofferdam.proto.admin.v1.AdminServiceGrpc;
import dev.cofferdam.proto.admin.v1.ApiKey;
import dev.cofferdam.proto.admin.v1.IssueApiKeyRequest;
import dev.cofferdam.proto.admin.v1.IssueApiKeyResponse;
import dev.cofferdam.proto.admin.v1.ListTenantsRequest;
import dev.cofferdam.proto.admin.v1.ListTenantsResponse;
import dev.cofferdam.proto.admin.v1.Model;
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
import dev.cofferdam.vocabulary.Budgets;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.wire.Statuses;
import io.grpc.stub.StreamObserver;
import java.time.InstantSource;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * The admin API. The table of who may call what has let only operators through. One change at a
 * time; each is answered when it is in force in this gateway, and each leaves an audit fact,
 * refused ones too. Without audit there is no change.
 */
public final class AdminGrpcService extends AdminServiceGrpc.AdminServiceImplBase {
  private final Configuration configuration;
  private final FolderRoot models;
  private final Optional<FolderRoot> adapters;
  private final AuditFacts facts;
  private final RandomGenerator random;
  private final InstantSource clock;
  private final Supplier<Caller> caller;
  private final ReentrantLock oneAtATime = new ReentrantLock();

  /**
   * @param models root of the model folders
   * @param adapters root of the adapter folders, where this gateway has them
   * @param random makes keys; must be cryptographically strong
   * @param caller who calls, in a handler: {@link Caller#current}
   */
  public AdminGrpcService(
      Configuration configuration,
      FolderRoot models,
      Optional<FolderRoot> adapters,
      AuditFacts facts,
      RandomGenerator random,
      InstantSource clock,
      Supplier<Caller> caller) {
    this.configuration = configuration;
    this.models = models;
    this.adapters = adapters;
    this.facts = facts;
    this.random = random;
    this.clock = clock;
    this.caller = caller;
  }

  @Override
  public void putTenant(PutTenantRequest request, StreamObserver<PutTenantResponse> out) {
    Change change = new Change("put_tenant", request.getTenant().getId());
    answer(
        out,
        change,
        () -> {
          Problems problems = RecordRules.check(request.getTenant());
          rateCard(problems, request.getTenant());
          problems.refuseIfAny();
          Tenant tenant = request.getTenant().toBuilder().setChangedEpochS(epochS()).build();
          change.detail(tenant.getTier() + " " + tenant.getStatus());
          configuration.put(tenant);
          return PutTenantResponse.newBuilder().setTenant(tenant).build();
        });
  }

  @Override
  public void listTenants(ListTenantsRequest request, StreamObserver<ListTenantsResponse> out) {
    out.onNext(
        ListTenantsResponse.newBuilder()
            .addAllTenants(new TreeMap<>(configuration.tenants()).values())
            .build());
    out.onCompleted();
  }

  @Override
  public void issueApiKey(IssueApiKeyRequest request, StreamObserver<IssueApiKeyResponse> out) {
    Change change = new Change("issue_api_key", request.getTenant());
    answer(
        out,
        change,
        () -> {
          knownTenant(request.getTenant());
          long end = request.getNotAfterEpochS();
          if (end != 0 && end <= epochS()) {
            throw refused(ErrorCode.INVALID_REQUEST, "not_after_epoch_s: lies in the past");
          }
          ApiKeys.Issued issued = ApiKeys.issue(random);
          change.detail("key " + issued.keyId());
          ApiKey key =
              ApiKey.newBuilder()
                  .setKeyId(issued.keyId())
                  .setTenant(request.getTenant())
                  .setSha256(ByteString.copyFrom(ApiKeys.sha256(issued.secret())))
                  .setCreatedEpochS(epochS())
                  .setNotAfterEpochS(end)
                  .build();
          configuration.put(key);
          return IssueApiKeyResponse.newBuilder()
              .setKey(withoutHash(key))
              .setSecret(issued.secret())
              .build();
        });
  }

  @Override
  public void revokeApiKey(RevokeApiKeyRequest request, StreamObserver<RevokeApiKeyResponse> out) {
    Optional<ApiKey> known =
        ApiKeys.isKeyId(request.getKeyId())
            ? configuration.apiKey(request.getKeyId())
            : Optional.empty();
    Change change = new Change("revoke_api_key", known.map(ApiKey::getTenant).orElse("-"));
    answer(
        out,
        change,
        () -> {
          ApiKey key = known.orElseThrow(() -> refused(ErrorCode.NOT_FOUND, "no such key"));
          long end = request.getNotAfterEpochS() == 0 ? epochS() : request.getNotAfterEpochS();
          if (end < 0 || (key.getNotAfterEpochS() != 0 && end > key.getNotAfterEpochS())) {
            throw refused(
                ErrorCode.INVALID_REQUEST, "not_after_epoch_s: later than the key's present end");
          }
          change.detail("key " + key.getKeyId() + " from " + end);
          ApiKey revoked = key.toBuilder().setNotAfterEpochS(end).build();
          configuration.put(revoked);
          return RevokeApiKeyResponse.newBuilder().setKey(withoutHash(revoked)).build();
        });
  }

  @Override
  public void putModel(PutModelRequest request, StreamObserver<PutModelResponse> out) {
    Change change = new Change("put_model", "-");
    answer(
        out,
        change,
        () -> {
          Problems problems = RecordRules.check(request.getModel());
          Model.Builder model = request.getModel().toBuilder();
          folder(problems, model.getFolder());
          if (problems.found().isEmpty() && model.getDigest().isEmpty()) {
            models
                .modelDigest(model.getFolder())
                .ifPresentOrElse(
                    model::setDigest,
                    () ->
                        problems.add(
                            "folder", model.getFolder(), "a model's folder below the model root"));
          }
          problems.refuseIfAny();
          if (model.getKvBytesPerToken() == 0) {
            models.kvBytesPerToken(model.getFolder()).ifPresent(model::setKvBytesPerToken);
          }
          if (model.getCreatedEpochS() == 0) {
            model.setCreatedEpochS(
                configuration.model(model.getId()).map(Model::getCreatedEpochS).orElse(epochS()));
          }
          change.detail("model " + model.getId() + " digest " + model.getDigest());
          configuration.put(model.build());
          return PutModelResponse.newBuilder().setModel(model).build();
        });
  }

  @Override
  public void putAdapter(PutAdapterRequest request, StreamObserver<PutAdapterResponse> out) {
    Change change = new Change("put_adapter", request.getAdapter().getTenant());
    answer(
        out,
        change,
        () -> {
          Problems problems = RecordRules.check(request.getAdapter());
          Adapter.Builder adapter = request.getAdapter().toBuilder();
          folder(problems, adapter.getFolder());
          if (!configuration.tenants().containsKey(adapter.getTenant())) {
            problems.add("tenant", adapter.getTenant(), "a known tenant");
          }
          if (configuration.model(adapter.getModel()).isEmpty()) {
            problems.add("model", adapter.getModel(), "a known model");
          }
          if (problems.found().isEmpty() && adapter.getVersion().isEmpty()) {
            adapters
                .flatMap(root -> root.adapterDigest(adapter.getFolder()))
                .ifPresentOrElse(
                    adapter::setVersion,
                    () ->
                        problems.add(
                            "version", "", "64 hexadecimal digits, as the folder is not at hand"));
          }
          problems.refuseIfAny();
          adapter.setCreatedEpochS(epochS());
          change.detail("adapter " + adapter.getName() + " version " + adapter.getVersion());
          configuration.put(adapter.build());
          return PutAdapterResponse.newBuilder().setAdapter(adapter).build();
        });
  }

  @Override
  public void putPool(PutPoolRequest request, StreamObserver<PutPoolResponse> out) {
    Change change = new Change("put_pool", "-");
    answer(
        out,
        change,
        () -> {
          RecordRules.check(request.getPool()).refuseIfAny();
          change.detail("pool " + request.getPool().getId());
          configuration.put(request.getPool());
          return PutPoolResponse.newBuilder().setPool(request.getPool()).build();
        });
  }

  @Override
  public void putRateCard(PutRateCardRequest request, StreamObserver<PutRateCardResponse> out) {
    Change change = new Change("put_rate_card", "-");
    answer(
        out,
        change,
        () -> {
          RecordRules.check(request.getRateCard()).refuseIfAny();
          RateCard card = request.getRateCard().toBuilder().setChangedEpochS(epochS()).build();
          change.detail("rate card " + card.getId());
          configuration.put(card);
          return PutRateCardResponse.newBuilder().setRateCard(card).build();
        });
  }

  /** What a call changes, for its audit fact. */
  private static final class Change {
    private final String operation;
    private final String tenant;
    private String detail = "";

    Change(String method, String tenant) {
      this.operation = "admin." + method;
      this.tenant = TenantId.isValid(tenant) ? tenant : "-";
    }

    void detail(String text) {
      this.detail = text;
    }
  }

  private <R> void answer(StreamObserver<R> out, Change change, Supplier<R> work) {
    R response;
    oneAtATime.lock();
    try {
      if (!facts.accepting()) {
        throw refused(ErrorCode.AUDIT_UNAVAILABLE, "audit records cannot be kept right now");
      }
      response = work.get();
      record(change, AuditFact.Severity.INFO, AuditFact.Outcome.COMPLETED, "", change.detail);
    } catch (RefusedException e) {
      ErrorCode code = e.refusal().code();
      boolean refused = code.category() == ErrorCode.Category.CALLER;
      recordFailure(
          change,
          refused ? AuditFact.Outcome.REFUSED : AuditFact.Outcome.FAILED,
          code,
          refused ? e.refusal().message() : change.detail);
      out.onError(Statuses.toStatus(e));
      return;
    } catch (RuntimeException e) {
      recordFailure(change, AuditFact.Outcome.FAILED, ErrorCode.INTERNAL, change.detail);
      throw e;
    } finally {
      oneAtATime.unlock();
    }
    out.onNext(response);
    out.onCompleted();
  }

  private void recordFailure(
      Change change, AuditFact.Outcome outcome, ErrorCode code, String detail) {
    if (code != ErrorCode.AUDIT_UNAVAILABLE) {
      record(change, AuditFact.Severity.WARNING, outcome, code.wireName(), detail);
    }
  }

  private void record(
      Change change,
      AuditFact.Severity severity,
      AuditFact.Outcome outcome,
      String code,
      String detail) {
    Caller who = caller.get();
    facts.record(
        new AuditFact(
            Optional.empty(),
            change.tenant,
            "",
            who.actor(),
            who.address(),
            change.operation,
            severity,
            outcome,
            code,
            detail,
            Optional.empty()));
  }

  /** Money that nothing is charged against would be a budget that never ends. */
  private void rateCard(Problems problems, Tenant tenant) {
    boolean money =
        tenant.getLimits().getDailyCostMicros() > 0
            || tenant.getLimits().getMonthlyCostMicros() > 0;
    String id = tenant.getRateCard().isEmpty() ? Budgets.DEFAULT_RATE_CARD : tenant.getRateCard();
    if ((money || !tenant.getRateCard().isEmpty()) && configuration.rateCard(id).isEmpty()) {
      problems.add("rate_card", id, "a known rate card");
    }
  }

  private void knownTenant(String tenant) {
    if (!configuration.tenants().containsKey(tenant)) {
      throw refused(ErrorCode.NOT_FOUND, "no such tenant");
    }
  }

  private static void folder(Problems problems, String folder) {
    if (!FolderRoot.isPlain(folder)) {
      problems.add("folder", folder, "plain names separated by /, below the root");
    }
  }

  private static ApiKey withoutHash(ApiKey key) {
    return key.toBuilder().clearSha256().build();
  }

  private long epochS() {
    return clock.instant().getEpochSecond();
  }

  private static RefusedException refused(ErrorCode code, String message) {
    return Refusal.of(code, message).asException();
  }
}
