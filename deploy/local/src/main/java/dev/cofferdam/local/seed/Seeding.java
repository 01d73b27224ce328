package dev.cofferdam.local.seed;

import dev.cofferdam.local.SampleTenant;
import dev.cofferdam.local.process.StartFailedException;
import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.proto.admin.v1.Adapter;
import dev.cofferdam.proto.admin.v1.AdminServiceGrpc;
import dev.cofferdam.proto.admin.v1.AdminServiceGrpc.AdminServiceBlockingStub;
import dev.cofferdam.proto.admin.v1.IssueApiKeyRequest;
import dev.cofferdam.proto.admin.v1.ListPoolsRequest;
import dev.cofferdam.proto.admin.v1.ListRateCardsRequest;
import dev.cofferdam.proto.admin.v1.ListTenantsRequest;
import dev.cofferdam.proto.admin.v1.Model;
import dev.cofferdam.proto.admin.v1.ModelRate;
import dev.cofferdam.proto.admin.v1.NodeCost;
import dev.cofferdam.proto.admin.v1.Pool;
import dev.cofferdam.proto.admin.v1.PutAdapterRequest;
import dev.cofferdam.proto.admin.v1.PutModelRequest;
import dev.cofferdam.proto.admin.v1.PutPoolRequest;
import dev.cofferdam.proto.admin.v1.PutRateCardRequest;
import dev.cofferdam.proto.admin.v1.PutTenantRequest;
import dev.cofferdam.proto.admin.v1.RateCard;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.proto.admin.v1.TenantStatus;
import dev.cofferdam.proto.admin.v1.Tier;
import dev.cofferdam.proto.inference.v1.InferenceServiceGrpc;
import dev.cofferdam.proto.inference.v1.ListModelsRequest;
import dev.cofferdam.proto.inference.v1.ModelInfo;
import dev.cofferdam.proto.inference.v1.WorkloadClass;
import dev.cofferdam.vocabulary.Budgets;
import dev.cofferdam.vocabulary.SpiffeId;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Puts the sample model, its adapters, prices, and three tenants, one of each tier, through the
 * admin API. What is there already stays as it is; keys that are still in force are kept.
 */
public final class Seeding implements AutoCloseable {
  /** Ids of the sample tenants; each has an adapter of the same name. */
  public static final List<String> TENANTS =
      List.of("harbor-books", "pixel-pirates", "nordic-parcel");

  private static final String MODEL = "support-desk";
  private static final String POOL = "shared";
  private static final int CONTEXT_TOKENS = 8_192;
  private static final String CURRENCY = "EUR";

  /** 0.25: what a virtual machine of a few processors costs. */
  private static final long NODE_MICROS_PER_HOUR = 250_000;

  private static final long WAIT_MS = 20_000;
  private static final long PAUSE_MS = 100;
  private static final long CALL_MS = 10_000;

  private final String endpoint;
  private final Path trust;
  private final Path adapters;
  private final MeshChannels channels;
  private final ManagedChannel channel;

  /**
   * @param endpoint host:port of the gateway's gRPC port
   * @param operator the operator's identity
   * @param trust PEM file of the authority
   * @param adapters folder of the adapters; a tenant whose adapter is not there gets none
   */
  public Seeding(String endpoint, TlsFiles operator, Path trust, Path adapters) {
    this.endpoint = endpoint;
    this.trust = trust;
    this.adapters = adapters;
    this.channels = new MeshChannels(operator);
    this.channel = channels.to(endpoint, SpiffeId.Role.GATEWAY);
  }

  /**
   * Puts what is missing.
   *
   * @param before tenants with keys of an earlier start
   * @param identities makes a tenant's client certificate
   * @return the tenants, with keys that are in force
   */
  public List<SampleTenant> run(List<SampleTenant> before, Function<String, TlsFiles> identities) {
    putPricesAndPool();
    admin().putModel(model());
    List<String> present =
        admin().listTenants(ListTenantsRequest.getDefaultInstance()).getTenantsList().stream()
            .map(Tenant::getId)
            .toList();
    List<SampleTenant> result = new ArrayList<>();
    for (int i = 0; i < TENANTS.size(); i++) {
      String id = TENANTS.get(i);
      Tier tier = List.of(Tier.TIER_ENTERPRISE, Tier.TIER_STANDARD, Tier.TIER_FREE).get(i);
      if (!present.contains(id)) {
        admin().putTenant(tenant(id, tier));
      }
      boolean hasAdapter = Files.isDirectory(adapters.resolve(id));
      if (hasAdapter) {
        admin().putAdapter(adapter(id));
      }
      String key = keyInForce(id, before).orElseGet(() -> issue(id));
      TlsFiles files = identities.apply(id);
      result.add(
          new SampleTenant(
              id,
              tier.name().substring("TIER_".length()).toLowerCase(Locale.ROOT),
              key,
              MODEL,
              hasAdapter ? id : "",
              files.certificate().toString(),
              files.key().toString()));
    }
    result.forEach(this::awaitInForce);
    return result;
  }

  private AdminServiceBlockingStub admin() {
    return AdminServiceGrpc.newBlockingStub(channel)
        .withWaitForReady()
        .withDeadlineAfter(CALL_MS, TimeUnit.MILLISECONDS);
  }

