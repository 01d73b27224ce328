package dev.cofferdam.worker.serving.grpc;

import dev.cofferdam.mesh.Tracing;
import dev.cofferdam.proto.worker.v1.AttemptUsage;
import dev.cofferdam.proto.worker.v1.Embedding;
import dev.cofferdam.proto.worker.v1.Finished;
import dev.cofferdam.proto.worker.v1.GenerateResponse;
import dev.cofferdam.proto.worker.v1.Started;
import dev.cofferdam.proto.worker.v1.StopCause;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.wire.Statuses;
import dev.cofferdam.worker.batching.EndCause;
import dev.cofferdam.worker.batching.SampledToken;
import dev.cofferdam.worker.batching.SequenceUsage;
import dev.cofferdam.worker.lease.Lease;
import dev.cofferdam.worker.serving.Generations;
import dev.cofferdam.worker.serving.Output;
import io.grpc.stub.ServerCallStreamObserver;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import org.jspecify.annotations.Nullable;

/**
 * A request's output on its call. Tokens that the transport does not take yet are kept, up to a
 * bound; over it, the sequence waits. One lock: the step thread leaves tokens, the delivery thread
 * and gRPC's send them where the transport is ready, the completions' thread writes the end.
 */
final class TokenStream implements Output {
  private final ServerCallStreamObserver<GenerateResponse> call;
  private final Lease lease;
  private final Deliveries deliveries;
  private final TokenBuffer buffer;
  private final Context trace = Tracing.context();
  private final Span prefill;
  private @Nullable Span decode;
  private @Nullable Embedding embedding;
  private int sent;
  private boolean queued;
  private boolean closed;
  private volatile Generations.@Nullable Handle handle;
  private volatile boolean overfull;

  /**
   * @param bufferTokensMax tokens that are kept before the sequence waits
   */
  TokenStream(
      ServerCallStreamObserver<GenerateResponse> call,
      Lease lease,
      Deliveries deliveries,
      int bufferTokensMax) {
    this.call = call;
    this.lease = lease;
    this.deliveries = deliveries;
    this.buffer = new TokenBuffer(bufferTokensMax);
    this.prefill = Tracing.startSpan(trace, "prefill", SpanKind.INTERNAL);
    prefill.setAttribute("cofferdam.prompt_tokens", lease.promptTokens());
  }

  /** Ends the spans of a request that was refused before it ran. */
  void refused() {
    prefill.end();
  }

  /** The request runs; the call may have been cancelled before. */
  void runs(Generations.Handle started) {
    handle = started;
    if (call.isCancelled()) {
      started.cancel();
    }
  }

  /** The caller went away. */
  void cancelled() {
    Generations.Handle running = handle;
    if (running != null) {
      running.cancel();
    }
  }

  @Override
  public boolean ready() {
    return !overfull;
  }

  /** Sends what waits, where the transport takes it; a sequence that had to wait goes on. */
  void deliver() {
    Generations.Handle running = handle;
    if (sendReady() && running != null) {
      running.readyAgain();
    }
  }

  /** Whether there is room again where there was none. */
  private synchronized boolean sendReady() {
    queued = false;
    if (closed || !call.isReady()) {
      return false;
    }
    boolean waited = overfull;
    flush();
    return waited;
  }

  @Override
  public synchronized void started(int cachedPromptTokens) {
    prefill.setAttribute("cofferdam.cached_prompt_tokens", cachedPromptTokens);
    if (!closed) {
      call.onNext(
          GenerateResponse.newBuilder()
              .setStarted(
                  Started.newBuilder()
                      .setCachedPromptTokens(cachedPromptTokens)
                      .setKvEncrypted(lease.kvEncrypted()))
              .build());
    }
  }

  @Override
  public synchronized void token(int index, SampledToken token) {
    if (closed) {
      return;
    }
    if (decode == null) {
      prefill.end();
      decode = Tracing.startSpan(trace, "decode", SpanKind.INTERNAL);
    }
    buffer.add(index, token);
    overfull = buffer.full();
    if (!queued) {
      queued = deliveries.offer(this);
    }
  }

  /** One message; kept until the end, so that a failure has none. */
  @Override
  public synchronized void embedding(float[] values) {
    Embedding.Builder message = Embedding.newBuilder();
    for (float value : values) {
      message.addValues(value);
    }
    embedding = message.build();
  }

  private void flush() {
    if (buffer.count() > 0) {
      sent += buffer.count();
      call.onNext(GenerateResponse.newBuilder().setTokens(buffer.take()).build());
    }
    overfull = false;
  }

  @Override
  public synchronized int close(boolean completed) {
    if (!completed) {
      buffer.clear();
    }
    closed = true;
    int delivered = sent + buffer.count();
    Span span = decode == null ? prefill : decode;
    span.setAttribute("cofferdam.output_tokens", delivered);
    span.end();
    return delivered;
  }

  @Override
  public void inTrace(Runnable task) {
    try (Scope unused = trace.makeCurrent()) {
      task.run();
    }
  }

  @Override
  public synchronized void finished(EndCause cause, SequenceUsage usage, int delivered) {
    if (call.isCancelled()) {
      return;
    }
    flush();
    if (embedding != null) {
      call.onNext(GenerateResponse.newBuilder().setEmbedding(embedding).build());
    }
    call.onNext(
        GenerateResponse.newBuilder()
            .setFinished(
                Finished.newBuilder().setCause(stopCause(cause)).setUsage(usage(usage, delivered)))
            .build());
  }

  private static StopCause stopCause(EndCause cause) {
    return switch (cause) {
      case STOP_TOKEN -> StopCause.STOP_CAUSE_STOP_TOKEN;
      case EMBEDDED -> StopCause.STOP_CAUSE_EMBEDDED;
      case FINISHED -> StopCause.STOP_CAUSE_FINISH;
      default -> StopCause.STOP_CAUSE_LENGTH;
    };
  }

  @Override
  public synchronized void done() {
    if (!call.isCancelled()) {
      call.onCompleted();
    }
  }

  private AttemptUsage usage(SequenceUsage usage, int delivered) {
    return AttemptUsage.newBuilder()
        .setPromptTokens(usage.promptTokens())
        .setCachedPromptTokens(usage.cachedPromptTokens())
        .setOutputTokens(delivered)
        .setQueueWaitMs(lease.queueWaitMs())
        .setPrefillMs(usage.prefillMs())
        .setDecodeMs(usage.decodeMs())
        .setComputeUs(usage.computeUs())
        .setKvBlockMs(usage.kvBlockMs())
        .setKvBlocksAllocated(usage.kvBlocksAllocated())
        .setKvBlocksZeroed(usage.kvBlocksZeroed())
        .setPreemptions(usage.preemptions())
        .build();
  }

  @Override
  public synchronized void failed(Refusal refusal) {
    if (!call.isCancelled()) {
      call.onError(Statuses.toStatus(refusal));
    }
  }
}
