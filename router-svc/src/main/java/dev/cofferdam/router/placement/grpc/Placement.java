package dev.cofferdam.router.placement.grpc;

import dev.cofferdam.mesh.Tracing;
import dev.cofferdam.proto.routing.v1.PlaceResponse;
import dev.cofferdam.proto.scheduling.v1.EnqueueRequest;
import dev.cofferdam.proto.scheduling.v1.EnqueueResponse;
import dev.cofferdam.proto.scheduling.v1.Granted;
import dev.cofferdam.proto.scheduling.v1.Refused;
import dev.cofferdam.proto.scheduling.v1.SchedulingServiceGrpc;
import dev.cofferdam.router.placement.Explanations;
import dev.cofferdam.router.routing.Candidate;
import dev.cofferdam.router.routing.Envelope;
import dev.cofferdam.router.routing.LeftOut;
import dev.cofferdam.router.routing.Route;
import dev.cofferdam.router.routing.RoutePlanner;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.wire.Operations;
import dev.cofferdam.wire.Statuses;
import dev.cofferdam.wire.TenantRecords;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.opentelemetry.api.trace.Span;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One placement: plan, enqueue, relay; again while no worker is live or the scheduler is away,
 * until the deadline. It ends exactly once: granted, refused, or cancelled by the gateway. All of
 * it runs under one lock, so that callbacks of calls that are over change nothing.
 */
final class Placement {
  private static final long RETRY_MS = 150;

  /**
   * A worker that failed the request and is still live gets it again after this, if it is alone.
   */
  private static final long LAST_RESORT_MS = 1_000;

  private static final int OTHERS_EXPLAINED = 2;

  private final Surroundings around;
  private final Envelope envelope;
  private final ServerCallStreamObserver<PlaceResponse> gateway;
  private final Context context;
  private final long startedMs;
  private final Map<String, Candidate> offered = new LinkedHashMap<>();
  private final Set<String> everOffered = new HashSet<>();
  private List<LeftOut> leftOut = List.of();
  private Context.CancellableContext call = Context.ROOT.withCancellation();
  private Schedulers.@Nullable Asked asked;
  private int round;
  private boolean ended;

  /** Pool in whose queue the request is; empty: none. */
  private String queue = "";

  Placement(
      Surroundings around, Envelope envelope, ServerCallStreamObserver<PlaceResponse> gateway) {
    this.around = around;
    this.envelope = envelope;
    this.gateway = gateway;
    this.context = Tracing.with(Tracing.context());
    this.startedMs = around.clock().millis();
  }

  /** Begins; the gateway's observer gets everything that follows. */
  synchronized void start() {
    gateway.setOnCancelHandler(this::cancelled);
    attempt();
  }

  private synchronized void cancelled() {
    ended = true;
    enter("");
    call.cancel(null);
  }

  private synchronized void attempt() {
    if (ended) {
      return;
    }
    long now = around.clock().millis();
    if (now >= envelope.deadlineMs()) {
      refuse(
          Refusal.of(
              ErrorCode.DEADLINE_EXCEEDED,
              "the request's deadline passed before a worker was free"));
      return;
    }
    follow(plan(now), now);
  }

  private Route plan(long now) {
    long begin = System.nanoTime();
    boolean lastResort = now - startedMs >= LAST_RESORT_MS;
    Route route =
        around
            .planner()
            .plan(
                envelope,
                around.fleet().view(),
                new RoutePlanner.Moment(now, startedMs),
                lastResort);
    around.listener().planned(System.nanoTime() - begin);
    return route;
  }

  private void follow(Route route, long now) {
    switch (route) {
      case Route.Refused refused -> refuse(refused.refusal());
      case Route.NoWorker none -> {
        if (now - startedMs >= around.noWorkerMsMax()) {
          refuse(none.refusal());
        } else {
          again();
        }
      }
      case Route.Ranked ranked ->
          around
              .schedulers()
              .ask(ranked.pool(), now)
              .ifPresentOrElse(scheduler -> enqueue(ranked, scheduler), this::again);
    }
  }

  private void enqueue(Route.Ranked ranked, Schedulers.Asked scheduler) {
    int current = ++round;
    offered.clear();
    leftOut = ranked.leftOut();
    enter(ranked.pool());
    EnqueueRequest.Builder request =
        EnqueueRequest.newBuilder()
            .setRequestId(envelope.requestId().value())
            .setAttempt(envelope.attempt())
            .setTenant(envelope.tenant().value())
            .setTier(ranked.tenant().tier().label())
            .setWeight(ranked.tenant().limits().weight())
            .setPool(ranked.pool())
            .setModel(envelope.model())
            .setAdapter(envelope.adapter())
            .setAdapterVersion(ranked.adapterVersion())
            .setOperation(Operations.of(envelope.operation()))
            .setWorkloadClass(TenantRecords.workloadClass(envelope.workloadClass()))
            .setPromptTokens(envelope.promptTokens())
            .setGeneratedTokens(envelope.generatedTokens())
            .setOutputTokensMax(envelope.outputTokensMax())
            .setDeadlineEpochMs(envelope.deadlineMs())
            .setRunningMax(ranked.tenant().limits().concurrentRequests())
            .setKvBytesMax(ranked.tenant().limits().kvBytesMax())
            .setKvEncrypted(ranked.tenant().kvEncrypted());
    for (Candidate candidate : ranked.candidates()) {
      offered.put(candidate.workerId(), candidate);
      everOffered.add(candidate.workerId());
      request.addCandidates(
          dev.cofferdam.proto.scheduling.v1.Candidate.newBuilder()
              .setWorkerId(candidate.workerId())
              .setScore(candidate.score())
              .setCachedTokens(candidate.cachedTokens()));
    }
    call = context.withCancellation();
    asked = scheduler;
    call.run(
        () ->
            SchedulingServiceGrpc.newStub(scheduler.channel())
                .enqueue(request.build(), new Relay(current, ranked.pool())));
  }

