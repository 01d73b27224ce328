package dev.cofferdam.scheduler.workers.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.mesh.MeshServer;
import dev.cofferdam.mesh.TestPki;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.proto.inference.v1.WorkloadClass;
import dev.cofferdam.proto.scheduling.v1.AttachRequest;
import dev.cofferdam.proto.scheduling.v1.AttachResponse;
import dev.cofferdam.proto.scheduling.v1.Candidate;
import dev.cofferdam.proto.scheduling.v1.Ended;
import dev.cofferdam.proto.scheduling.v1.EnqueueRequest;
import dev.cofferdam.proto.scheduling.v1.EnqueueResponse;
import dev.cofferdam.proto.scheduling.v1.GrantClaims;
import dev.cofferdam.proto.scheduling.v1.Granted;
import dev.cofferdam.proto.scheduling.v1.Hello;
import dev.cofferdam.proto.scheduling.v1.Progress;
import dev.cofferdam.proto.scheduling.v1.RequestProgress;
import dev.cofferdam.proto.scheduling.v1.RunningRequest;
import dev.cofferdam.proto.scheduling.v1.SchedulingServiceGrpc;
import dev.cofferdam.proto.scheduling.v1.SessionKey;
import dev.cofferdam.scheduler.leadership.PoolLeases;
import dev.cofferdam.scheduler.ledger.Guarantees;
import dev.cofferdam.scheduler.shard.PoolEffect;
import dev.cofferdam.scheduler.shard.PoolListener;
import dev.cofferdam.scheduler.shard.PoolSettings;
import dev.cofferdam.scheduler.shard.PoolStats;
import dev.cofferdam.scheduler.workers.LostUsage;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.wire.GrantSeal;
import dev.cofferdam.wire.Statuses;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The service over real mTLS, with workers and routers made of plain stubs. */
class SchedulingEndpointTest {
  private Guarantees guaranteed = Guarantees.NONE;
  private static final String DOMAIN = "test.local";
  private static final long WAIT_S = 20;
  @TempDir private Path folder;
  private final BlockingQueue<PoolEffect.AttemptLost> lost = new LinkedBlockingQueue<>();
  private TlsFiles identity;
  private SchedulingEndpoint endpoint;
  private MeshServer server;
  private MeshChannels router;
  private MeshChannels worker;

  @BeforeEach
  void start() {
    TestPki pki = new TestPki(folder);
    identity = pki.identity("scheduler", id("service/scheduler"));
    router = new MeshChannels(pki.identity("router", id("service/router")));
    worker = new MeshChannels(pki.identity("w1", id("service/worker/w1")));
    serve(0);
  }

  @AfterEach
  void stop() throws Exception {
    router.close();
    worker.close();
    server.close();
    endpoint.close();
  }

  private static String id(String path) {
    return "spiffe://" + DOMAIN + "/" + path;
  }

  private void serve(int port) {
    LostUsage usage =
        new LostUsage() {
          @Override
          public void state(String pool, PoolEffect.AttemptLost attempt) {
            lost.add(attempt);
          }

          @Override
          public void retry() {}
        };
    endpoint =
        new SchedulingEndpoint(
            PoolSettings.DEFAULT,
            usage,
            new Silent(),
            pool -> guaranteed,
            System::currentTimeMillis,
            new SecureRandom(),
            PoolLeases.alone(System.currentTimeMillis()));
    server =
        MeshServer.builder(DOMAIN, identity).listen("127.0.0.1", port).service(endpoint).start();
  }

  private static final class Silent implements PoolListener {
    @Override
    public void granted(
        String pool,
        dev.cofferdam.vocabulary.WorkloadClass workloadClass,
        String tier,
        long queueWaitMs) {}

    @Override
    public void refused(String pool, ErrorCode code, boolean wasAdmitted) {}

    @Override
    public void preempted(
        String pool,
        dev.cofferdam.vocabulary.WorkloadClass workloadClass,
        dev.cofferdam.vocabulary.TenantId causedBy) {}

    @Override
    public void attemptLost(String pool) {}

    @Override
    public void stats(String pool, PoolStats stats) {}
  }

  private ManagedChannel channel(MeshChannels from) {
    return from.to("127.0.0.1:" + server.port(), SpiffeId.Role.SCHEDULER);
  }