  /** What an operator has changed since stays. */
  private void putPricesAndPool() {
    List<Pool> pools =
        retry(
            "the admin API",
            () -> admin().listPools(ListPoolsRequest.getDefaultInstance()).getPoolsList());
    if (pools.stream().noneMatch(pool -> pool.getId().equals(POOL))) {
      admin().putPool(pool());
    }
    if (admin().listRateCards(ListRateCardsRequest.getDefaultInstance()).getRateCardsCount() == 0) {
      admin().putRateCard(prices());
    }
  }

  private static PutPoolRequest pool() {
    return PutPoolRequest.newBuilder()
        .setPool(
            Pool.newBuilder()
                .setId(POOL)
                .setNodeCost(
                    NodeCost.newBuilder()
                        .setNodes(2)
                        .setCurrency(CURRENCY)
                        .setMicrosPerHour(NODE_MICROS_PER_HOUR)))
        .build();
  }

  /** 0.20 for a million input tokens, 0.05 for cached ones, 0.80 for output tokens. */
  private static PutRateCardRequest prices() {
    return PutRateCardRequest.newBuilder()
        .setRateCard(
            RateCard.newBuilder()
                .setId(Budgets.DEFAULT_RATE_CARD)
                .setCurrency(CURRENCY)
                .addRates(
                    ModelRate.newBuilder()
                        .setInputMicrosPerMillion(200_000)
                        .setCachedInputMicrosPerMillion(50_000)
                        .setOutputMicrosPerMillion(800_000)
                        .setAdapterMicrosPerHour(10_000)))
        .build();
  }

  private static PutModelRequest model() {
    return PutModelRequest.newBuilder()
        .setModel(
            Model.newBuilder()
                .setId(MODEL)
                .setFolder(MODEL)
                .setContextTokensMax(CONTEXT_TOKENS)
                .addPools(POOL)
                .addAllDefaultOf(List.of(Tier.TIER_FREE, Tier.TIER_STANDARD, Tier.TIER_ENTERPRISE)))
        .build();
  }

  private static PutTenantRequest tenant(String id, Tier tier) {
    return PutTenantRequest.newBuilder()
        .setTenant(
            Tenant.newBuilder()
                .setId(id)
                .setTier(tier)
                .setStatus(TenantStatus.TENANT_STATUS_ACTIVE)
                .addPoolsAllowed(POOL)
                .addAllWorkloadClassesAllowed(
                    List.of(
                        WorkloadClass.WORKLOAD_CLASS_INTERACTIVE,
                        WorkloadClass.WORKLOAD_CLASS_STANDARD,
                        WorkloadClass.WORKLOAD_CLASS_BATCH))
                // So that the first request needs a key and nothing else, on every tier.
                .setClientCertificateRequired(false))
        .build();
  }

  private static PutAdapterRequest adapter(String tenant) {
    return PutAdapterRequest.newBuilder()
        .setAdapter(
            Adapter.newBuilder()
                .setTenant(tenant)
                .setName(tenant)
                .setModel(MODEL)
                .setFolder(tenant))
        .build();
  }

  private Optional<String> keyInForce(String tenant, List<SampleTenant> before) {
    return before.stream()
        .filter(old -> old.tenant().equals(tenant) && accepts(old.apiKey()))
        .map(SampleTenant::apiKey)
        .findFirst();
  }

  private boolean accepts(String key) {
    try {
      retryUnavailable(() -> models(key));
      return true;
    } catch (StatusRuntimeException e) {
      return e.getStatus().getCode() != Status.Code.UNAUTHENTICATED;
    }
  }

  private String issue(String tenant) {
    return admin()
        .issueApiKey(IssueApiKeyRequest.newBuilder().setTenant(tenant).build())
        .getSecret();
  }

  private void awaitInForce(SampleTenant tenant) {
    retry(
        "the key of " + tenant.tenant(),
        () -> {
          boolean seen =
              models(tenant.apiKey()).stream()
                  .anyMatch(
                      model ->
                          model.getId().equals(MODEL)
                              && (tenant.adapter().isEmpty()
                                  || model.getAdaptersList().contains(tenant.adapter())));
          if (!seen) {
            throw Status.UNAVAILABLE
                .withDescription("its adapter is not listed yet")
                .asRuntimeException();
          }
          return true;
        });
  }

  private List<ModelInfo> models(String key) {
    ManagedChannel client = PublicChannel.open(endpoint, trust, key);
    try {
      return InferenceServiceGrpc.newBlockingStub(client)
          .withDeadlineAfter(CALL_MS, TimeUnit.MILLISECONDS)
          .listModels(ListModelsRequest.getDefaultInstance())
          .getModelsList();
    } finally {
      client.shutdownNow();
    }
  }

  private static <T> T retryUnavailable(Supplier<T> call) {
    long deadline = System.currentTimeMillis() + WAIT_MS;
    while (true) {
      try {
        return call.get();
      } catch (StatusRuntimeException e) {
        if (e.getStatus().getCode() != Status.Code.UNAVAILABLE
            || System.currentTimeMillis() > deadline) {
          throw e;
        }
      }
      pause();
    }
  }

  private static <T> T retry(String what, Supplier<T> call) {
    long deadline = System.currentTimeMillis() + WAIT_MS;
    while (true) {
      try {
        return call.get();
      } catch (StatusRuntimeException e) {
        if (System.currentTimeMillis() > deadline) {
          throw new StartFailedException(what + " does not work: " + e.getStatus(), e);
        }
      }
      pause();
    }
  }

  private static void pause() {
    try {
      Thread.sleep(PAUSE_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StartFailedException("interrupted", e);
    }
  }

  @Override
  public void close() {
    try {
      channels.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
