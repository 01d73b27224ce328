package dev.cofferdam.gateway.admin.grpc;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import io.grpc.stub.StreamObserver;

/** What the methods of the admin API have in common. */
final class Answers {
  private Answers() {}

  static <R> void tell(StreamObserver<R> out, R response) {
    out.onNext(response);
    out.onCompleted();
  }

  static RefusedException refused(ErrorCode code, String message) {
    return Refusal.of(code, message).asException();
  }
}
