package dev.cofferdam.scheduler.workers.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.mesh.MeshServer;
import dev.cofferdam.mesh.TestPki;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.mesh.redis.RedisProcess;
import dev.cofferdam.proto.inference.v1.WorkloadClass;
import dev.cofferdam.proto.scheduling.v1.AttachRequest;
import dev.cofferdam.proto.scheduling.v1.AttachResponse;
import dev.cofferdam.proto.scheduling.v1.Candidate;
import dev.cofferdam.proto.scheduling.v1.Ended;
import dev.cofferdam.proto.scheduling.v1.EnqueueRequest;
import dev.cofferdam.proto.scheduling.v1.EnqueueResponse;
import dev.cofferdam.proto.scheduling.v1.GrantClaims;
import dev.cofferdam.proto.scheduling.v1.Hello;
import dev.cofferdam.proto.scheduling.v1.RequestProgress;
import dev.cofferdam.proto.scheduling.v1.RunningRequest;
import dev.cofferdam.proto.scheduling.v1.SchedulingServiceGrpc;
import dev.cofferdam.scheduler.leadership.PoolLeases;
import dev.cofferdam.scheduler.leadership.redis.RedisLeases;
import dev.cofferdam.scheduler.ledger.Guarantees;
import dev.cofferdam.scheduler.shard.PoolEffect;
import dev.cofferdam.scheduler.shard.PoolListener;
import dev.cofferdam.scheduler.shard.PoolSettings;
import dev.cofferdam.scheduler.shard.PoolStats;
import dev.cofferdam.scheduler.workers.LostUsage;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.wire.Statuses;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import io.vertx.core.Vertx;
import io.vertx.redis.client.Redis;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two schedulers, a worker and a router over mTLS, and the leases in a real Redis. */
class TakeoverTest {
  private static final String DOMAIN = "test.local";
  private static final long LEASE_MS = 700;
  private static final int TRIES_MAX = 400;

  @TempDir private Path folder;
  private final RedisProcess redis = new RedisProcess();
  private final Vertx vertx = Vertx.vertx();
  private final List<Process> schedulers = new ArrayList<>();
  private MeshChannels router;
  private MeshChannels worker;

  /** A scheduler's process, as far as this JVM can have several. */
  private final class Process {
    private final Redis client = Redis.createClient(vertx, redis.url());
    private final SchedulingEndpoint endpoint;
    private final MeshServer server;
    private final String address;
    private volatile boolean cutOff;

    private Process(String name, TlsFiles identity) {
      RedisLeases leases = new RedisLeases(client, name, LEASE_MS);
      PoolLeases reachable =
          new PoolLeases() {
            @Override
            public CompletionStage<Claim> claim(String pool) {
              return cutOff
                  ? CompletableFuture.failedFuture(new IllegalStateException("cut off"))
                  : leases.claim(pool);
            }

            @Override
            public void release(String pool) {
              leases.release(pool);
            }
          };
      endpoint =
          new SchedulingEndpoint(
              PoolSettings.DEFAULT,
              new NoLosses(),
              new Silent(),
              pool -> Guarantees.NONE,
              System::currentTimeMillis,
              new SecureRandom(),
              reachable);
      server =
          MeshServer.builder(DOMAIN, identity).listen("127.0.0.1", 0).service(endpoint).start();
      address = "127.0.0.1:" + server.port();
    }

    private void kill() {
      endpoint.die();
      server.stop(0);
    }
  }

  private static final class NoLosses implements LostUsage {
    @Override
    public void state(String pool, PoolEffect.AttemptLost attempt) {}

    @Override
    public void retry() {}
  }

  private static final class Silent implements PoolListener {
    @Override
    public void granted(
        String pool, dev.cofferdam.vocabulary.WorkloadClass c, String tier, long queueWaitMs) {}

    @Override
    public void refused(String pool, ErrorCode code, boolean wasAdmitted) {}

    @Override
    public void preempted(
        String pool, dev.cofferdam.vocabulary.WorkloadClass c, TenantId causedBy) {}

    @Override
    public void attemptLost(String pool) {}

    @Override
    public void stats(String pool, PoolStats stats) {}
  }

  @BeforeEach
  void start() {
    TestPki pki = new TestPki(folder);
    router = new MeshChannels(pki.identity("router", id("service/router")));
    worker = new MeshChannels(pki.identity("w1", id("service/worker/w1")));
    TlsFiles identity = pki.identity("scheduler", id("service/scheduler"));
    schedulers.add(new Process("one", identity));
    schedulers.add(new Process("two", identity));
  }

