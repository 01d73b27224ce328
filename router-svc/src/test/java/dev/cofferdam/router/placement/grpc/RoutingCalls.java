package dev.cofferdam.router.placement.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.mesh.MeshServer;
import dev.cofferdam.mesh.TestPki;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.proto.inference.v1.WorkloadClass;
import dev.cofferdam.proto.routing.v1.AnnounceRequest;
import dev.cofferdam.proto.routing.v1.AnnounceResponse;
import dev.cofferdam.proto.routing.v1.Envelope;
import dev.cofferdam.proto.routing.v1.PlaceRequest;
import dev.cofferdam.proto.routing.v1.PlaceResponse;
import dev.cofferdam.proto.routing.v1.RoutingServiceGrpc;
import dev.cofferdam.proto.routing.v1.WorkerIdentity;
import dev.cofferdam.proto.scheduling.v1.EnqueueRequest;
import dev.cofferdam.proto.scheduling.v1.EnqueueResponse;
import dev.cofferdam.proto.scheduling.v1.Granted;
import dev.cofferdam.proto.scheduling.v1.SchedulingServiceGrpc;
import dev.cofferdam.router.affinity.PrefixIndex;
import dev.cofferdam.router.fleet.Fleet;
import dev.cofferdam.router.fleet.grpc.Announcements;
import dev.cofferdam.router.placement.Explanations;
import dev.cofferdam.router.placement.PlacementListener;
import dev.cofferdam.router.routing.Conditions;
import dev.cofferdam.router.routing.RoutePlanner;
import dev.cofferdam.router.routing.RoutingWeights;
import dev.cofferdam.router.signals.PoolSignals;
import dev.cofferdam.router.tenancy.Directory;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.PrivacyPolicy;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.Tier;
import dev.cofferdam.wire.Statuses;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** The router over real mTLS, between a gateway, workers and a scheduler that the test plays. */
abstract class RoutingCalls {
  static final String DOMAIN = "test.local";
  static final long WAIT_S = 20;
  static final String REQUEST = "0000000000000000000000000000002a";
  @TempDir private Path folder;
  final Explanations explanations = new Explanations(10);
  final Scheduler scheduler = new Scheduler();
  final Counting counting = new Counting();
  final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  final Fleet fleet = new Fleet(60_000, 10);
  TlsFiles schedulerIdentity;
  MeshServer schedulerServer;
  MeshServer server;
  MeshChannels ofRouter;
  MeshChannels gateway;
  MeshChannels worker;
  MeshChannels otherWorker;
  MeshChannels operator;

  /** A scheduler whose answers the test decides. */
  static final class Scheduler extends SchedulingServiceGrpc.SchedulingServiceImplBase {
    final BlockingQueue<Call> calls = new LinkedBlockingQueue<>();

    record Call(
        EnqueueRequest request,
        ServerCallStreamObserver<EnqueueResponse> answers,
        BlockingQueue<String> ends) {}

    @Override
    public void enqueue(EnqueueRequest request, StreamObserver<EnqueueResponse> answers) {
      Call call =
          new Call(
              request,
              (ServerCallStreamObserver<EnqueueResponse>) answers,
              new LinkedBlockingQueue<>());
      call.answers.setOnCancelHandler(() -> call.ends.add("cancelled"));
      calls.add(call);
    }

    Call next() throws InterruptedException {
      Call call = calls.poll(WAIT_S, TimeUnit.SECONDS);
      assertThat(call).as("an enqueue in time").isNotNull();
      return call;
    }
  }

  @BeforeEach
  void start() {
    TestPki pki = new TestPki(folder);
    schedulerIdentity = pki.identity("scheduler", id("service/scheduler"));
    schedulerServer = serveScheduler(0);
    ofRouter = new MeshChannels(pki.identity("router-client", id("service/router")));
    gateway = new MeshChannels(pki.identity("gateway", id("service/gateway")));
    worker = new MeshChannels(pki.identity("w1", id("service/worker/w1")));
    otherWorker = new MeshChannels(pki.identity("w2", id("service/worker/w2")));
    operator = new MeshChannels(pki.identity("operator", id("operator/ops")));
    PrefixIndex index = new PrefixIndex(100);
    int port = schedulerServer.port();
    Surroundings around =
        new Surroundings(
            new RoutePlanner(new Book(), index, RoutingWeights.DEFAULT, Conditions.fair()),
            fleet,
            new SchedulersInTurn(
                pool -> List.of("127.0.0.1:" + port),
                endpoint -> ofRouter.to(endpoint, SpiffeId.Role.SCHEDULER)),
            timer,
            Clock.systemUTC(),
            1_500,
            counting,
            explanations);
    server =
        MeshServer.builder(DOMAIN, pki.identity("router", id("service/router")))
            .listen("127.0.0.1", 0)
            .service(
                new RoutingEndpoint(
                    around,
                    new Announcements(fleet, index, Clock.systemUTC()),
                    counting.signals::all))
            .start();
  }

