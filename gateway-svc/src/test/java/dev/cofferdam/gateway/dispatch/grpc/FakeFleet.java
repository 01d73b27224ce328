package dev.cofferdam.gateway.dispatch.grpc;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.cofferdam.mesh.MeshServer;
import dev.cofferdam.mesh.TestPki;
import dev.cofferdam.proto.routing.v1.PlaceRequest;
import dev.cofferdam.proto.routing.v1.PlaceResponse;
import dev.cofferdam.proto.routing.v1.RoutingServiceGrpc;
import dev.cofferdam.proto.scheduling.v1.Grant;
import dev.cofferdam.proto.scheduling.v1.GrantClaims;
import dev.cofferdam.proto.scheduling.v1.Granted;
import dev.cofferdam.proto.scheduling.v1.Operation;
import dev.cofferdam.proto.scheduling.v1.Queued;
import dev.cofferdam.proto.scheduling.v1.Refused;
import dev.cofferdam.proto.worker.v1.AttemptUsage;
import dev.cofferdam.proto.worker.v1.Embedding;
import dev.cofferdam.proto.worker.v1.FinishRequest;
import dev.cofferdam.proto.worker.v1.FinishResponse;
import dev.cofferdam.proto.worker.v1.Finished;
import dev.cofferdam.proto.worker.v1.GenerateRequest;
import dev.cofferdam.proto.worker.v1.GenerateResponse;
import dev.cofferdam.proto.worker.v1.Started;
import dev.cofferdam.proto.worker.v1.StopCause;
import dev.cofferdam.proto.worker.v1.TokenLogprob;
import dev.cofferdam.proto.worker.v1.Tokens;
import dev.cofferdam.proto.worker.v1.WorkerServiceGrpc;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.Closeable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A router and workers over real mTLS that answer from a script: the n-th output token of every
 * request is the n-th of the script, as a greedy model's would be.
 */
public final class FakeFleet implements Closeable {
  private final Map<String, MeshServer> workers = new LinkedHashMap<>();
  private final List<MeshServer> routers = new ArrayList<>();
  private final TestPki pki;

  /** Tokens that workers answer with. */
  public volatile int[] script;

  /** What the router was asked. */
  public final List<PlaceRequest> placed = new CopyOnWriteArrayList<>();

  /** What workers were asked. */
  public final List<GenerateRequest> generated = new CopyOnWriteArrayList<>();

  /** What workers were told of bills. */
  public final BlockingQueue<FinishRequest> finished = new LinkedBlockingQueue<>();

  /** Messages that workers have sent. */
  public final AtomicInteger sent = new AtomicInteger();

  /** Falls to zero when a worker sees its call cancelled. */
  public final CountDownLatch cancelled = new CountDownLatch(1);

  /** The first worker that is asked dies after so many tokens; none for a negative number. */
  public volatile int dieAfter = -1;

  /** Workers send no end. */
  public volatile boolean endless;

  /** Workers begin and send no tokens. */
  public volatile boolean silent;

  /** The router refuses with this code. */
  public volatile String refuseWith = "";

  public FakeFleet(TestPki pki, int[] script) {
    this.pki = pki;
    this.script = script.clone();
    for (String name : List.of("w1", "w2")) {
      workers.put(
          name,
          server("worker-" + name, "spiffe://cofferdam.local/service/worker/" + name)
              .service(new Worker(name))
              .start());
    }
  }

  /** Starts a further router and tells its address. */
  public String router() {
    String name = "router-" + routers.size();
    MeshServer router =
        server(name, "spiffe://cofferdam.local/service/router").service(new Router()).start();
    routers.add(router);
    return "127.0.0.1:" + router.port();
  }

  private MeshServer.Builder server(String name, String id) {
    return MeshServer.builder("cofferdam.local", pki.identity(name, id));
  }

  @Override
  public void close() {
    routers.forEach(MeshServer::close);
    workers.values().forEach(MeshServer::close);
  }

  private final class Router extends RoutingServiceGrpc.RoutingServiceImplBase {
    @Override
    public void place(PlaceRequest request, StreamObserver<PlaceResponse> observer) {
      placed.add(request);
      if (!refuseWith.isEmpty()) {
        observer.onNext(
            PlaceResponse.newBuilder()
                .setRefused(
                    Refused.newBuilder()
                        .setCode(refuseWith)
                        .setMessage("refused by the test")
                        .setRetryAfterMs(1_500))
                .build());
        observer.onCompleted();
        return;
      }
      observer.onNext(
          PlaceResponse.newBuilder()
              .setQueued(Queued.newBuilder().setPosition(1).setExpectedWaitMs(3))
              .build());
      String worker =
          workers.keySet().stream()
              .filter(w -> !request.getExcludedWorkerIdsList().contains(w))
              .findFirst()
              .orElseThrow();
      observer.onNext(
          PlaceResponse.newBuilder()
              .setGranted(
                  Granted.newBuilder()
                      .setGrant(grant(worker, request))
                      .setWorkerId(worker)
                      .setEndpoint("127.0.0.1:" + workers.get(worker).port())
                      .setPool("shared")
                      .setQueueWaitMs(3)
                      .addExplanation("first 1 1 the test says so"))
              .build());
      observer.onCompleted();
    }
  }

