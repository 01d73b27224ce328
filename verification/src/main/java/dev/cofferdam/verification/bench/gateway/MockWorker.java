package dev.cofferdam.verification.bench.gateway;

import dev.cofferdam.proto.worker.v1.AttemptUsage;
import dev.cofferdam.proto.worker.v1.Finished;
import dev.cofferdam.proto.worker.v1.GenerateRequest;
import dev.cofferdam.proto.worker.v1.GenerateResponse;
import dev.cofferdam.proto.worker.v1.Started;
import dev.cofferdam.proto.worker.v1.StopCause;
import dev.cofferdam.proto.worker.v1.Tokens;
import dev.cofferdam.proto.worker.v1.WorkerServiceGrpc;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * A worker that says the same words to all: at once, or one token of each stream with every tick,
 * as a batch does.
 */
final class MockWorker extends WorkerServiceGrpc.WorkerServiceImplBase {
  private final Queue<Stream> streams = new ConcurrentLinkedQueue<>();

  /** A stream; only the ticking thread counts its tokens. */
  private static final class Stream {
    private final StreamObserver<GenerateResponse> call;
    private int tokens;

    Stream(StreamObserver<GenerateResponse> call) {
      this.call = call;
    }
  }

  MockWorker() {
    var unused =
        Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().factory())
            .scheduleAtFixedRate(
                this::tick, Workload.PACE_MS, Workload.PACE_MS, TimeUnit.MILLISECONDS);
  }

  @Override
  public void generate(GenerateRequest request, StreamObserver<GenerateResponse> call) {
    call.onNext(GenerateResponse.newBuilder().setStarted(Started.getDefaultInstance()).build());
    if (request.getSampling().getSeed() == Workload.PACED_SEED) {
      streams.add(new Stream(call));
      return;
    }
    Tokens.Builder tokens = Tokens.newBuilder();
    for (int i = 0; i < Workload.WHOLE_TOKENS; i++) {
      tokens.addTokenIds(Workload.TOKENS[i % Workload.TOKENS.length]);
    }
    call.onNext(GenerateResponse.newBuilder().setTokens(tokens).build());
    finish(call, Workload.WHOLE_TOKENS);
  }

  private void tick() {
    streams.removeIf(MockWorker::step);
  }

  /** One token of a stream; whether it was the last. */
  private static boolean step(Stream stream) {
    if (((ServerCallStreamObserver<GenerateResponse>) stream.call).isCancelled()) {
      stream.call.onError(Status.CANCELLED.asRuntimeException());
      return true;
    }
    int index = stream.tokens++;
    stream.call.onNext(
        GenerateResponse.newBuilder()
            .setTokens(
                Tokens.newBuilder()
                    .setFirstIndex(index)
                    .addTokenIds(Workload.TOKENS[index % Workload.TOKENS.length]))
            .build());
    if (stream.tokens < Workload.STREAM_TOKENS) {
      return false;
    }
    finish(stream.call, stream.tokens);
    return true;
  }

  private static void finish(StreamObserver<GenerateResponse> call, int tokens) {
    call.onNext(
        GenerateResponse.newBuilder()
            .setFinished(
                Finished.newBuilder()
                    .setCause(StopCause.STOP_CAUSE_LENGTH)
                    .setUsage(
                        AttemptUsage.newBuilder()
                            .setOutputTokens(tokens)
                            .setKvBlocksAllocated(12)
                            .setKvBlocksZeroed(12)))
            .build());
    call.onCompleted();
  }
}
