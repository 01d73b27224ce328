package dev.cofferdam.router.placement.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.mesh.MeshServer;
import dev.cofferdam.mesh.OnBehalf;
import dev.cofferdam.mesh.TestPki;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.proto.inference.v1.WorkloadClass;
import dev.cofferdam.proto.routing.v1.AnnounceRequest;
import dev.cofferdam.proto.routing.v1.AnnounceResponse;
import dev.cofferdam.proto.routing.v1.DescribeFleetRequest;
import dev.cofferdam.proto.routing.v1.Envelope;
import dev.cofferdam.proto.routing.v1.ExplainRequest;
import dev.cofferdam.proto.routing.v1.ExplainResponse;
import dev.cofferdam.proto.routing.v1.PlaceRequest;
import dev.cofferdam.proto.routing.v1.PlaceResponse;
import dev.cofferdam.proto.routing.v1.RoutingServiceGrpc;
import dev.cofferdam.proto.routing.v1.WorkerIdentity;
import dev.cofferdam.proto.scheduling.v1.EnqueueRequest;
import dev.cofferdam.proto.scheduling.v1.EnqueueResponse;
import dev.cofferdam.proto.scheduling.v1.Granted;
import dev.cofferdam.proto.scheduling.v1.Queued;
import dev.cofferdam.proto.scheduling.v1.Refused;
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
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.Tier;
import dev.cofferdam.wire.Statuses;
import io.grpc.Context;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The router over real mTLS, between a gateway, workers and a scheduler made of plain stubs. */
class RoutingEndpointTest {
  private static final String DOMAIN = "test.local";
  private static final long WAIT_S = 20;
  private static final DescribeFleetRequest FLEET = DescribeFleetRequest.getDefaultInstance();
  private static final String REQUEST = "0000000000000000000000000000002a";
  @TempDir private Path folder;
  private final Explanations explanations = new Explanations(10);
  private final Scheduler scheduler = new Scheduler();
  private final Counting counting = new Counting();
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final Fleet fleet = new Fleet(60_000, 10);
  private TlsFiles schedulerIdentity;
  private MeshServer schedulerServer;
  private MeshServer server;
  private MeshChannels ofRouter;
  private MeshChannels gateway;
  private MeshChannels worker;
  private MeshChannels otherWorker;
  private MeshChannels operator;

  /** A scheduler whose answers the test decides. */
  private static final class Scheduler extends SchedulingServiceGrpc.SchedulingServiceImplBase {
    private final BlockingQueue<Call> calls = new LinkedBlockingQueue<>();

