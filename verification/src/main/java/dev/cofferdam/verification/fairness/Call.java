package dev.cofferdam.verification.fairness;

import dev.cofferdam.proto.inference.v1.GenerateResponse;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A request as its client sees it. Its fields are written by the thread that the answers come on,
 * and are complete once {@link #ended} is.
 */
final class Call implements StreamObserver<GenerateResponse> {
  /** How a call ended. */
  enum Outcome {
    /** With all that was asked for. */
    SERVED,
    /** It was told, before anything of an answer, that there is no room. */
    REFUSED,
    /** Any other way. */
    LOST
  }

  final long sentNs = System.nanoTime();
  final CompletableFuture<Call> ended = new CompletableFuture<>();

  /** When tokens came, and how many there were then. */
  private final List<long[]> tokens = new ArrayList<>();

  private final int wanted;
  private String requestId = "";
  private int promptTokens;
  private int finishes;
  private Status status = Status.UNKNOWN;

  /**
   * @param wanted output tokens that were asked for
   */
  Call(int wanted) {
    this.wanted = wanted;
  }

  @Override
  public void onNext(GenerateResponse event) {
    switch (event.getEventCase()) {
      case ACCEPTED -> requestId = event.getAccepted().getRequestId();
      case DELTA -> tokens.add(new long[] {System.nanoTime(), event.getDelta().getOutputTokens()});
      case FINISHED -> {
        finishes++;
        promptTokens = event.getFinished().getUsage().getPromptTokens();
        tokens.add(
            new long[] {System.nanoTime(), event.getFinished().getUsage().getOutputTokens()});
      }
      default -> {}
    }
  }

  @Override
  public void onError(Throwable error) {
    status = Status.fromThrowable(error);
    ended.complete(this);
  }

  @Override
  public void onCompleted() {
    status = Status.OK;
    ended.complete(this);
  }

  String requestId() {
    return requestId;
  }

  Status status() {
    return status;
  }

  int promptTokens() {
    return promptTokens;
  }

  boolean began() {
    return !tokens.isEmpty();
  }

  long firstNs() {
    return began() ? tokens.getFirst()[0] : Long.MAX_VALUE;
  }

  double ttftMs() {
    return (firstNs() - sentNs) / 1e6;
  }

  /** Output tokens that had come at a time. */
  long tokensAt(long ns) {
    long count = 0;
    for (long[] seen : tokens) {
      if (seen[0] > ns) {
        break;
      }
      count = seen[1];
    }
    return count;
  }

  Outcome outcome() {
    boolean whole = finishes == 1 && tokensAt(Long.MAX_VALUE) == wanted;
    if (status.isOk() && whole) {
      return Outcome.SERVED;
    }
    boolean toldSo =
        status.getCode() == Status.Code.RESOURCE_EXHAUSTED
            || status.getCode() == Status.Code.UNAVAILABLE;
    return toldSo && !began() ? Outcome.REFUSED : Outcome.LOST;
  }
}
