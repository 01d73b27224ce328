package dev.cofferdam.verification;

import com.anthropic.client.AnthropicClient;
import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import dev.cofferdam.load.drive.Target;
import dev.cofferdam.local.LocalMesh;
import dev.cofferdam.local.LocalOptions;
import dev.cofferdam.local.SampleTenant;
import dev.cofferdam.local.trace.StoredSpan;
import dev.cofferdam.local.trace.TraceFiles;
import dev.cofferdam.mesh.JdkTls;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.proto.admin.v1.Adapter;
import dev.cofferdam.proto.admin.v1.AdminServiceGrpc;
import dev.cofferdam.proto.admin.v1.IssueApiKeyRequest;
import dev.cofferdam.proto.admin.v1.LimitOverrides;
import dev.cofferdam.proto.admin.v1.Model;
import dev.cofferdam.proto.admin.v1.PutAdapterRequest;
import dev.cofferdam.proto.admin.v1.PutModelRequest;
import dev.cofferdam.proto.admin.v1.PutTenantRequest;
import dev.cofferdam.proto.admin.v1.SuspendTenantRequest;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.proto.admin.v1.TenantStatus;
import dev.cofferdam.proto.admin.v1.Tier;
import dev.cofferdam.proto.inference.v1.WorkloadClass;
import dev.cofferdam.proto.routing.v1.ExplainRequest;
import dev.cofferdam.proto.routing.v1.ExplainResponse;
import dev.cofferdam.proto.routing.v1.RoutingServiceGrpc;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.vocabulary.TenantId;
import io.grpc.ManagedChannel;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * The mesh that all end-to-end tests of a run share: started once, in a folder of its own, beside
 * whatever else runs on the machine. Each test makes tenants of its own, so that no test meets
 * another's limits.
 */
public final class Mesh {
  /** Name of the sample model's twin in one GGUF file; served once it is put. */
  public static final String GGUF_MODEL = "support-desk-gguf";

  /** Name of a copy of the sample model; it shares a worker's memory with the other twin. */
  public static final String SECOND_MODEL = "support-desk-second";

  /** Near worker-2; what fails is tried again sooner than by default, for the tests' sake. */
  private static final Map<String, String> ROUTER =
      Map.of(
          "cofferdam.zone", "zone-b",
          "cofferdam.health.ejected-ms", "6000",
          "cofferdam.health.breaker-open-ms", "2000");

  /** Those that a new tenant may use. */
  private static final List<WorkloadClass> CLASSES =
      List.of(
          WorkloadClass.WORKLOAD_CLASS_INTERACTIVE,
          WorkloadClass.WORKLOAD_CLASS_STANDARD,
          WorkloadClass.WORKLOAD_CLASS_BATCH);

  private static final class Holder {
    static final Mesh SHARED = start();
  }

  private final LocalMesh local;
  private final TokenIssuer issuer;
  private final TrustManagerFactory trust;
  private final SSLContext tls;
  private final Rest rest;
  private final ManagedChannel publicChannel;
  private final Map<String, ManagedChannel> channels = new ConcurrentHashMap<>();

  /** A tenant made for a test. */
  public record TenantHandle(String id, String apiKey, String adapter) {}

  /** The mesh of this run. */
  public static Mesh shared() {
    return Holder.SHARED;
  }

  private static Mesh start() {
    Path repository = repository();
    Path state = repository.resolve("verification/target/mesh");
    TokenIssuer issuer = new TokenIssuer(repository.resolve("verification/target/issuer.json"));
    LocalMesh local =
        LocalMesh.start(
            state,
            LocalOptions.of(repository)
                .withGatewaySettings(issuer.gatewaySettings())
                .withGatewaySettings(AdapterDisk.COMMON.ofGateway())
                .withSettings("router", ROUTER)
                .withSettings("worker-1", AdapterDisk.COMMON.ofWorker())
                .withSettings("worker-1", Map.of("cofferdam.worker.zone", "zone-a"))
                .withSettings("worker-2", AdapterDisk.OF_WORKER_2.ofWorker())
                .withSettings("worker-2", Map.of("cofferdam.worker.zone", "zone-b"))
                .withModels(ModelsFolder.make(repository), List.of(GGUF_MODEL, SECOND_MODEL))
                .withProgress(System.out::println));
    Runtime.getRuntime().addShutdownHook(new Thread(local::stop));
    return new Mesh(local, issuer);
  }