  /** Leaves the queue that the request is in, and enters another; empty: none. */
  private void enter(String pool) {
    long tokens = envelope.contextTokens() - envelope.generatedTokens();
    if (!queue.isEmpty()) {
      around.listener().left(queue, tokens);
    }
    queue = pool;
    if (!pool.isEmpty()) {
      around.listener().entered(pool, tokens);
    }
  }

  private synchronized void relay(int current, String pool, EnqueueResponse response) {
    if (ended || current != round) {
      return;
    }
    if (asked != null) {
      around.schedulers().answered(pool, asked.turn());
    }
    switch (response.getEventCase()) {
      case QUEUED ->
          gateway.onNext(PlaceResponse.newBuilder().setQueued(response.getQueued()).build());
      case GRANTED -> granted(pool, response.getGranted());
      case REFUSED -> refusedByScheduler(response.getRefused());
      case EVENT_NOT_SET -> {}
    }
  }

  private void granted(String pool, Granted granted) {
    Granted.Builder answer = granted.toBuilder();
    List<Explanations.Explained> explained = explained(granted.getWorkerId());
    explained.stream()
        .filter(worker -> worker.workerId().equals(granted.getWorkerId()))
        .forEach(worker -> answer.addAllExplanation(worker.lines()));
    ended = true;
    enter("");
    around.planner().served(envelope.tenant(), granted.getWorkerId());
    around.listener().granted(pool, granted.getQueueWaitMs());
    around
        .explanations()
        .put(
            envelope.requestId(),
            new Explanations.Explanation(
                envelope.attempt(),
                envelope.tenant(),
                pool,
                granted.getWorkerId(),
                granted.getAdapterVersion(),
                granted.getQueueWaitMs(),
                offered.size(),
                explained,
                leftOut));
    Span span = Span.fromContext(Tracing.context());
    span.setAttribute("cofferdam.worker.id", granted.getWorkerId());
    span.setAttribute("cofferdam.pool", pool);
    span.setAttribute("cofferdam.queue_wait_ms", granted.getQueueWaitMs());
    gateway.onNext(PlaceResponse.newBuilder().setGranted(answer).build());
    gateway.onCompleted();
  }

  /** The worker and the best of the others, best first. */
  private List<Explanations.Explained> explained(String workerId) {
    List<Explanations.Explained> explained = new ArrayList<>();
    int others = 0;
    for (Candidate candidate : offered.values()) {
      boolean granted = candidate.workerId().equals(workerId);
      if (granted || others++ < OTHERS_EXPLAINED) {
        explained.add(
            new Explanations.Explained(
                candidate.workerId(), candidate.score(), candidate.explanation()));
      }
    }
    return explained;
  }

  /**
   * A scheduler knows the workers that were best when the request came. Where they are gone,
   * another may serve it by now.
   */
  private void refusedByScheduler(Refused refused) {
    if (refused.getCode().equals(ErrorCode.NO_CAPACITY.wireName())) {
      long now = around.clock().millis();
      Route route = plan(now);
      if (route instanceof Route.Ranked ranked
          && ranked.candidates().stream().anyMatch(c -> !everOffered.contains(c.workerId()))) {
        round++;
        enter("");
        follow(route, now);
        return;
      }
    }
    refused(refused);
  }

  private void refused(Refused refused) {
    ended = true;
    enter("");
    around.listener().refused(ErrorCode.ofWireName(refused.getCode()).orElse(ErrorCode.INTERNAL));
    gateway.onNext(PlaceResponse.newBuilder().setRefused(refused).build());
    gateway.onCompleted();
  }

  private void refuse(Refusal refusal) {
    refused(
        Refused.newBuilder()
            .setCode(refusal.code().wireName())
            .setMessage(refusal.message())
            .setRetryAfterMs(refusal.retryAfter().map(wait -> wait.toMillis()).orElse(0L))
            .build());
  }

  private synchronized void failed(int current, String pool, Throwable failure) {
    if (ended || current != round) {
      return;
    }
    Refusal refusal = Statuses.toRefusal(failure);
    // Servers of the mesh never say UNKNOWN; a connection that breaks under TLS does.
    boolean broken = Status.fromThrowable(failure).getCode() == Status.Code.UNKNOWN;
    if (broken || refusal.code().retryable() || refusal.code() == ErrorCode.CANCELLED) {
      if (asked != null) {
        if (asked.channel() instanceof ManagedChannel channel) {
          // Else a scheduler that was out is found again only after gRPC's own back-off.
          channel.resetConnectBackoff();
        }
        around.schedulers().failed(pool, asked.turn());
      }
      again();
    } else {
      refuse(refusal);
    }
  }

  private void again() {
    enter("");
    var unused =
        around.timer().schedule(context.wrap(this::attempt), RETRY_MS, TimeUnit.MILLISECONDS);
  }

  /** Answers of one call to the scheduler. */
  private final class Relay implements StreamObserver<EnqueueResponse> {
    private final int current;
    private final String pool;

    Relay(int current, String pool) {
      this.current = current;
      this.pool = pool;
    }

    @Override
    public void onNext(EnqueueResponse response) {
      relay(current, pool, response);
    }

    @Override
    public void onError(Throwable failure) {
      failed(current, pool, failure);
    }

    @Override
    public void onCompleted() {
      failed(
          current,
          pool,
          Refusal.of(ErrorCode.DEPENDENCY_UNAVAILABLE, "the scheduler ended without an answer")
              .asException());
    }
  }
}
