package dev.cofferdam.verification.fairness;

import dev.cofferdam.local.LocalMesh;
import dev.cofferdam.local.LocalOptions;
import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.proto.admin.v1.AdminServiceGrpc;
import dev.cofferdam.proto.admin.v1.DeleteTenantRequest;
import dev.cofferdam.proto.admin.v1.IssueApiKeyRequest;
import dev.cofferdam.proto.admin.v1.LimitOverrides;
import dev.cofferdam.proto.admin.v1.PutTenantRequest;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.proto.admin.v1.TenantStatus;
import dev.cofferdam.proto.admin.v1.Tier;
import dev.cofferdam.proto.metering.v1.ListUsageRequest;
import dev.cofferdam.proto.metering.v1.ListUsageResponse;
import dev.cofferdam.proto.metering.v1.UsageRow;
import dev.cofferdam.proto.metering.v1.UsageServiceGrpc;
import dev.cofferdam.vocabulary.SpiffeId;
import io.grpc.ManagedChannel;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import java.io.Closeable;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/** A mesh of its own, in which services may be killed. */
final class TestedMesh implements Closeable {
  private static final int CHANNELS = 4;
  private static final int KNOWN_TRIES = 120;
  private static final int UNREACHED = 100_000;
  private static final int CONCURRENT_MAX = 10_000;
  private static final long UNREACHED_TOKENS = 1_000_000_000_000L;

  private final LocalMesh mesh;
  private final MeshChannels operator;
  private final List<ManagedChannel> channels = new ArrayList<>();
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /** A tenant's id and key. */
  record Key(String tenant, String apiKey) {}

  /** Starts it. */
  TestedMesh(Path repository, Path folder) throws IOException {
    this.mesh =
        LocalMesh.start(folder, LocalOptions.of(repository).withProgress(System.out::println));
    this.operator = new MeshChannels(mesh.operator());
    String grpc = mesh.endpoints().grpc();
    int colon = grpc.lastIndexOf(':');
    for (int i = 0; i < CHANNELS; i++) {
      channels.add(
          NettyChannelBuilder.forAddress(
                  grpc.substring(0, colon), Integer.parseInt(grpc.substring(colon + 1)))
              .sslContext(
                  GrpcSslContexts.forClient()
                      .trustManager(mesh.files().authority().toFile())
                      .build())
              .build());
    }
  }

  /** A new tenant of priority 1 whose limits are out of the way. */
  Key tenant(String name, UnaryOperator<Tenant.Builder> record) {
    String id = name + "-" + Long.toString(System.nanoTime(), 36);
    var admin =
        AdminServiceGrpc.newBlockingStub(
            operator.to(mesh.endpoints().grpc(), SpiffeId.Role.GATEWAY));
    Tenant.Builder tenant =
        Tenant.newBuilder()
            .setId(id)
            .setTier(Tier.TIER_STANDARD)
            .setStatus(TenantStatus.TENANT_STATUS_ACTIVE)
            .setLimits(
                LimitOverrides.newBuilder()
                    .setPriority(1)
                    .setConcurrentRequests(CONCURRENT_MAX)
                    .setRequestsPerMinute(UNREACHED)
                    .setBurstRequests(UNREACHED)
                    .setBurstPerMinute(UNREACHED)
                    .setTokensPerMinute(UNREACHED_TOKENS));
    var unused =
        admin.putTenant(PutTenantRequest.newBuilder().setTenant(record.apply(tenant)).build());
    return new Key(
        id, admin.issueApiKey(IssueApiKeyRequest.newBuilder().setTenant(id).build()).getSecret());
  }

  /** Removes a tenant with what it had for itself. */
  void remove(Key key) {
    var unused =
        AdminServiceGrpc.newBlockingStub(
                operator.to(mesh.endpoints().grpc(), SpiffeId.Role.GATEWAY))
            .deleteTenant(DeleteTenantRequest.newBuilder().setTenant(key.tenant()).build());
  }

  /** A tenant's client, once its key is in force. */
  Client client(Key key, int outputTokens, long seed) throws InterruptedException {
    Client client = new Client(channels, key.apiKey(), outputTokens, seed);
    for (int i = 0; i < KNOWN_TRIES; i++) {
      if (client.send().ended.join().outcome() == Call.Outcome.SERVED) {
        return client;
      }
      TimeUnit.MILLISECONDS.sleep(250);
    }
    throw new IllegalStateException("a new tenant is not served");
  }

  /** Kills a process with SIGKILL; it is started again by itself. */
  void kill(String process) {
    mesh.kill(process);
  }

  void awaitReady(String process) {
    mesh.awaitReady(process);
  }

  /** The scheduler that workers are attached to. */
  String leader() throws InterruptedException {
    for (int i = 0; i < KNOWN_TRIES; i++) {
      for (String name : List.of("scheduler", "scheduler-2")) {
        if (metric(name, "cofferdam_scheduler_workers") > 0) {
          return name;
        }
      }
      TimeUnit.MILLISECONDS.sleep(250);
    }
    throw new IllegalStateException("no scheduler leads");
  }

  private double metric(String process, String name) throws InterruptedException {
    try {
      return http.send(
              HttpRequest.newBuilder(
                      URI.create(String.valueOf(mesh.endpoints().metrics().get(process))))
                  .build(),
              HttpResponse.BodyHandlers.ofString())
          .body()
          .lines()
          .filter(line -> line.startsWith(name + "{") || line.startsWith(name + " "))
          .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
          .sum();
    } catch (IOException away) {
      return 0;
    }
  }

  /** What the ledger has of a tenant. */
  List<UsageRow> ledger(String tenant) {
    List<UsageRow> usage = new ArrayList<>();
    var service =
        UsageServiceGrpc.newBlockingStub(
            operator.to(mesh.endpoints().metering(), SpiffeId.Role.METERING));
    String page = "";
    do {
      ListUsageResponse rows =
          service.listUsage(
              ListUsageRequest.newBuilder()
                  .setTenant(tenant)
                  .setPageSize(1_000)
                  .setPageToken(page)
                  .build());
      usage.addAll(rows.getRowsList());
      page = rows.getNextPageToken();
    } while (!page.isEmpty());
    return usage;
  }

  /** Waits until every call has ended. */
  static void await(List<Call> calls) {
    calls.forEach(call -> call.ended.join());
  }

  @Override
  public void close() throws IOException {
    channels.forEach(ManagedChannel::shutdownNow);
    operator.close();
    mesh.close();
  }
}