  @AfterEach
  void stop() throws Exception {
    gateway.close();
    worker.close();
    otherWorker.close();
    operator.close();
    ofRouter.close();
    server.close();
    schedulerServer.close();
    timer.shutdownNow();
  }

  static String id(String path) {
    return "spiffe://" + DOMAIN + "/" + path;
  }

  MeshServer serveScheduler(int port) {
    return MeshServer.builder(DOMAIN, schedulerIdentity)
        .listen("127.0.0.1", port)
        .service(scheduler)
        .start();
  }

  RoutingServiceGrpc.RoutingServiceStub router(MeshChannels from) {
    return RoutingServiceGrpc.newStub(from.to("127.0.0.1:" + server.port(), SpiffeId.Role.ROUTER));
  }

  static final class Counting implements PlacementListener {
    final PoolSignals signals = new PoolSignals();

    @Override
    public void planned(long nanos) {}

    @Override
    public void entered(String pool, long tokens) {
      signals.entered(pool, tokens);
    }

    @Override
    public void left(String pool, long tokens) {
      signals.left(pool, tokens);
    }

    @Override
    public void granted(String pool, long queueWaitMs) {}

    @Override
    public void refused(ErrorCode code) {}
  }

  /** One tenant, one model, no pools of their own. */
  static final class Book implements Directory {
    @Override
    public boolean ready() {
      return true;
    }

    @Override
    public Optional<TenantProfile> tenant(TenantId id) {
      return Optional.of(id)
          .filter(known -> known.value().equals("acme"))
          .map(
              known ->
                  new TenantProfile(
                      known,
                      Tier.STANDARD,
                      TenantProfile.Status.ACTIVE,
                      Tier.STANDARD.limits(),
                      2,
                      Set.of(),
                      Set.of(),
                      Optional.empty(),
                      Set.of(dev.cofferdam.vocabulary.WorkloadClass.INTERACTIVE),
                      false,
                      false,
                      30,
                      PrivacyPolicy.OFF,
                      0,
                      Optional.empty()));
    }

    @Override
    public Optional<ServedModel> model(String id) {
      return Optional.of(new ServedModel(id, 4_096, Set.of(), false));
    }

    @Override
    public Optional<OwnedAdapter> adapter(TenantId owner, String name) {
      return Optional.empty();
    }

    @Override
    public List<Pin> pins() {
      return List.of();
    }

    @Override
    public Optional<PoolRecord> pool(String id) {
      return Optional.empty();
    }
  }

  static final class Answers<T> implements StreamObserver<T> {
    private final BlockingQueue<Object> events = new LinkedBlockingQueue<>();

    @Override
    public void onNext(T answer) {
      events.add(answer);
    }

    @Override
    public void onError(Throwable failure) {
      events.add(Statuses.toRefusal(failure).code());
    }

    @Override
    public void onCompleted() {
      events.add("completed");
    }

    Object next() throws InterruptedException {
      Object event = events.poll(WAIT_S, TimeUnit.SECONDS);
      assertThat(event).as("an answer in time").isNotNull();
      return event;
    }

    PlaceResponse place() throws InterruptedException {
      return (PlaceResponse) next();
    }
  }

  /** Announces a worker, which leaves when the stream is ended. */
  StreamObserver<AnnounceRequest> announce(String workerId) throws InterruptedException {
    StreamObserver<AnnounceRequest> stream =
        router(workerId.equals("w1") ? worker : otherWorker)
            .announce(new Answers<AnnounceResponse>());
    stream.onNext(
        AnnounceRequest.newBuilder()
            .setIdentity(
                WorkerIdentity.newBuilder()
                    .setWorkerId(workerId)
                    .setIncarnation(1)
                    .setPool("shared")
                    .setEndpoint("127.0.0.1:1")
                    .addModels("m")
                    .setBlockTokens(16))
            .build());
    awaitLive(workerId, true);
    return stream;
  }

  void awaitLive(String workerId, boolean live) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_S);
    while (isLive(workerId) != live && System.nanoTime() < end) {
      Thread.sleep(5);
    }
  }

  boolean isLive(String workerId) {
    return fleet.live(System.currentTimeMillis()).stream().anyMatch(w -> w.id().equals(workerId));
  }

  Answers<PlaceResponse> place(PlaceRequest request) {
    Answers<PlaceResponse> answers = new Answers<>();
    router(gateway).place(request, answers);
    return answers;
  }

  static PlaceRequest.Builder request(String tenant) {
    return PlaceRequest.newBuilder()
        .setEnvelope(
            Envelope.newBuilder()
                .setRequestId(REQUEST)
                .setAttempt(1)
                .setTenant(tenant)
                .setModel("m")
                .setWorkloadClass(WorkloadClass.WORKLOAD_CLASS_INTERACTIVE)
                .setPromptTokens(40)
                .setOutputTokensMax(60)
                .setDeadlineEpochMs(System.currentTimeMillis() + 60_000));
  }

  static EnqueueResponse granted() {
    return EnqueueResponse.newBuilder()
        .setGranted(Granted.newBuilder().setWorkerId("w1").setPool("shared").setQueueWaitMs(3))
        .build();
  }
}
