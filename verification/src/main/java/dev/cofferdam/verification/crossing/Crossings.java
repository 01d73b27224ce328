package dev.cofferdam.verification.crossing;

import dev.cofferdam.local.Endpoints;
import dev.cofferdam.local.SampleTenant;
import dev.cofferdam.local.StateFiles;
import dev.cofferdam.mesh.JdkTls;
import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.proto.admin.v1.AdminServiceGrpc;
import dev.cofferdam.proto.admin.v1.ListTenantsRequest;
import dev.cofferdam.proto.audit.v1.AuditServiceGrpc;
import dev.cofferdam.proto.audit.v1.EraseTenantRequest;
import dev.cofferdam.proto.audit.v1.ListRecordsRequest;
import dev.cofferdam.proto.audit.v1.LoggedRecord;
import dev.cofferdam.proto.events.v1.Severity;
import dev.cofferdam.proto.inference.v1.GenerateRequest;
import dev.cofferdam.proto.inference.v1.InferenceServiceGrpc;
import dev.cofferdam.proto.inference.v1.ListModelsRequest;
import dev.cofferdam.proto.metering.v1.BillingServiceGrpc;
import dev.cofferdam.proto.metering.v1.IssueInvoiceRequest;
import dev.cofferdam.proto.metering.v1.ListUsageRequest;
import dev.cofferdam.proto.metering.v1.UsageServiceGrpc;
import dev.cofferdam.proto.routing.v1.AnnounceRequest;
import dev.cofferdam.proto.routing.v1.AnnounceResponse;
import dev.cofferdam.proto.routing.v1.PlaceRequest;
import dev.cofferdam.proto.routing.v1.RoutingServiceGrpc;
import dev.cofferdam.proto.routing.v1.WorkerIdentity;
import dev.cofferdam.proto.scheduling.v1.AttachRequest;
import dev.cofferdam.proto.scheduling.v1.AttachResponse;
import dev.cofferdam.proto.scheduling.v1.EnqueueRequest;
import dev.cofferdam.proto.scheduling.v1.Hello;
import dev.cofferdam.proto.scheduling.v1.SchedulingServiceGrpc;
import dev.cofferdam.proto.worker.v1.DrainRequest;
import dev.cofferdam.proto.worker.v1.WorkerServiceGrpc;
import dev.cofferdam.vocabulary.SpiffeId.Role;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/** Every kind of attempt to cross a tenant's border that a mesh can be asked from outside it. */
public final class Crossings implements AutoCloseable {
  private static final long CALL_S = 10;
  private static final long POLL_MS = 5;

  private final StateFiles files;
  private final Endpoints endpoints;
  private final SampleTenant tenant;
  private final SampleTenant other;
  private final List<MeshChannels> opened = new ArrayList<>();
  private final MeshChannels asTenant;

  /** The other tenant, and the paths of what it keeps for these attempts. */
  private final RestClient owner;

  private final List<String> kept = new ArrayList<>();
  private final MeshChannels asWorker;
  private final AuditServiceGrpc.AuditServiceBlockingStub log;

  /**
   * An attempt.
   *
   * @param kind what it is
   * @param tenant whose record it becomes
   * @param attempt makes it; fails where it was not refused
   */
  public record Crossing(String kind, String tenant, Attempt attempt) {}

  /** Something that has to be refused. */
  public interface Attempt {
    /** Tries it. */
    void run() throws Exception;
  }

  /**
   * @param state the folder of a mesh that runs, with two sample tenants at least
   */
  public Crossings(Path state) {
    files = new StateFiles(state);
    endpoints =
        files.endpoints().orElseThrow(() -> new IllegalStateException("no mesh runs in " + state));
    tenant = files.tenants().get(0);
    other = files.tenants().get(1);
    owner = new RestClient(endpoints.rest(), other, identity(other));
    asTenant = channels(identity(tenant));
    asWorker = channels(inside("worker-1"));
    MeshChannels operator =
        channels(
            new TlsFiles(
                Path.of(String.valueOf(endpoints.operator().get("certificate"))),
                Path.of(String.valueOf(endpoints.operator().get("key"))),
                files.authority()));
    log = AuditServiceGrpc.newBlockingStub(operator.to(endpoints.audit(), Role.AUDIT));
  }

  private MeshChannels channels(TlsFiles identity) {
    MeshChannels channels = new MeshChannels(identity);
    opened.add(channels);
    return channels;
  }

  private TlsFiles identity(SampleTenant one) {
    return new TlsFiles(Path.of(one.certificate()), Path.of(one.key()), files.authority());
  }

  private TlsFiles inside(String name) {
    Path pki = files.folder().resolve("pki");
    return new TlsFiles(pki.resolve(name + ".pem"), pki.resolve(name + ".key"), files.authority());
  }

  private String address(String port) {
    return "127.0.0.1:" + files.ports().get(port);
  }