  @AfterEach
  void stop() throws Exception {
    router.close();
    worker.close();
    for (Process scheduler : schedulers) {
      scheduler.kill();
      scheduler.client.close();
    }
    vertx.close().toCompletionStage().toCompletableFuture().join();
    redis.close();
  }

  private static String id(String path) {
    return "spiffe://" + DOMAIN + "/" + path;
  }

  /** A call's answers; its end is an error code or "end". */
  private static final class Received<Q, A> implements ClientResponseObserver<Q, A> {
    private final BlockingQueue<Object> events = new LinkedBlockingQueue<>();

    @Override
    public void beforeStart(ClientCallStreamObserver<Q> stream) {}

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
      events.add("end");
    }

    private Object next() throws InterruptedException {
      Object event = events.poll(20, TimeUnit.SECONDS);
      assertThat(event).as("an event in time").isNotNull();
      return event;
    }
  }

  /** A worker's session, and the scheduler that it was given by. */
  private record Session(
      Process with,
      StreamObserver<AttachRequest> requests,
      Received<AttachRequest, AttachResponse> received,
      long term) {}

  private static Hello.Builder hello() {
    return Hello.newBuilder()
        .setWorkerId("w1")
        .setIncarnation(1)
        .setPool("shared")
        .setEndpoint("127.0.0.1:1")
        .addModels("m")
        .setSlots(1)
        .setKvBlocks(100)
        .setBlockTokens(16)
        .setBlockBytes(1024);
  }

  /** Attaches as workers do: to each scheduler in turn until one takes it. */
  private Session attach(Hello hello) throws InterruptedException {
    for (int i = 0; i < TRIES_MAX; i++) {
      Process scheduler = schedulers.get(i % 2);
      worker.forget(scheduler.address, SpiffeId.Role.SCHEDULER);
      Received<AttachRequest, AttachResponse> received = new Received<>();
      StreamObserver<AttachRequest> requests =
          SchedulingServiceGrpc.newStub(worker.to(scheduler.address, SpiffeId.Role.SCHEDULER))
              .attach(received);
      requests.onNext(AttachRequest.newBuilder().setHello(hello).build());
      if (received.next() instanceof AttachResponse first) {
        assertThat(received.next()).as("guarantees").isInstanceOf(AttachResponse.class);
        return new Session(scheduler, requests, received, first.getSessionKey().getTerm());
      }
      Thread.sleep(25);
    }
    throw new AssertionError("no scheduler took the worker");
  }

  private static String request(int n) {
    return String.format("%032x", n);
  }

  /** Asks as routers do; the first answer that is no failure, with what follows. */
  private Received<EnqueueRequest, EnqueueResponse> enqueue(int n) throws InterruptedException {
    EnqueueRequest ask =
        EnqueueRequest.newBuilder()
            .setRequestId(request(n))
            .setAttempt(1)
            .setTenant("acme")
            .setWeight(1)
            .setPool("shared")
            .setModel("m")
            .setWorkloadClass(WorkloadClass.WORKLOAD_CLASS_INTERACTIVE)
            .setPromptTokens(20)
            .setOutputTokensMax(30)
            .addCandidates(Candidate.newBuilder().setWorkerId("w1").setScore(0.7))
            .build();
    for (int i = 0; i < TRIES_MAX; i++) {
      Process scheduler = schedulers.get(i % 2);
      router.forget(scheduler.address, SpiffeId.Role.SCHEDULER);
      Received<EnqueueRequest, EnqueueResponse> received = new Received<>();
      SchedulingServiceGrpc.newStub(router.to(scheduler.address, SpiffeId.Role.SCHEDULER))
          .enqueue(ask, received);
      Object first = received.next();
      if (first instanceof EnqueueResponse) {
        received.events.add(first);
        return received;
      }
      Thread.sleep(25);
    }
    throw new AssertionError("no scheduler took the request");
  }

  private static EnqueueResponse answer(Received<EnqueueRequest, EnqueueResponse> call)
      throws InterruptedException {
    while (true) {
      if (call.next() instanceof EnqueueResponse answer && !answer.hasQueued()) {
        return answer;
      }
    }
  }

  private static RunningRequest running(EnqueueResponse granted) throws Exception {
    return RunningRequest.newBuilder()
        .setClaims(GrantClaims.parseFrom(granted.getGranted().getGrant().getClaims()))
        .setProgress(RequestProgress.newBuilder().setRequestId(request(1)).setAttempt(1))
        .build();
  }

  @Test
  void onlyOneSchedulerLeadsAPool() throws Exception {
    Session session = attach(hello().build());
    Process other = schedulers.get(1 - schedulers.indexOf(session.with));
    Received<AttachRequest, AttachResponse> received = new Received<>();
    SchedulingServiceGrpc.newStub(worker.to(other.address, SpiffeId.Role.SCHEDULER))
        .attach(received)
        .onNext(AttachRequest.newBuilder().setHello(hello()).build());
    assertThat(received.next()).isEqualTo(ErrorCode.DEPENDENCY_UNAVAILABLE);
  }

  @Test
  void theOtherTakesOverWhenTheLeaderIsKilledAndNothingIsLostOrGrantedTwice() throws Exception {
    Session before = attach(hello().build());
    EnqueueResponse first = answer(enqueue(1));
    assertThat(first.hasGranted()).isTrue();
    Received<EnqueueRequest, EnqueueResponse> waiting = enqueue(2);
    before.with.kill();
    assertThat(before.received.next()).isInstanceOf(ErrorCode.class);

    Session after = attach(hello().addRunning(running(first)).build());
    assertThat(after.with).isNotSameAs(before.with);
    assertThat(after.term).isGreaterThan(before.term);
    EnqueueResponse again = answer(enqueue(1));
    assertThat(again.hasRefused()).as("it runs").isTrue();
    Received<EnqueueRequest, EnqueueResponse> second = enqueue(2);
    assertThat(waiting.events).as("the dead one grants nothing").noneMatch(this::isGrant);
    after.requests.onNext(
        AttachRequest.newBuilder()
            .setEnded(
                Ended.newBuilder()
                    .setProgress(
                        RequestProgress.newBuilder().setRequestId(request(1)).setAttempt(1)))
            .build());
    assertThat(answer(second).hasGranted()).isTrue();
  }

  private boolean isGrant(Object event) {
    return event instanceof EnqueueResponse answer && answer.hasGranted();
  }

  @Test
  void aLeaderThatWasCutOffAndReplacedEndsItsSessionsWhenItHearsOfIt() throws Exception {
    Session before = attach(hello().build());
    Received<EnqueueRequest, EnqueueResponse> first = enqueue(1);
    assertThat(answer(first).hasGranted()).isTrue();
    Received<EnqueueRequest, EnqueueResponse> waiting = enqueue(2);
    before.with.cutOff = true;
    Process other = schedulers.get(1 - schedulers.indexOf(before.with));
    awaitLeader(other);

    before.with.cutOff = false;
    assertThat(before.received.next()).isEqualTo(ErrorCode.DEPENDENCY_UNAVAILABLE);
    Object ended = waiting.next();
    while (ended instanceof EnqueueResponse answer) {
      assertThat(answer.hasGranted()).isFalse();
      ended = waiting.next();
    }
    assertThat(ended).isEqualTo(ErrorCode.DEPENDENCY_UNAVAILABLE);
    assertThat(attach(hello().build()).with).isSameAs(other);
  }

  /** Until a scheduler answers for the pool: it has no worker, so a request waits there. */
  private void awaitLeader(Process scheduler) throws InterruptedException {
    for (int i = 0; i < TRIES_MAX; i++) {
      Received<EnqueueRequest, EnqueueResponse> received = new Received<>();
      SchedulingServiceGrpc.newStub(router.to(scheduler.address, SpiffeId.Role.SCHEDULER))
          .enqueue(
              EnqueueRequest.newBuilder()
                  .setRequestId(request(9))
                  .setAttempt(1)
                  .setTenant("acme")
                  .setWeight(1)
                  .setPool("shared")
                  .setModel("m")
                  .setWorkloadClass(WorkloadClass.WORKLOAD_CLASS_INTERACTIVE)
                  .setPromptTokens(20)
                  .setOutputTokensMax(30)
                  .build(),
              received);
      if (received.next() instanceof EnqueueResponse) {
        return;
      }
      Thread.sleep(25);
    }
    throw new AssertionError("the other does not take over");
  }
}
