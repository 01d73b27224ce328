package dev.cofferdam.worker.lease.grpc;

import com.google.protobuf.ByteString;
import dev.cofferdam.proto.scheduling.v1.AttachRequest;
import dev.cofferdam.proto.scheduling.v1.AttachResponse;
import dev.cofferdam.proto.scheduling.v1.SchedulingServiceGrpc;
import dev.cofferdam.proto.scheduling.v1.SessionKey;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A scheduler that hands out one key and remembers what it is told. */
public final class FakeScheduler extends SchedulingServiceGrpc.SchedulingServiceImplBase {
  public static final byte[] KEY = {
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,
    27, 28, 29, 30, 31, 32
  };

  private final BlockingQueue<AttachRequest> received = new LinkedBlockingQueue<>();
  public volatile StreamObserver<AttachResponse> worker;

  @Override
  public StreamObserver<AttachRequest> attach(StreamObserver<AttachResponse> responses) {
    worker = responses;
    responses.onNext(
        AttachResponse.newBuilder()
            .setSessionKey(
                SessionKey.newBuilder()
                    .setKeyId("key-1")
                    .setKey(ByteString.copyFrom(KEY))
                    .setExpiresEpochMs(System.currentTimeMillis() + 60_000)
                    .setTerm(1))
            .build());
    return new StreamObserver<>() {
      @Override
      public void onNext(AttachRequest message) {
        received.add(message);
      }

      @Override
      public void onError(Throwable failure) {}

      @Override
      public void onCompleted() {
        responses.onCompleted();
      }
    };
  }

  /** The next message that fits; the others before it are dropped. */
  public AttachRequest await(Predicate<AttachRequest> wanted) throws InterruptedException {
    while (true) {
      AttachRequest next = received.poll(20, TimeUnit.SECONDS);
      if (next == null) {
        throw new AssertionError("the scheduler was not told");
      }
      if (wanted.test(next)) {
        return next;
      }
    }
  }
}