  /** What a stream received, in order; its end is a status. */
  private static final class Received<Q, A> implements ClientResponseObserver<Q, A> {
    private final BlockingQueue<Object> events = new LinkedBlockingQueue<>();
    private ClientCallStreamObserver<Q> call;

    @Override
    public void beforeStart(ClientCallStreamObserver<Q> stream) {
      call = stream;
    }

    @Override
    public void onNext(A answer) {
      events.add(answer);
    }

    @Override
    public void onError(Throwable failure) {
      events.add(Statuses.toRefusal(failure).code());
    }

    @Override
    public void onCompleted() {
      events.add(Status.OK);
    }

    private Object next() throws InterruptedException {
      Object event = events.poll(WAIT_S, TimeUnit.SECONDS);
      assertThat(event).as("an event in time").isNotNull();
      return event;
    }

    private <T> T next(Class<T> kind) throws InterruptedException {
      Object event = next();
      assertThat(event).isInstanceOf(kind);
      return kind.cast(event);
    }
  }

  /** A worker's session. */
  private final class Session {
    private final Received<AttachRequest, AttachResponse> received = new Received<>();
    private final StreamObserver<AttachRequest> requests =
        SchedulingServiceGrpc.newStub(channel(worker)).attach(received);

    private SessionKey attach(Hello hello) throws InterruptedException {
      requests.onNext(AttachRequest.newBuilder().setHello(hello).build());
      SessionKey key = received.next(AttachResponse.class).getSessionKey();
      assertThat(guarantees()).isEqualTo(guaranteed.bytes());
      return key;
    }

    private Map<String, Long> guarantees() throws InterruptedException {
      AttachResponse told = received.next(AttachResponse.class);
      assertThat(told.hasGuarantees()).isTrue();
      return told.getGuarantees().getTenantsList().stream()
          .collect(Collectors.toMap(g -> g.getTenant(), g -> g.getKvBytes()));
    }

    private void progress(RequestProgress progress) {
      requests.onNext(
          AttachRequest.newBuilder()
              .setProgress(Progress.newBuilder().addRequests(progress))
              .build());
    }

    private void ended(RequestProgress progress) {
      requests.onNext(
          AttachRequest.newBuilder()
              .setEnded(Ended.newBuilder().setProgress(progress).setOutcome("completed"))
              .build());
    }
  }

  private static Hello.Builder hello(String workerId) {
    return Hello.newBuilder()
        .setWorkerId(workerId)
        .setIncarnation(1)
        .setPool("shared")
        .setEndpoint("127.0.0.1:1")
        .addModels("support-desk")
        .setSlots(1)
        .setKvBlocks(100)
        .setBlockTokens(16)
        .setBlockBytes(1024)
        .setAdapterSlots(2);
  }

  private static String request(int n) {
    return String.format("%032x", n);
  }

  private static EnqueueRequest.Builder ask(int n) {
    return EnqueueRequest.newBuilder()
        .setRequestId(request(n))
        .setAttempt(1)
        .setTenant("acme")
        .setTier("standard")
        .setWeight(1)
        .setPool("shared")
        .setModel("support-desk")
        .setWorkloadClass(WorkloadClass.WORKLOAD_CLASS_INTERACTIVE)
        .setPromptTokens(20)
        .setOutputTokensMax(30)
        .addCandidates(Candidate.newBuilder().setWorkerId("w1").setScore(0.7));
  }

  private static RequestProgress progress(int n, int attempt, int output) {
    return RequestProgress.newBuilder()
        .setRequestId(request(n))
        .setAttempt(attempt)
        .setPrefillTokens(20)
        .setDecodeTokens(output)
        .build();
  }

  private Received<EnqueueRequest, EnqueueResponse> enqueue(EnqueueRequest request) {
    Received<EnqueueRequest, EnqueueResponse> received = new Received<>();
    SchedulingServiceGrpc.newStub(channel(router)).enqueue(request, received);
    return received;
  }

  private static Granted granted(Received<EnqueueRequest, EnqueueResponse> call)
      throws InterruptedException {
    EnqueueResponse answer = call.next(EnqueueResponse.class);
    while (answer.hasQueued()) {
      answer = call.next(EnqueueResponse.class);
    }
    assertThat(answer.hasGranted()).isTrue();
    assertThat(call.next()).isEqualTo(Status.OK);
    return answer.getGranted();
  }