  @Override
  public void close() throws IOException, InterruptedException {
    // Not before their records are on the log: what is no more is nobody's.
    for (String one : kept) {
      var unused = owner.status("DELETE", one);
    }
    owner.close();
    for (MeshChannels channels : opened) {
      channels.close();
    }
  }

  /**
   * Tries one and waits until it is on the log.
   *
   * @return the record
   */
  public LoggedRecord recorded(Crossing crossing) throws Exception {
    long before = latest(crossing).stream().mapToLong(LoggedRecord::getIndex).max().orElse(-1);
    crossing.attempt().run();
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (System.nanoTime() < until) {
      for (LoggedRecord record : latest(crossing)) {
        if (record.getIndex() > before) {
          return record;
        }
      }
      Thread.sleep(POLL_MS);
    }
    throw new IllegalStateException(crossing.kind() + " did not become a CRITICAL record");
  }

  private List<LoggedRecord> latest(Crossing crossing) {
    return log.listRecords(
            ListRecordsRequest.newBuilder()
                .setTenant(crossing.tenant())
                .setSeverity(Severity.SEVERITY_CRITICAL)
                .setPageSize(1)
                .build())
        .getRecordsList();
  }

  /** All of them. */
  public List<Crossing> all() {
    List<Crossing> all = new ArrayList<>(ofRequests());
    all.addAll(ofIds());
    all.addAll(ofTheCallTable());
    all.addAll(ofQueries());
    all.addAll(ofWorkers());
    return all;
  }

  private Crossing of(String kind, Attempt attempt) {
    return new Crossing(kind, tenant.tenant(), attempt);
  }

  /** A call that has to fail, for another reason than that nobody is there. */
  private static Attempt refused(Supplier<?> call) {
    return () -> {
      try {
        var unused = call.get();
      } catch (StatusRuntimeException e) {
        switch (e.getStatus().getCode()) {
          case PERMISSION_DENIED, NOT_FOUND -> {
            return;
          }
          default -> throw e;
        }
      }
      throw new IllegalStateException("an attempt to cross a border was not refused");
    };
  }

  private InferenceServiceGrpc.InferenceServiceBlockingStub client(
      MeshChannels channels, List<String> claims) {
    Metadata headers = new Metadata();
    headers.put(key("authorization"), "Bearer " + tenant.apiKey());
    claims.forEach(claim -> headers.put(key("x-tenant-id"), claim));
    return InferenceServiceGrpc.newBlockingStub(channels.to(endpoints.grpc(), Role.GATEWAY))
        .withDeadlineAfter(CALL_S, TimeUnit.SECONDS)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  private List<Crossing> ofRequests() {
    MeshChannels asOther = channels(identity(other));
    ListModelsRequest models = ListModelsRequest.getDefaultInstance();
    return List.of(
        of(
            "claimed_tenant",
            refused(() -> client(asTenant, List.of(other.tenant())).listModels(models))),
        of(
            "two_claims",
            refused(
                () ->
                    client(asTenant, List.of(tenant.tenant(), other.tenant())).listModels(models))),
        of("key_beside_certificate", refused(() -> client(asOther, List.of()).listModels(models))),
        of(
            "adapter",
            refused(
                () ->
                    client(asTenant, List.of())
                        .generate(
                            GenerateRequest.newBuilder()
                                .setModel(tenant.model())
                                .setAdapter(other.adapter())
                                .setPrompt("Hello")
                                .build())
                        .hasNext())));
  }

  /** Ids of what another tenant keeps, which it makes for this. */
  private List<Crossing> ofIds() {
    String boundary = "multipart/form-data; boundary=cut";
    String line =
        "{\"custom_id\":\"a\",\"method\":\"POST\",\"url\":\"/v1/embeddings\",\"body\":"
            + "{\"model\":\"%s\",\"input\":\"Hello\"}}".formatted(other.model());
    String file =
        "--cut\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--cut\r\n"
            + "Content-Disposition: form-data; name=\"file\"; filename=\"in.jsonl\"\r\n\r\n"
            + line
            + "\r\n--cut--\r\n";
    return List.of(
        ofId("document", "/v1/documents", "application/json", "{\"text\":\"Where it lies.\"}"),
        ofId("file", "/v1/files", boundary, file));
  }

  private Crossing ofId(String kind, String path, String contentType, String body) {
    return of(
        kind,
        () -> {
          try (RestClient stranger = new RestClient(endpoints.rest(), tenant, identity(tenant))) {
            String one = path + "/" + owner.made(path, contentType, body);
            kept.add(one);
            int status = stranger.status("GET", one);
            if (status != 404) {
              throw new IllegalStateException(path + " of another was answered with " + status);
            }
          }
        });
  }

  private ManagedChannel service(String address, Role role) {
    return asTenant.to(address, role);
  }

  private List<Crossing> ofTheCallTable() {
    return List.of(
        of(
            "call_gateway",
            refused(
                () ->
                    AdminServiceGrpc.newBlockingStub(service(endpoints.grpc(), Role.GATEWAY))
                        .listTenants(ListTenantsRequest.getDefaultInstance()))),
        of(
            "call_router",
            refused(
                () ->
                    RoutingServiceGrpc.newBlockingStub(service(endpoints.router(), Role.ROUTER))
                        .place(PlaceRequest.getDefaultInstance())
                        .hasNext())),
        of(
            "call_scheduler",
            refused(
                () ->
                    SchedulingServiceGrpc.newBlockingStub(
                            service(address("scheduler"), Role.SCHEDULER))
                        .enqueue(EnqueueRequest.getDefaultInstance())
                        .hasNext())),
        of(
            "call_worker",
            refused(
                () ->
                    WorkerServiceGrpc.newBlockingStub(service(address("worker-1"), Role.WORKER))
                        .drain(DrainRequest.getDefaultInstance()))),
        of(
            "call_metering",
            refused(
                () ->
                    BillingServiceGrpc.newBlockingStub(service(endpoints.metering(), Role.METERING))
                        .issueInvoice(IssueInvoiceRequest.getDefaultInstance()))),
        of(
            "call_audit",
            refused(
                () ->
                    AuditServiceGrpc.newBlockingStub(service(endpoints.audit(), Role.AUDIT))
                        .eraseTenant(EraseTenantRequest.getDefaultInstance()))));
  }

  private List<Crossing> ofQueries() {
    return List.of(
        of(
            "usage",
            refused(
                () ->
                    UsageServiceGrpc.newBlockingStub(service(endpoints.metering(), Role.METERING))
                        .listUsage(
                            ListUsageRequest.newBuilder().setTenant(other.tenant()).build()))),
        of(
            "records",
            refused(
                () ->
                    AuditServiceGrpc.newBlockingStub(service(endpoints.audit(), Role.AUDIT))
                        .listRecords(
                            ListRecordsRequest.newBuilder().setTenant(other.tenant()).build()))),
        of("page_of_costs", page("metering-web", "/?tenant=" + other.tenant(), Role.METERING)),
        of("page_of_violations", page("audit-web", "/violations", Role.AUDIT)),
        of("bundle_of_records", page("audit-web", "/tile/entries/000", Role.AUDIT)));
  }

  private Attempt page(String port, String path, Role role) {
    return () -> {
      try (JdkTls tls = JdkTls.client(identity(tenant), role);
          HttpClient client = HttpClient.newBuilder().sslContext(tls.context()).build()) {
        URI uri = URI.create("https://" + address(port) + path);
        int status =
            client
                .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.discarding())
                .statusCode();
        if (status != 403) {
          throw new IllegalStateException(path + " was answered with " + status);
        }
      }
    };
  }

