package dev.cofferdam.gateway.dispatch.grpc;

import com.google.common.util.concurrent.MoreExecutors;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.cofferdam.gateway.dispatch.AttemptUsage;
import dev.cofferdam.gateway.dispatch.Event;
import dev.cofferdam.gateway.dispatch.TokenScores;
import dev.cofferdam.gateway.dispatch.Workers;
import dev.cofferdam.gateway.tenancy.AdapterEntry;
import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.proto.scheduling.v1.Grant;
import dev.cofferdam.proto.worker.v1.Embedding;
import dev.cofferdam.proto.worker.v1.FinishRequest;
import dev.cofferdam.proto.worker.v1.GenerateRequest;
import dev.cofferdam.proto.worker.v1.GenerateResponse;
import dev.cofferdam.proto.worker.v1.Sampling;
import dev.cofferdam.proto.worker.v1.StopCause;
import dev.cofferdam.proto.worker.v1.TokenLogprob;
import dev.cofferdam.proto.worker.v1.Tokens;
import dev.cofferdam.proto.worker.v1.WorkerServiceGrpc;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.wire.Statuses;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Workers over gRPC. Messages are asked for one by one, so that a slow client holds back its worker
 * and nobody buffers.
 */
public final class GrpcWorkers implements Workers {
  private static final long FINISH_MS_MAX = 5_000;

  private final MeshChannels channels;
  private final InstantSource clock;

  public GrpcWorkers(MeshChannels channels, InstantSource clock) {
    this.channels = channels;
    this.clock = clock;
  }

  @Override
  public Call generate(Ask ask, Consumer<Event> listener) {
    String endpoint = ask.placement().endpoint();
    ManagedChannel channel = channels.to(endpoint, SpiffeId.Role.WORKER);
    long leftMs = Math.max(1, ask.generation().deadlineEpochMs() - clock.millis());
    ClientCall<GenerateRequest, GenerateResponse> call =
        channel.newCall(
            WorkerServiceGrpc.getGenerateMethod(),
            CallOptions.DEFAULT.withDeadlineAfter(leftMs, TimeUnit.MILLISECONDS));
    call.start(
        new Answer(listener, () -> channels.forget(endpoint, SpiffeId.Role.WORKER)),
        new Metadata());
    call.sendMessage(request(ask));
    call.halfClose();
    return new Running(call, channel, ask.generation().id(), ask.attempt());
  }

  private static GenerateRequest request(Ask ask) {
    dev.cofferdam.gateway.dispatch.Sampling sampling = ask.generation().sampling();
    GenerateRequest.Builder request =
        GenerateRequest.newBuilder()
            .setGrant(grant(ask.placement().grant()))
            .setSampling(
                Sampling.newBuilder()
                    .setTemperature(sampling.temperature())
                    .setTopP(sampling.topP())
                    .setTopK(sampling.topK())
                    .setMinP(sampling.minP())
                    .setPresencePenalty(sampling.penalties().presence())
                    .setFrequencyPenalty(sampling.penalties().frequency())
                    .setRepetitionPenalty(sampling.penalties().repetition())
                    .setSeed(sampling.seed())
                    .setTopLogprobs(sampling.topLogprobs()))
            .addAllStopTokenIds(ask.generation().format().stopTokenIds())
            .setPrefixKey(ByteString.copyFrom(ask.prefixKey()))
            .setAdapterFolder(ask.generation().adapter().map(AdapterEntry::folder).orElse(""))
            .setSettles(ask.generation().settles());
    for (int token : ask.tokens()) {
      request.addTokenIds(token);
    }
    return request.build();
  }

  private static Grant grant(byte[] bytes) {
    try {
      return Grant.parseFrom(bytes);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a grant that was serialized here does not parse", e);
    }
  }