  @Test
  void aGrantOpensWithTheKeyOfTheWorkersSession() throws Exception {
    SessionKey key = new Session().attach(hello("w1").build());
    Granted granted = granted(enqueue(ask(1).setKvEncrypted(true).build()));
    assertThat(granted.getWorkerId()).isEqualTo("w1");
    assertThat(granted.getEndpoint()).isEqualTo("127.0.0.1:1");
    GrantClaims claims =
        GrantSeal.open(
                granted.getGrant(),
                id ->
                    id.equals(key.getKeyId())
                        ? Optional.of(key.getKey().toByteArray())
                        : Optional.empty())
            .orElseThrow();
    assertThat(claims.getRequestId()).isEqualTo(request(1));
    assertThat(claims.getTenant()).isEqualTo("acme");
    assertThat(claims.getWorkerId()).isEqualTo("w1");
    assertThat(claims.getKvBlocks()).isEqualTo(4);
    assertThat(claims.getKvEncrypted()).isTrue();
    assertThat(claims.getTerm()).isEqualTo(key.getTerm());
    assertThat(claims.getExpiresEpochMs())
        .isBetween(System.currentTimeMillis(), System.currentTimeMillis() + 10_000);
  }

  @Test
  void workersAreToldWhatTenantsAreSureOfAndOthersAreNotLeasedIt() throws Exception {
    guaranteed = new Guarantees(Map.of("rival", 98 * 1024L));
    Session session = new Session();
    session.attach(hello("w1").build());
    EnqueueResponse refused = enqueue(ask(1).build()).next(EnqueueResponse.class);
    assertThat(refused.getRefused().getCode()).isEqualTo(ErrorCode.NO_CAPACITY.wireName());

    guaranteed = new Guarantees(Map.of("rival", 10 * 1024L));
    endpoint.guaranteesChanged();
    assertThat(session.guarantees()).isEqualTo(guaranteed.bytes());
    granted(enqueue(ask(2).build()));
  }

  @Test
  void twoSessionsHaveDifferentKeysOfFullLength() throws Exception {
    SessionKey first = new Session().attach(hello("w1").build());
    SessionKey second = new Session().attach(hello("w1").build());
    assertThat(first.getKey().size()).isEqualTo(32);
    assertThat(second.getKey()).isNotEqualTo(first.getKey());
    assertThat(second.getKeyId()).isNotEqualTo(first.getKeyId());
  }

  @Test
  void aWorkerThatClaimsAnothersNameIsRefused() throws Exception {
    Session session = new Session();
    session.requests.onNext(AttachRequest.newBuilder().setHello(hello("w2")).build());
    assertThat(session.received.next()).isEqualTo(ErrorCode.CALL_NOT_ALLOWED);
  }

  @Test
  void aWorkerMayNotEnqueueAndARouterMayNotAttach() throws Exception {
    Received<EnqueueRequest, EnqueueResponse> byWorker = new Received<>();
    SchedulingServiceGrpc.newStub(channel(worker)).enqueue(ask(1).build(), byWorker);
    assertThat(byWorker.next()).isEqualTo(ErrorCode.CALL_NOT_ALLOWED);
    Received<AttachRequest, AttachResponse> byRouter = new Received<>();
    SchedulingServiceGrpc.newStub(channel(router)).attach(byRouter);
    assertThat(byRouter.next()).isEqualTo(ErrorCode.CALL_NOT_ALLOWED);
  }

  @Test
  void aRequestThatDoesNotHoldIsRefusedWithEveryProblem() throws Exception {
    Received<EnqueueRequest, EnqueueResponse> call =
        enqueue(ask(1).setPromptTokens(-1).setWeight(Double.NaN).build());
    assertThat(call.next()).isEqualTo(ErrorCode.INVALID_REQUEST);
  }

  @Test
  void aRequestWaitsWithItsPositionUntilAnotherEnds() throws Exception {
    Session session = new Session();
    session.attach(hello("w1").build());
    granted(enqueue(ask(1).build()));
    Received<EnqueueRequest, EnqueueResponse> second = enqueue(ask(2).build());
    assertThat(second.next(EnqueueResponse.class).getQueued().getPosition()).isZero();
    session.ended(progress(1, 1, 5));
    assertThat(granted(second).getWorkerId()).isEqualTo("w1");
  }