    private record Call(
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

    private Call next() throws InterruptedException {
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

  private static String id(String path) {
    return "spiffe://" + DOMAIN + "/" + path;
  }

  private MeshServer serveScheduler(int port) {
    return MeshServer.builder(DOMAIN, schedulerIdentity)
        .listen("127.0.0.1", port)
        .service(scheduler)
        .start();
  }

  private RoutingServiceGrpc.RoutingServiceStub stub(MeshChannels from) {
    return RoutingServiceGrpc.newStub(from.to("127.0.0.1:" + server.port(), SpiffeId.Role.ROUTER));
  }

  private static final class Counting implements PlacementListener {
    private final PoolSignals signals = new PoolSignals();

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
  private static final class Book implements Directory {
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

  private static final class Answers<T> implements StreamObserver<T> {
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

    private Object next() throws InterruptedException {
      Object event = events.poll(WAIT_S, TimeUnit.SECONDS);
      assertThat(event).as("an answer in time").isNotNull();
      return event;
    }

    private PlaceResponse place() throws InterruptedException {
      return (PlaceResponse) next();
    }
  }

  /** Announces a worker, which leaves when the stream is ended. */
  private StreamObserver<AnnounceRequest> announce(String workerId) throws InterruptedException {
    StreamObserver<AnnounceRequest> stream =
        stub(workerId.equals("w1") ? worker : otherWorker)
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

  private void awaitLive(String workerId, boolean live) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_S);
    while (isLive(workerId) != live && System.nanoTime() < end) {
      Thread.sleep(5);
    }
  }

  private boolean isLive(String workerId) {
    return fleet.live(System.currentTimeMillis()).stream().anyMatch(w -> w.id().equals(workerId));
  }

  private Answers<PlaceResponse> place(PlaceRequest request) {
    Answers<PlaceResponse> answers = new Answers<>();
    stub(gateway).place(request, answers);
    return answers;
  }

  private static PlaceRequest.Builder request(String tenant) {
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

  private static EnqueueResponse granted() {
    return EnqueueResponse.newBuilder()
        .setGranted(Granted.newBuilder().setWorkerId("w1").setPool("shared").setQueueWaitMs(3))
        .build();
  }

  @Test
  void aGrantIsRelayedWithTheReasonsForItsWorkerAndCanBeExplainedAfterwards() throws Exception {
    announce("w1");
    Answers<PlaceResponse> answers = place(request("acme").build());
    Scheduler.Call call = scheduler.next();
    assertThat(call.request.getTier()).isEqualTo("standard");
    assertThat(call.request.getRunningMax()).isEqualTo(Tier.STANDARD.limits().concurrentRequests());
    assertThat(call.request.getCandidates(0).getWorkerId()).isEqualTo("w1");
    assertThat(counting.signals.all(0))
        .containsExactly(Map.entry("shared", new PoolSignals.Signals(1, 100, 0)));
    call.answers.onNext(
        EnqueueResponse.newBuilder().setQueued(Queued.newBuilder().setPosition(4)).build());
    call.answers.onNext(granted());
    call.answers.onCompleted();
    assertThat(answers.place().getQueued().getPosition()).isEqualTo(4);
    Granted grant = answers.place().getGranted();
    assertThat(grant.getExplanationList()).anyMatch(line -> line.startsWith("load "));
    assertThat(answers.next()).isEqualTo("completed");
    assertThat(counting.signals.all(0))
        .containsExactly(Map.entry("shared", new PoolSignals.Signals(0, 0, 0)));
    assertThat(explanations.of(new RequestId(REQUEST)).orElseThrow().workerId()).isEqualTo("w1");
    ExplainResponse explained = explain(REQUEST);
    assertThat(explained.getWorkerId()).isEqualTo("w1");
    assertThat(explained.getWorkers(0).getLinesList()).isEqualTo(grant.getExplanationList());
    assertThat(explained.getWorkers(0).getScore()).isBetween(0.0, 1.0);
  }

  @Test
  void aRequestThatThisRouterDidNotPlaceIsExplainedByNobodyAndNotToAGateway() {
    for (String unknown : List.of("0000000000000000000000000000002b", "nonsense")) {
      assertThatThrownBy(() -> explain(unknown)).hasMessageContaining("NOT_FOUND");
    }
    var ofGateway =
        RoutingServiceGrpc.newBlockingStub(
            gateway.to("127.0.0.1:" + server.port(), SpiffeId.Role.ROUTER));
    assertThatThrownBy(() -> ofGateway.explain(ExplainRequest.getDefaultInstance()))
        .hasMessageContaining("PERMISSION_DENIED");
  }

  @Test
  void aGatewayAsksForAReaderAndTenantsSeeTheirOwnPlacementsAndNoFleet() throws Exception {
    announce("w1");
    Answers<PlaceResponse> answers = place(request("acme").build());
    scheduler.next().answers.onNext(granted());
    answers.place();
    assertThat(inTheNameOf("operator/ops").describeFleet(FLEET).getWorkersList())
        .singleElement()
        .satisfies(w -> assertThat(w.getIdentity().getWorkerId()).isEqualTo("w1"));
    assertThat(inTheNameOf("operator/ops").describeFleet(FLEET).getPools(0).getPool())
        .isEqualTo("shared");
    ExplainRequest asked = ExplainRequest.newBuilder().setRequestId(REQUEST).build();
    assertThat(inTheNameOf("operator/ops").explain(asked).getWorkerId()).isEqualTo("w1");
    assertThat(inTheNameOf("tenant/acme").explain(asked).getWorkerId()).isEqualTo("w1");
    assertThatThrownBy(() -> inTheNameOf("tenant/other").explain(asked))
        .hasMessageContaining("NOT_FOUND");
    assertThatThrownBy(() -> inTheNameOf("tenant/acme").describeFleet(FLEET))
        .hasMessageContaining("PERMISSION_DENIED");
  }

  private RoutingServiceGrpc.RoutingServiceBlockingStub inTheNameOf(String reader) {
    return RoutingServiceGrpc.newBlockingStub(
            gateway.to("127.0.0.1:" + server.port(), SpiffeId.Role.ROUTER))
        .withInterceptors(OnBehalf.of(SpiffeId.parse(id(reader)).orElseThrow()))
        .withDeadlineAfter(WAIT_S, TimeUnit.SECONDS);
  }

  private ExplainResponse explain(String id) {
    return RoutingServiceGrpc.newBlockingStub(
            operator.to("127.0.0.1:" + server.port(), SpiffeId.Role.ROUTER))
        .withDeadlineAfter(WAIT_S, TimeUnit.SECONDS)
        .explain(ExplainRequest.newBuilder().setRequestId(id).build());
  }

  @Test
  void aRefusalOfTheSchedulerIsRelayedAsItIs() throws Exception {
    announce("w1");
    Answers<PlaceResponse> answers = place(request("acme").build());
    Refused refused =
        Refused.newBuilder().setCode("queue_full").setMessage("full").setRetryAfterMs(7).build();
    Scheduler.Call call = scheduler.next();
    call.answers.onNext(EnqueueResponse.newBuilder().setRefused(refused).build());
    call.answers.onCompleted();
    assertThat(answers.place().getRefused()).isEqualTo(refused);
  }

  @Test
  void whatWaitedForAWorkerThatIsGoneGoesToOneThatCameMeanwhile() throws Exception {
    StreamObserver<AnnounceRequest> first = announce("w1");
    Answers<PlaceResponse> answers = place(request("acme").build());
    Scheduler.Call call = scheduler.next();
    announce("w2");
    first.onCompleted();
    awaitLive("w1", false);
    refuseForWantOfWorkers(call);
    Scheduler.Call again = scheduler.next();
    assertThat(again.request.getCandidatesList())
        .extracting(candidate -> candidate.getWorkerId())
        .containsExactly("w2");
    refuseForWantOfWorkers(again);
    assertThat(answers.place().getRefused().getCode()).isEqualTo("no_capacity");
    assertThat(scheduler.calls).isEmpty();
  }

  private static void refuseForWantOfWorkers(Scheduler.Call call) {
    call.answers.onNext(
        EnqueueResponse.newBuilder()
            .setRefused(Refused.newBuilder().setCode("no_capacity"))
            .build());
    call.answers.onCompleted();
  }

  @Test
  void anUnknownTenantIsRefusedBeforeAnySchedulerHearsOfIt() throws Exception {
    announce("w1");
    assertThat(place(request("nobody").build()).place().getRefused().getCode())
        .isEqualTo("not_allowed");
    assertThat(scheduler.calls).isEmpty();
  }

  @Test
  void withoutALiveWorkerARequestWaitsAWhileAndIsThenRefused() throws Exception {
    assertThat(place(request("acme").build()).place().getRefused().getCode())
        .isEqualTo("no_capacity");
  }

  @Test
  void aWorkerThatComesInTimeIsUsed() throws Exception {
    Answers<PlaceResponse> answers = place(request("acme").build());
    announce("w1");
    Scheduler.Call call = scheduler.next();
    call.answers.onNext(granted());
    call.answers.onCompleted();
    assertThat(answers.place().hasGranted()).isTrue();
  }

  @Test
  void aWorkerThatFailedTheRequestIsTriedAgainWhereItIsAlone() throws Exception {
    announce("w1");
    place(request("acme").addExcludedWorkerIds("w1").build());
    assertThat(scheduler.next().request.getCandidates(0).getWorkerId()).isEqualTo("w1");
  }

  @Test
  void cancellingThePlacementWithdrawsTheRequest() throws Exception {
    announce("w1");
    Context.CancellableContext context = Context.current().withCancellation();
    context.run(() -> place(request("acme").build()));
    Scheduler.Call call = scheduler.next();
    context.cancel(null);
    assertThat(call.ends.poll(WAIT_S, TimeUnit.SECONDS)).isEqualTo("cancelled");
  }

  @Test
  void whatWaitsAtASchedulerThatDiesIsEnqueuedAtTheNextOne() throws Exception {
    announce("w1");
    Answers<PlaceResponse> answers = place(request("acme").build());
    scheduler.next();
    int port = schedulerServer.port();
    schedulerServer.close();
    schedulerServer = serveScheduler(port);
    Scheduler.Call again = scheduler.next();
    assertThat(again.request.getRequestId()).isEqualTo(REQUEST);
    again.answers.onNext(granted());
    again.answers.onCompleted();
    assertThat(answers.place().hasGranted()).isTrue();
  }

  @Test
  void aWorkerThatAnnouncesAnothersNameIsRefused() throws Exception {
    Answers<AnnounceResponse> answers = new Answers<>();
    stub(worker)
        .announce(answers)
        .onNext(
            AnnounceRequest.newBuilder()
                .setIdentity(
                    WorkerIdentity.newBuilder()
                        .setWorkerId("w2")
                        .setPool("shared")
                        .setBlockTokens(16))
                .build());
    assertThat(answers.next()).isEqualTo(ErrorCode.CALL_NOT_ALLOWED);
  }
}
