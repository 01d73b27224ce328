package dev.cofferdam.gateway.admin.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.admin.FolderRoot;
import dev.cofferdam.gateway.admin.Problems;
import dev.cofferdam.gateway.facts.RecordedFacts;
import dev.cofferdam.mesh.Caller;
import dev.cofferdam.proto.admin.v1.Adapter;
import dev.cofferdam.proto.admin.v1.IssueApiKeyRequest;
import dev.cofferdam.proto.admin.v1.IssueApiKeyResponse;
import dev.cofferdam.proto.admin.v1.Model;
import dev.cofferdam.proto.admin.v1.PutAdapterRequest;
import dev.cofferdam.proto.admin.v1.PutAdapterResponse;
import dev.cofferdam.proto.admin.v1.PutModelRequest;
import dev.cofferdam.proto.admin.v1.PutModelResponse;
import dev.cofferdam.proto.admin.v1.PutTenantRequest;
import dev.cofferdam.proto.admin.v1.PutTenantResponse;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.proto.admin.v1.TenantStatus;
import dev.cofferdam.proto.admin.v1.ThrottleTenantRequest;
import dev.cofferdam.proto.admin.v1.ThrottleTenantResponse;
import dev.cofferdam.proto.admin.v1.Tier;
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
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** The admin API over a configuration in memory. */
abstract class AdminCalls {
  static final long NOW_S = 1_800_000_000L;

  static final Caller OPERATOR =
      new Caller(
          SpiffeId.Role.OPERATOR,
          SpiffeId.parse("spiffe://cofferdam.local/operator/local"),
          "127.0.0.1");

  @TempDir Path root;

  final MemoryConfiguration written = new MemoryConfiguration();

  final RecordedFacts facts = new RecordedFacts();

  final List<TenantId> erased = new ArrayList<>();

  Optional<Refusal> erasing = Optional.empty();

  /** Whether the gateway's rules let records ask for similar answers. */
  boolean similarAnswers = true;

  AdminGrpcService service;

  RolloutGrpcService rollouts;

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
            this::check,
            this::erase,
            facts,
            new Random(7),
            () -> Instant.ofEpochSecond(NOW_S),
            () -> OPERATOR);
    rollouts =
        new RolloutGrpcService(
            written,
            Optional.of(new FolderRoot(root.resolve("adapters"))),
            facts,
            () -> Instant.ofEpochSecond(NOW_S),
            () -> OPERATOR);
  }

  private void check(Problems problems, Tenant tenant) {
    if (tenant.hasSimilarResponses() && !similarAnswers) {
      problems.add("similar_responses", "set", "what this gateway has not");
    }
  }

  private void erase(TenantId tenant) {
    if (erasing.isPresent()) {
      throw erasing.get().asException();
    }
    erased.add(tenant);
  }

  static Tenant acme() {
    return Tenant.newBuilder()
        .setId("acme")
        .setTier(Tier.TIER_STANDARD)
        .setStatus(TenantStatus.TENANT_STATUS_ACTIVE)
        .build();
  }

  static Model model(String folder) {
    return Model.newBuilder()
        .setId("support-desk")
        .setFolder(folder)
        .setContextTokensMax(512)
        .addPools("shared")
        .addDefaultOf(Tier.TIER_FREE)
        .build();
  }

  static Adapter adapter(String tenant, String model, String folder) {
    return Adapter.newBuilder()
        .setTenant(tenant)
        .setName("books")
        .setModel(model)
        .setFolder(folder)
        .build();
  }

  Answer<ThrottleTenantResponse> throttle(double share) {
    return call(
        service::throttleTenant,
        ThrottleTenantRequest.newBuilder().setTenant("acme").setShare(share).build());
  }

  Answer<PutTenantResponse> put(Tenant tenant) {
    return call(service::putTenant, PutTenantRequest.newBuilder().setTenant(tenant).build());
  }

  Answer<PutModelResponse> put(Model model) {
    return call(service::putModel, PutModelRequest.newBuilder().setModel(model).build());
  }

  Answer<PutAdapterResponse> put(Adapter adapter) {
    return call(service::putAdapter, PutAdapterRequest.newBuilder().setAdapter(adapter).build());
  }

  Answer<IssueApiKeyResponse> issue(String tenant) {
    return call(service::issueApiKey, IssueApiKeyRequest.newBuilder().setTenant(tenant).build());
  }

  static <Q, R> Answer<R> call(BiConsumer<Q, StreamObserver<R>> method, Q request) {
    Answer<R> answer = new Answer<>();
    method.accept(request, answer);
    return answer;
  }

  void file(String name, String text) throws IOException {
    Path file = root.resolve(name);
    Files.createDirectories(file.getParent());
    Files.write(file, text.getBytes(StandardCharsets.UTF_8));
  }

  static final class Answer<R> implements StreamObserver<R> {
    R value;
    Throwable failure;

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
}