  private static Grant.Builder grant(String worker, PlaceRequest request) {
    GrantClaims claims =
        GrantClaims.newBuilder().setOperation(request.getEnvelope().getOperation()).build();
    return Grant.newBuilder().setKeyId(worker).setClaims(claims.toByteString());
  }

  private static boolean embeds(Grant grant) {
    try {
      return GrantClaims.parseFrom(grant.getClaims()).getOperation() == Operation.OPERATION_EMBED;
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError("a grant that the router did not give", e);
    }
  }

  private final class Worker extends WorkerServiceGrpc.WorkerServiceImplBase {
    private final String name;

    Worker(String name) {
      this.name = name;
    }

    @Override
    public void generate(GenerateRequest request, StreamObserver<GenerateResponse> observer) {
      int prompt = placed.getLast().getEnvelope().getPromptTokens();
      int first = request.getTokenIdsCount() - prompt;
      boolean dies = dieAfter >= 0 && generated.isEmpty();
      generated.add(request);
      if (embeds(request.getGrant())) {
        embed(request, observer, dies);
        return;
      }
      var call = (ServerCallStreamObserver<GenerateResponse>) observer;
      Script run = new Script(call, request, first, dies ? dieAfter : Integer.MAX_VALUE);
      call.setOnCancelHandler(cancelled::countDown);
      call.setOnReadyHandler(run::more);
    }

    /** The number of tokens, and the last one. */
    private void embed(
        GenerateRequest request, StreamObserver<GenerateResponse> observer, boolean dies) {
      observer.onNext(GenerateResponse.newBuilder().setStarted(Started.newBuilder()).build());
      if (dies) {
        workers.get(name).close();
        return;
      }
      int count = request.getTokenIdsCount();
      observer.onNext(
          GenerateResponse.newBuilder()
              .setEmbedding(
                  Embedding.newBuilder().addValues(count).addValues(request.getTokenIds(count - 1)))
              .build());
      observer.onNext(
          GenerateResponse.newBuilder()
              .setFinished(
                  Finished.newBuilder()
                      .setCause(StopCause.STOP_CAUSE_EMBEDDED)
                      .setUsage(
                          AttemptUsage.newBuilder().setKvBlocksAllocated(1).setKvBlocksZeroed(1)))
              .build());
      observer.onCompleted();
    }

    @Override
    public void finish(FinishRequest request, StreamObserver<FinishResponse> observer) {
      finished.add(request);
      observer.onNext(FinishResponse.getDefaultInstance());
      observer.onCompleted();
    }

    /** Sends as long as the gateway takes, and dies where it must. */
    private final class Script {
      private final ServerCallStreamObserver<GenerateResponse> call;
      private final GenerateRequest request;
      private final int dieAfter;
      private int next;
      private boolean begun;
      private boolean over;

      Script(
          ServerCallStreamObserver<GenerateResponse> call,
          GenerateRequest request,
          int first,
          int dieAfter) {
        this.call = call;
        this.request = request;
        this.next = first;
        this.dieAfter = dieAfter;
      }

      synchronized void more() {
        if (!begun) {
          begun = true;
          call.onNext(
              GenerateResponse.newBuilder()
                  .setStarted(Started.newBuilder().setCachedPromptTokens(2))
                  .build());
        }
        while (!over && !silent && call.isReady()) {
          step();
        }
      }

      private void step() {
        if (next == dieAfter) {
          over = true;
          workers.get(name).close();
          return;
        }
        if (!endless && next >= script.length) {
          over = true;
          call.onNext(
              GenerateResponse.newBuilder()
                  .setFinished(
                      Finished.newBuilder()
                          .setCause(StopCause.STOP_CAUSE_STOP_TOKEN)
                          .setUsage(
                              AttemptUsage.newBuilder()
                                  .setKvBlocksAllocated(3)
                                  .setKvBlocksZeroed(3)))
                  .build());
          call.onCompleted();
          return;
        }
        int token = script[Math.min(next, script.length - 2)];
        token = endless ? token : script[next];
        Tokens.Builder tokens = Tokens.newBuilder().setFirstIndex(next).addTokenIds(token);
        if (request.getSampling().getTopLogprobs() >= 0) {
          tokens.addLogprobs(
              TokenLogprob.newBuilder()
                  .setLogprob(-0.5f)
                  .addTopTokenIds(token)
                  .addTopLogprobs(-0.5f));
        }
        next++;
        sent.incrementAndGet();
        call.onNext(GenerateResponse.newBuilder().setTokens(tokens).build());
      }
    }
  }

  /** The script's text, without its stop token. */
  public int[] words() {
    return Arrays.copyOf(script, script.length - 1);
  }
}
