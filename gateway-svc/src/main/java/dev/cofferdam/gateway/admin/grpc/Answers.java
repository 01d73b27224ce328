package dev.cofferdam.gateway.admin.grpc;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import io.grpc.stub.StreamObserver;
import java.util.Map;

/** What the methods of the admin API have in common. */
final class Answers {
  private Answers() {}

  static <R> void tell(StreamObserver<R> out, R response) {
    out.onNext(response);
    out.onCompleted();
  }

  static <T> T known(Map<String, T> records, String key, String kind) {
    T record = records.get(key);
    if (record == null) {
      throw refused(ErrorCode.NOT_FOUND, "no such " + kind);
    }
    return record;
  }

  static void expect(boolean asked, long expected, long present) {
    if (asked && expected != present) {
      throw refused(
          ErrorCode.CONFLICT,
          "expected_revision: "
              + expected
              + ", but the record is at "
              + present
              + "; read it again and repeat the change");
    }
  }

  /** The revision of a changed record; its present one is 0 where there is no record. */
  static long next(boolean asked, long expected, long present) {
    expect(asked, expected, present);
    return present + 1;
  }

  static RefusedException refused(ErrorCode code, String message) {
    return Refusal.of(code, message).asException();
  }
}
