package dev.cofferdam.worker.serving.grpc;

import dev.cofferdam.mesh.Tracing;
import dev.cofferdam.proto.worker.v1.DrainRequest;
import dev.cofferdam.proto.worker.v1.DrainResponse;
import dev.cofferdam.proto.worker.v1.EraseRequest;
import dev.cofferdam.proto.worker.v1.EraseResponse;
import dev.cofferdam.proto.worker.v1.FinishRequest;
import dev.cofferdam.proto.worker.v1.FinishResponse;
import dev.cofferdam.proto.worker.v1.GenerateRequest;
import dev.cofferdam.proto.worker.v1.GenerateResponse;
import dev.cofferdam.proto.worker.v1.WorkerServiceGrpc;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.worker.batching.Sampling;
import dev.cofferdam.worker.batching.SequenceId;
import dev.cofferdam.worker.generation.Penalties;
import dev.cofferdam.worker.lease.Lease;
import dev.cofferdam.worker.lease.SessionKeys;
import dev.cofferdam.worker.lease.grpc.LeaseCodec;
import dev.cofferdam.worker.serving.Generations;
import dev.cofferdam.worker.serving.Work;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.opentelemetry.context.Context;
import java.time.InstantSource;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Serves WorkerService. A grant is checked offline and used up first; then the request is checked
 * against it and run. Cancelling the call cancels the work within a step.
 */
public final class WorkerEndpoint extends WorkerServiceGrpc.WorkerServiceImplBase
    implements AutoCloseable {
  private static final int STOP_TOKENS_MAX = 64;
  private static final long DRAIN_POLL_MS = 20;
  private static final long DRAIN_WAIT_MS_MAX = 600_000;

  private final Generations generations;
  private final SessionKeys keys;
  private final InstantSource clock;
  private final int bufferTokensMax;
  private final Deliveries deliveries;
  private final ScheduledExecutorService drains =
      Executors.newSingleThreadScheduledExecutor(
          task -> Thread.ofPlatform().daemon().name("drain").unstarted(task));

  /**
   * @param keys keys under which grants are signed
   * @param clock the time of day
   * @param bufferTokensMax tokens that are kept for a slow reader before its sequence waits
   * @param streamsMax requests at once
   */
  public WorkerEndpoint(
      Generations generations,
      SessionKeys keys,
      InstantSource clock,
      int bufferTokensMax,
      int streamsMax) {
    this.generations = generations;
    this.keys = keys;
    this.clock = clock;
    this.bufferTokensMax = bufferTokensMax;
    this.deliveries = new Deliveries(streamsMax);
  }

  @Override
  public void generate(GenerateRequest request, StreamObserver<GenerateResponse> responses) {
    ServerCallStreamObserver<GenerateResponse> call =
        (ServerCallStreamObserver<GenerateResponse>) responses;
    Lease lease =
        LeaseCodec.open(request.getGrant(), keys, clock.millis())
            .orElseThrow(generations::unsigned);
    generations.honour(lease);
    Work work;
    try {
      work = work(request, lease);
    } catch (RefusedException e) {
      Context trace = Tracing.context();
      generations.release(lease, task -> Tracing.with(trace).run(task));
      throw e;
    }
    TokenStream stream = new TokenStream(call, lease, deliveries, bufferTokensMax);
    call.setOnCancelHandler(stream::cancelled);
    call.setOnReadyHandler(stream::deliver);
    try {
      stream.runs(generations.start(work, stream));
    } catch (RuntimeException e) {
      stream.refused();
      throw e;
    }
  }

  @Override
  public void finish(FinishRequest request, StreamObserver<FinishResponse> responses) {
    if (request.getOutputTokens() < 0) {
      throw invalid("output_tokens", "negative");
    }
    RequestId id;
    try {
      id = new RequestId(request.getRequestId());
    } catch (IllegalArgumentException e) {
      throw invalid("request_id", "not 32 hexadecimal digits");
    }
    generations.finish(new SequenceId(id, request.getAttempt()), request.getOutputTokens());
    responses.onNext(FinishResponse.getDefaultInstance());
    responses.onCompleted();
  }

  private static RefusedException invalid(String field, String message) {
    return Refusal.ofParameter(ErrorCode.INVALID_REQUEST, field, message).asException();
  }

  private static Work work(GenerateRequest request, Lease lease) {
    if (request.getStopTokenIdsCount() > STOP_TOKENS_MAX) {
      throw Refusal.ofParameter(
              ErrorCode.INVALID_REQUEST,
              "stop_token_ids",
              "more than " + STOP_TOKENS_MAX + " of them")
          .asException();
    }
    return new Work(
        lease,
        request.getTokenIdsList().stream().mapToInt(Integer::intValue).toArray(),
        sampling(request.getSampling()),
        request.getStopTokenIdsList().stream().mapToInt(Integer::intValue).toArray(),
        request.getPrefixKey().toByteArray(),
        request.getAdapterFolder(),
        request.getSettles());
  }

  private static Sampling sampling(dev.cofferdam.proto.worker.v1.Sampling sampling) {
    try {
      return new Sampling(
          sampling.getTemperature(),
          sampling.getTopP(),
          sampling.getTopK(),
          sampling.getMinP(),
          new Penalties(
              sampling.getRepetitionPenalty() == 0 ? 1 : sampling.getRepetitionPenalty(),
              sampling.getPresencePenalty(),
              sampling.getFrequencyPenalty()),
          sampling.getSeed(),
          sampling.getTopLogprobs());
    } catch (IllegalArgumentException e) {
      throw Refusal.ofParameter(
              ErrorCode.INVALID_REQUEST, "sampling", String.valueOf(e.getMessage()))
          .asException();
    }
  }

  @Override
  public void drain(DrainRequest request, StreamObserver<DrainResponse> responses) {
    generations.drain();
    long wait = Math.clamp(request.getWaitMsMax(), 0, DRAIN_WAIT_MS_MAX);
    awaitDrained(clock.millis() + wait, responses);
  }

  @Override
  public void erase(EraseRequest request, StreamObserver<EraseResponse> responses) {
    TenantId tenant;
    try {
      tenant = new TenantId(request.getTenant());
    } catch (IllegalArgumentException e) {
      throw invalid("tenant", "not a tenant's id");
    }
    generations.erase(tenant);
    responses.onNext(EraseResponse.getDefaultInstance());
    responses.onCompleted();
  }

  private void awaitDrained(long untilEpochMs, StreamObserver<DrainResponse> responses) {
    int running = generations.running();
    if (running == 0 || clock.millis() >= untilEpochMs) {
      responses.onNext(DrainResponse.newBuilder().setRunning(running).build());
      responses.onCompleted();
      return;
    }
    drains.schedule(
        () -> awaitDrained(untilEpochMs, responses), DRAIN_POLL_MS, TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() {
    drains.shutdownNow();
    deliveries.close();
  }
}
