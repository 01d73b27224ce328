package dev.cofferdam.worker.lease.grpc;

import dev.cofferdam.proto.routing.v1.AnnounceRequest;
import dev.cofferdam.proto.routing.v1.AnnounceResponse;
import dev.cofferdam.proto.routing.v1.RoutingServiceGrpc;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A router that remembers what is announced. */
public final class FakeRouter extends RoutingServiceGrpc.RoutingServiceImplBase {
  private final BlockingQueue<AnnounceRequest> received = new LinkedBlockingQueue<>();
  public volatile StreamObserver<AnnounceResponse> worker;

  @Override
  public StreamObserver<AnnounceRequest> announce(StreamObserver<AnnounceResponse> responses) {
    worker = responses;
    return new StreamObserver<>() {
      @Override
      public void onNext(AnnounceRequest message) {
        received.add(message);
      }

      @Override
      public void onError(Throwable failure) {}

      @Override
      public void onCompleted() {
        responses.onNext(AnnounceResponse.getDefaultInstance());
        responses.onCompleted();
      }
    };
  }

  /** The next message that fits; the others before it are dropped. */
  public AnnounceRequest await(Predicate<AnnounceRequest> wanted) throws InterruptedException {
    while (true) {
      AnnounceRequest next = received.poll(20, TimeUnit.SECONDS);
      if (next == null) {
        throw new AssertionError("the router was not told");
      }
      if (wanted.test(next)) {
        return next;
      }
    }
  }
}