  /** Of whoever holds a key from inside the mesh: records of nobody's. */
  private List<Crossing> ofWorkers() {
    MeshChannels asGateway = channels(inside("gateway"));
    return List.of(
        new Crossing(
            "forged_grant",
            "-",
            refused(
                () ->
                    WorkerServiceGrpc.newBlockingStub(
                            asGateway.to(address("worker-1"), Role.WORKER))
                        .generate(
                            dev.cofferdam.proto.worker.v1.GenerateRequest.getDefaultInstance())
                        .hasNext())),
        new Crossing(
            "attach_as_another",
            "-",
            () ->
                Crossings.<AttachRequest, AttachResponse>stream(
                    answers ->
                        SchedulingServiceGrpc.newStub(
                                asWorker.to(address("scheduler"), Role.SCHEDULER))
                            .attach(answers),
                    AttachRequest.newBuilder()
                        .setHello(Hello.newBuilder().setWorkerId("worker-of-another"))
                        .build())),
        new Crossing(
            "announce_as_another",
            "-",
            () ->
                Crossings.<AnnounceRequest, AnnounceResponse>stream(
                    answers ->
                        RoutingServiceGrpc.newStub(asWorker.to(endpoints.router(), Role.ROUTER))
                            .announce(answers),
                    AnnounceRequest.newBuilder()
                        .setIdentity(
                            WorkerIdentity.newBuilder()
                                .setWorkerId("worker-of-another")
                                .setPool("shared")
                                .setBlockTokens(16))
                        .build())));
  }

  private interface Opening<Q, A> {
    StreamObserver<Q> open(StreamObserver<A> answers);
  }

  /** Sends a first message; the stream has to be closed as refused. */
  private static <Q, A> void stream(Opening<Q, A> opening, Q first) throws Exception {
    CompletableFuture<Void> ended = new CompletableFuture<>();
    StreamObserver<Q> stream =
        opening.open(
            new StreamObserver<>() {
              @Override
              public void onNext(A answer) {}

              @Override
              public void onError(Throwable failure) {
                ended.completeExceptionally(failure);
              }

              @Override
              public void onCompleted() {
                ended.complete(null);
              }
            });
    stream.onNext(first);
    try {
      ended.get(CALL_S, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      refused(
              () -> {
                throw (StatusRuntimeException) e.getCause();
              })
          .run();
      return;
    } catch (TimeoutException e) {
      stream.onError(e);
    }
    throw new IllegalStateException("a worker of another name was let in");
  }
}