  private Mesh(LocalMesh local, TokenIssuer issuer) {
    this.local = local;
    this.issuer = issuer;
    try {
      this.trust = trust(local.files().authority());
      this.tls = SSLContext.getInstance("TLS");
      tls.init(null, trust.getTrustManagers(), null);
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
    this.rest = new Rest(local.endpoints().rest(), tls);
    this.publicChannel = withoutCertificate(local.endpoints().grpc());
  }

  private static TrustManagerFactory trust(Path ca) throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (InputStream in = Files.newInputStream(ca)) {
      store.setCertificateEntry(
          "ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
    }
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    return factory;
  }

  /** The gateway's gRPC port, as a client without a certificate. */
  public ManagedChannel grpc() {
    return publicChannel;
  }

  /** A channel without a client certificate. */
  public ManagedChannel withoutCertificate(String endpoint) {
    return channel(endpoint, null);
  }

  private ManagedChannel channel(
      String endpoint, @org.jspecify.annotations.Nullable TlsFiles identity) {
    int colon = endpoint.lastIndexOf(':');
    try {
      SslContextBuilder context =
          GrpcSslContexts.forClient().trustManager(local.files().authority().toFile());
      if (identity != null) {
        context.keyManager(identity.certificate().toFile(), identity.key().toFile());
      }
      return NettyChannelBuilder.forAddress(
              endpoint.substring(0, colon), Integer.parseInt(endpoint.substring(colon + 1)))
          .sslContext(context.build())
          .build();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private ManagedChannel as(String endpoint, TlsFiles identity) {
    return channels.computeIfAbsent(
        endpoint + identity.certificate(), unused -> channel(endpoint, identity));
  }

  /** The usage service, as the operator. */
  public ManagedChannel metering() {
    return as(local.endpoints().metering(), local.operator());
  }

  /** The audit service, as the operator. */
  public ManagedChannel audit() {
    return as(local.endpoints().audit(), local.operator());
  }

  /** A service by the name of its port, such as "grpc" for the gateway, as the operator. */
  public ManagedChannel asOperator(String port) {
    return as(local.address(port), local.operator());
  }

  /** The usage service, as a tenant. */
  public ManagedChannel meteringAs(TenantHandle tenant) {
    return as(local.endpoints().metering(), local.tenantIdentity(tenant.id()));
  }

  /** The audit service, as a tenant. */
  public ManagedChannel auditAs(TenantHandle tenant) {
    return as(local.endpoints().audit(), local.tenantIdentity(tenant.id()));
  }

  /** gRPC addresses of the services behind the gateway. */
  public List<String> internalEndpoints() {
    return List.of("router", "scheduler", "worker-1", "worker-2", "metering", "audit").stream()
        .map(local::address)
        .toList();
  }

  /** The REST edge for what an SDK would not send; all of its callers share their connections. */
  public Rest rest() {
    return rest;
  }

  /** The issuer whose tokens the gateway trusts. */
  public TokenIssuer issuer() {
    return issuer;
  }

  /**
   * Makes a call of a free tenant that the gateway refuses with 503 at first, as the limits' store
   * is away, and that is only answered if its client tries again.
   */
  public <T> T throughRefusals(Supplier<T> call) {
    double before = metrics().sum("gateway", "cofferdam_limiter_refusals");
    CompletableFuture<T> answer;
    processes().stopRedis();
    try {
      answer = CompletableFuture.supplyAsync(call);
      Patience.until(
          "the call is refused",
          () -> metrics().sum("gateway", "cofferdam_limiter_refusals") > before);
      if (answer.isDone()) {
        throw new AssertionError("the call ended with the refusal");
      }
    } finally {
      processes().startRedis();
    }
    return answer.orTimeout(1, TimeUnit.MINUTES).join();
  }

  /** The REST edge's URL. */
  public String restUrl() {
    return local.endpoints().rest();
  }

  /** The certificate of the authority that all of the mesh's certificates come from. */
  public Path authority() {
    return local.files().authority();
  }

  /** The official Anthropic client, without retries. */
  public AnthropicClient anthropic(String apiKey) {
    return anthropic(apiKey, 0, Duration.ofMinutes(1));
  }

  /** The official Anthropic client with a number of retries and a time after which it gives up. */
  public AnthropicClient anthropic(String apiKey, int retries, Duration timeout) {
    return AnthropicOkHttpClient.builder()
        .baseUrl(local.endpoints().rest())
        .apiKey(apiKey)
        .sslSocketFactory(tls.getSocketFactory())
        .trustManager((X509TrustManager) trust.getTrustManagers()[0])
        .maxRetries(retries)
        .timeout(timeout)
        .build();
  }

  /** The official OpenAI client, without retries, so that tests see each answer. */
  public OpenAIClient openAi(String apiKey) {
    return openAi(apiKey, 0, Duration.ofMinutes(1));
  }

  /** The official OpenAI client with a number of retries and a time after which it gives up. */
  public OpenAIClient openAi(String apiKey, int retries, Duration timeout) {
    return OpenAIOkHttpClient.builder()
        .baseUrl(local.endpoints().rest() + "/v1")
        .apiKey(apiKey)
        .sslSocketFactory(tls.getSocketFactory())
        .trustManager((X509TrustManager) trust.getTrustManagers()[0])
        .maxRetries(retries)
        .timeout(timeout)
        .build();
  }

  /** A sample tenant of the launcher. */
  public TenantHandle sample(String tenant) {
    SampleTenant sample =
        local.tenants().stream().filter(t -> t.tenant().equals(tenant)).findFirst().orElseThrow();
    return new TenantHandle(sample.tenant(), sample.apiKey(), sample.adapter());
  }

  /** Makes a model known to the mesh, under the name that it has in the models folder. */
  public Model putModel(String name) {
    Model.Builder model = Model.newBuilder().setId(name).setFolder(name).setContextTokensMax(8_192);
    return AdminServiceGrpc.newBlockingStub(asOperator("grpc"))
        .putModel(PutModelRequest.newBuilder().setModel(model.addPools("shared")).build())
        .getModel();
  }

  /** Makes an adapter of the sample model known, or names another folder for it. */
  public Adapter putAdapter(TenantHandle tenant, String name, String folder) {
    Adapter.Builder adapter = Adapter.newBuilder().setTenant(tenant.id()).setName(name);
    return AdminServiceGrpc.newBlockingStub(asOperator("grpc"))
        .putAdapter(
            PutAdapterRequest.newBuilder()
                .setAdapter(adapter.setModel("support-desk").setFolder(folder))
                .build())
        .getAdapter();
  }

  /** A new tenant with its tier's limits. */
  public TenantHandle newTenant(String name, String tier) {
    return newTenant(name, tier, LimitOverrides.getDefaultInstance());
  }

  /** The folder of the repository. */
  public static Path repository() {
    return Path.of(System.getProperty("cofferdam.repository", "..")).toAbsolutePath().normalize();
  }

  /** A new tenant with a key. */
  public TenantHandle newTenant(String name, String tier, LimitOverrides limits) {
    return newTenant(name, tier, record -> record.setLimits(limits));
  }

  /** A new tenant with a key, whose record differs from its tier's defaults. */
  public TenantHandle newTenant(String name, String tier, UnaryOperator<Tenant.Builder> record) {
    String id = "t-" + name.toLowerCase(Locale.ROOT) + "-" + Long.toString(System.nanoTime(), 36);
    var admin = AdminServiceGrpc.newBlockingStub(as(local.endpoints().grpc(), local.operator()));
    PutTenantRequest put =
        PutTenantRequest.newBuilder()
            .setTenant(
                record.apply(
                    Tenant.newBuilder()
                        .setId(id)
                        .setTier(Tier.valueOf("TIER_" + tier.toUpperCase(Locale.ROOT)))
                        .addAllWorkloadClassesAllowed(CLASSES)
                        .setStatus(TenantStatus.TENANT_STATUS_ACTIVE)))
            .build();
    Patience.await("the tenant is made", () -> Optional.of(admin.putTenant(put)));
    IssueApiKeyRequest issue = IssueApiKeyRequest.newBuilder().setTenant(id).build();
    String key =
        Patience.await("a key is issued", () -> Optional.of(admin.issueApiKey(issue).getSecret()));
    TenantHandle tenant = new TenantHandle(id, key, "");
    Patience.until(
        "the new tenant is known",
        () ->
            Generation.run(grpc(), key, Generation.chat("").clearChat().setPrompt("").build())
                    .status()
                    .getCode()
                == io.grpc.Status.Code.INVALID_ARGUMENT);
    return tenant;
  }

  /** Ends what a tenant is sure of: the mesh of the next run would still keep it free. */
  public void suspend(TenantHandle tenant) {
    var admin = AdminServiceGrpc.newBlockingStub(as(local.endpoints().grpc(), local.operator()));
    SuspendTenantRequest suspend = SuspendTenantRequest.newBuilder().setTenant(tenant.id()).build();
    Patience.await("the tenant is suspended", () -> Optional.of(admin.suspendTenant(suspend)));
  }

  /** What the mesh's processes say in their metrics. */
  public MeshMetrics metrics() {
    return new MeshMetrics(local.endpoints().metrics());
  }

  /** Names of the services that reported spans of a request's trace. */
  public Set<String> servicesInTrace(String requestId) {
    return spans(requestId).stream()
        .map(span -> span.service().replaceAll("-\\d+$", ""))
        .collect(Collectors.toSet());
  }

  /** All spans of a request's trace. */
  public List<StoredSpan> spans(String requestId) {
    try {
      return new TraceFiles(local.files().traces()).ofRequest(requestId);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * A page of the gateway's console.
   *
   * @param reader who shows a certificate; empty: the operator
   */
  public HttpResponse<String> console(Optional<TenantHandle> reader, String path) {
    TlsFiles identity =
        reader.map(tenant -> local.tenantIdentity(tenant.id())).orElse(local.operator());
    try (JdkTls shown = JdkTls.client(identity, SpiffeId.Role.GATEWAY)) {
      return page(shown.context(), path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * A page of the console for somebody without a certificate.
   *
   * @throws IOException as it is refused
   */
  public HttpResponse<String> consoleWithoutCertificate(String path) throws IOException {
    return page(tls, path);
  }

  private HttpResponse<String> page(SSLContext context, String path) throws IOException {
    try (HttpClient http = HttpClient.newBuilder().sslContext(context).build()) {
      return http.send(
          HttpRequest.newBuilder(URI.create("https://" + local.address("console") + path))
              .timeout(Duration.ofSeconds(30))
              .build(),
          HttpResponse.BodyHandlers.ofString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** The mesh as the load driver's target, with the sample tenants. */
  public Target loadTarget() {
    return new Target(
        local.endpoints().grpc(),
        local.endpoints().rest(),
        local.files().authority(),
        local.tenants().getFirst().model(),
        local.tenants().stream()
            .collect(
                Collectors.toMap(
                    tenant -> new TenantId(tenant.tenant()),
                    tenant ->
                        new Target.Credentials(
                            tenant.apiKey(),
                            Optional.empty(),
                            tenant.adapter(),
                            dev.cofferdam.vocabulary.Tier.valueOf(
                                tenant.tier().toUpperCase(Locale.ROOT))))));
  }

  /** The folder of all that the mesh writes. */
  public Path state() {
    return local.files().folder();
  }

  /** Name of the worker that a request was placed on last. */
  public String workerOf(String requestId) {
    return explain(requestId).getWorkerId();
  }

  /** Why a request was placed where it was last. */
  public ExplainResponse explain(String requestId) {
    return RoutingServiceGrpc.newBlockingStub(asOperator("router"))
        .explain(ExplainRequest.newBuilder().setRequestId(requestId).build());
  }

  /** The mesh's processes, to kill, stop and start. */
  public MeshProcesses processes() {
    return new MeshProcesses(local);
  }
}
