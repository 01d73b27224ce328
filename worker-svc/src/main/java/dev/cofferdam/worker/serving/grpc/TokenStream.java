package dev.cofferdam.worker.serving.grpc;

import dev.cofferdam.mesh.Tracing;
import dev.cofferdam.proto.worker.v1.AttemptUsage;
import dev.cofferdam.proto.worker.v1.Finished;
import dev.cofferdam.proto.worker.v1.GenerateResponse;
import dev.cofferdam.proto.worker.v1.Started;
import dev.cofferdam.proto.worker.v1.StopCause;
import dev.cofferdam.proto.worker.v1.TokenLogprob;
import dev.cofferdam.proto.worker.v1.Tokens;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.wire.Statuses;
import dev.cofferdam.worker.batching.EndCause;
import dev.cofferdam.worker.batching.SampledToken;
import dev.cofferdam.worker.batching.SequenceUsage;
import dev.cofferdam.worker.lease.Lease;
import dev.cofferdam.worker.serving.Output;
import io.grpc.stub.ServerCallStreamObserver;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import org.jspecify.annotations.Nullable;

/**
 * A request's output on its call. Tokens that the transport does not take yet are kept, up to a
 * bound; over it, the sequence waits. One lock: the step thread writes tokens, gRPC's threads say
 * when the transport is ready, the completions' thread writes the end.
 */
final class TokenStream implements Output {
  private final ServerCallStreamObserver<GenerateResponse> call;
  private final Lease lease;
  private final int bufferTokensMax;
  private final Context trace = Tracing.context();
  private final Span prefill;
  private @Nullable Span decode;
  private Tokens.Builder buffer = Tokens.newBuilder();
  private int sent;
  private boolean closed;
  private volatile boolean overfull;

  TokenStream(ServerCallStreamObserver<GenerateResponse> call, Lease lease, int bufferTokensMax) {
    this.call = call;
    this.lease = lease;
    this.bufferTokensMax = bufferTokensMax;
    this.prefill = Tracing.startSpan(trace, "prefill", SpanKind.INTERNAL);
    prefill.setAttribute("cofferdam.prompt_tokens", lease.promptTokens());
  }

  /** Ends the spans of a request that was refused before it ran. */
  void refused() {
    prefill.end();
  }

  @Override
  public boolean ready() {
    return !overfull;
  }

  /** The transport takes more. Returns whether the sequence may go on that had to wait. */
  synchronized boolean drain() {
    boolean waited = overfull;
    if (!closed) {
      flush();
    }
    return waited && !overfull;
  }

  @Override
  public synchronized void started(int cachedPromptTokens) {
    prefill.setAttribute("cofferdam.cached_prompt_tokens", cachedPromptTokens);
    if (!closed) {
      call.onNext(
          GenerateResponse.newBuilder()
              .setStarted(Started.newBuilder().setCachedPromptTokens(cachedPromptTokens))
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
    if (buffer.getTokenIdsCount() == 0) {
      buffer.setFirstIndex(index);
    }
    buffer.addTokenIds(token.id());
    if (token.hasLogprobs()) {
      buffer.addLogprobs(logprob(token));
    }
    if (call.isReady()) {
      flush();
    }
    overfull = buffer.getTokenIdsCount() >= bufferTokensMax;
  }

  private static TokenLogprob logprob(SampledToken token) {
    TokenLogprob.Builder message = TokenLogprob.newBuilder().setLogprob(token.logprob());
    for (int i = 0; i < token.alternatives(); i++) {
      message.addTopTokenIds(token.alternativeId(i)).addTopLogprobs(token.alternativeLogprob(i));
    }
    return message.build();
  }

  private void flush() {
    if (buffer.getTokenIdsCount() > 0) {
      sent += buffer.getTokenIdsCount();
      call.onNext(GenerateResponse.newBuilder().setTokens(buffer).build());
      buffer = Tokens.newBuilder();
    }
    overfull = false;
  }

  @Override
  public synchronized int close(boolean completed) {
    if (completed) {
      flush();
    }
    closed = true;
    Span span = decode == null ? prefill : decode;
    span.setAttribute("cofferdam.output_tokens", sent);
    span.end();
    return sent;
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
    call.onNext(
        GenerateResponse.newBuilder()
            .setFinished(
                Finished.newBuilder().setCause(stopCause(cause)).setUsage(usage(usage, delivered)))
            .build());
  }

  private static StopCause stopCause(EndCause cause) {
    return switch (cause) {
      case STOP_TOKEN -> StopCause.STOP_CAUSE_STOP_TOKEN;
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