  private record Running(
      ClientCall<GenerateRequest, GenerateResponse> call,
      ManagedChannel channel,
      RequestId id,
      int attempt)
      implements Call {
    @Override
    public void request(int messages) {
      call.request(messages);
    }

    @Override
    public void cancel() {
      call.cancel("the request ended", null);
    }

    @Override
    public void finish(int outputTokens) {
      FinishRequest request =
          FinishRequest.newBuilder()
              .setRequestId(id.value())
              .setAttempt(attempt)
              .setOutputTokens(outputTokens)
              .build();
      // Should it fail, cancelling bills what was sent.
      WorkerServiceGrpc.newFutureStub(channel)
          .withDeadlineAfter(FINISH_MS_MAX, TimeUnit.MILLISECONDS)
          .finish(request)
          .addListener(this::cancel, MoreExecutors.directExecutor());
    }
  }

  /** The worker's answer; one thread at a time. */
  private static final class Answer extends ClientCall.Listener<GenerateResponse> {
    private final Consumer<Event> listener;
    private final Runnable forget;
    private boolean finished;

    Answer(Consumer<Event> listener, Runnable forget) {
      this.listener = listener;
      this.forget = forget;
    }

    @Override
    public void onMessage(GenerateResponse response) {
      switch (response.getEventCase()) {
        case STARTED ->
            listener.accept(
                new Event.WorkerStarted(
                    response.getStarted().getCachedPromptTokens(),
                    response.getStarted().getKvEncrypted()));
        case EMBEDDING -> listener.accept(new Event.Embedded(values(response.getEmbedding())));
        case TOKENS -> listener.accept(tokens(response.getTokens()));
        case FINISHED -> {
          finished = true;
          var usage = response.getFinished().getUsage();
          listener.accept(
              new Event.WorkerFinished(
                  response.getFinished().getCause() == StopCause.STOP_CAUSE_STOP_TOKEN,
                  new AttemptUsage(usage.getKvBlocksAllocated(), usage.getKvBlocksZeroed())));
        }
        case EVENT_NOT_SET -> listener.accept(new Event.Tokens(0, new int[0], List.of()));
      }
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      if (finished) {
        return;
      }
      if (status.isOk()) {
        listener.accept(
            new Event.WorkerFailed(
                Refusal.of(ErrorCode.WORKER_LOST, "the worker ended its stream early"), true));
        return;
      }
      if (status.getCode() == Status.Code.UNAVAILABLE) {
        forget.run();
      }
      Refusal refusal = Statuses.toRefusal(status.asRuntimeException(trailers));
      listener.accept(new Event.WorkerFailed(refusal, elsewhere(refusal.code())));
    }
  }

  /** Whether what one worker answers says little about another. */
  private static boolean elsewhere(ErrorCode code) {
    return switch (code) {
      case DEPENDENCY_UNAVAILABLE,
          NO_CAPACITY,
          QUEUE_FULL,
          WORKER_LOST,
          BAD_GRANT,
          CANCELLED,
          INTERNAL ->
          true;
      default -> false;
    };
  }

  private static float[] values(Embedding embedding) {
    float[] values = new float[embedding.getValuesCount()];
    for (int i = 0; i < values.length; i++) {
      values[i] = embedding.getValues(i);
    }
    return values;
  }

  private static Event.Tokens tokens(Tokens tokens) {
    int[] ids = new int[tokens.getTokenIdsCount()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = tokens.getTokenIds(i);
    }
    List<TokenScores> scores = new ArrayList<>(tokens.getLogprobsCount());
    for (int i = 0; i < Math.min(ids.length, tokens.getLogprobsCount()); i++) {
      TokenLogprob logprob = tokens.getLogprobs(i);
      List<TokenScores.Alternative> top = new ArrayList<>(logprob.getTopTokenIdsCount());
      int count = Math.min(logprob.getTopTokenIdsCount(), logprob.getTopLogprobsCount());
      for (int k = 0; k < count; k++) {
        top.add(new TokenScores.Alternative(logprob.getTopTokenIds(k), logprob.getTopLogprobs(k)));
      }
      scores.add(new TokenScores(ids[i], logprob.getLogprob(), top));
    }
    return new Event.Tokens(tokens.getFirstIndex(), ids, scores);
  }
}