  @Test
  void aCancelledCallLeavesTheQueue() throws Exception {
    Session session = new Session();
    session.attach(hello("w1").build());
    granted(enqueue(ask(1).build()));
    Received<EnqueueRequest, EnqueueResponse> second = enqueue(ask(2).build());
    assertThat(second.next(EnqueueResponse.class).hasQueued()).isTrue();
    Received<EnqueueRequest, EnqueueResponse> third = enqueue(ask(3).build());
    assertThat(third.next(EnqueueResponse.class).getQueued().getPosition()).isEqualTo(1);
    second.call.cancel("gone", null);
    assertThat(third.next(EnqueueResponse.class).getQueued().getPosition()).isZero();
    session.ended(progress(1, 1, 5));
    granted(third);
  }

  @Test
  void aLostWorkersAttemptIsStatedWhenTheNextOneComes() throws Exception {
    Session session = new Session();
    session.attach(hello("w1").setSlots(2).build());
    granted(enqueue(ask(1).build()));
    granted(enqueue(ask(2).build()));
    Received<EnqueueRequest, EnqueueResponse> waiting = enqueue(ask(3).build());
    assertThat(waiting.next(EnqueueResponse.class).hasQueued()).isTrue();
    session.progress(progress(1, 1, 9));
    session.ended(progress(2, 1, 1));
    // What a stream says is taken in order: with this grant, the progress before it has been too.
    granted(waiting);
    session.received.call.cancel("the worker dies", null);
    enqueue(ask(1).setAttempt(2).setGeneratedTokens(7).build());
    PoolEffect.AttemptLost attempt = lost.poll(WAIT_S, TimeUnit.SECONDS);
    assertThat(attempt).isNotNull();
    assertThat(attempt.request().key().attempt()).isEqualTo(1);
    assertThat(attempt.promptTokens()).isEqualTo(20);
    assertThat(attempt.outputTokens()).isEqualTo(7);
  }

  @Test
  void aWorkerThatSaysGoodbyeIsLetGoAndOthersGoOn() throws Exception {
    Session session = new Session();
    session.attach(hello("w1").build());
    granted(enqueue(ask(1).build()));
    Received<EnqueueRequest, EnqueueResponse> waiting = enqueue(ask(2).build());
    assertThat(waiting.next(EnqueueResponse.class).hasQueued()).isTrue();
    session.requests.onCompleted();
    assertThat(session.received.next()).isEqualTo(Status.OK);
    new Session().attach(hello("w1").setIncarnation(2).build());
    granted(waiting);
  }

  @Test
  void aSchedulerThatComesBackTakesOverWhatRunsAndWhatWaits() throws Exception {
    Session before = new Session();
    SessionKey oldKey = before.attach(hello("w1").build());
    Granted first = granted(enqueue(ask(1).build()));
    Received<EnqueueRequest, EnqueueResponse> waiting = enqueue(ask(2).build());
    assertThat(waiting.next(EnqueueResponse.class).hasQueued()).isTrue();
    int port = server.port();
    endpoint.close();
    server.stop(5_000);
    assertThat(waiting.next()).isEqualTo(ErrorCode.DEPENDENCY_UNAVAILABLE);
    assertThat(before.received.next()).isEqualTo(ErrorCode.DEPENDENCY_UNAVAILABLE);
    serve(port);
    worker.forget("127.0.0.1:" + port, SpiffeId.Role.SCHEDULER);
    router.forget("127.0.0.1:" + port, SpiffeId.Role.SCHEDULER);

    Received<EnqueueRequest, EnqueueResponse> again = enqueue(ask(2).build());
    assertThat(again.next(EnqueueResponse.class).hasQueued()).isTrue();
    Session after = new Session();
    SessionKey newKey =
        after.attach(
            hello("w1")
                .addRunning(
                    RunningRequest.newBuilder()
                        .setClaims(GrantClaims.parseFrom(first.getGrant().getClaims()))
                        .setProgress(progress(1, 1, 3)))
                .build());
    assertThat(newKey.getKeyId()).isNotEqualTo(oldKey.getKeyId());
    assertThat(newKey.getTerm()).isGreaterThan(oldKey.getTerm());
    after.ended(progress(1, 1, 9));
    assertThat(granted(again).getGrant().getKeyId()).isEqualTo(newKey.getKeyId());
  }
}
