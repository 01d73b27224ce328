package dev.cofferdam.gateway.ingress.grpc;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.wire.Statuses;
import io.grpc.ForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** Ends calls whose one request does not come, so that nobody can hold them open for nothing. */
public final class ReadDeadline implements ServerInterceptor {
  private final ScheduledExecutorService timer;
  private final long msMax;

  /**
   * @param msMax milliseconds in which a request must be there
   */
  public ReadDeadline(ScheduledExecutorService timer, long msMax) {
    this.timer = timer;
    this.msMax = msMax;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    ServerCall.Listener<Q> listener = next.startCall(call, headers);
    if (!call.getMethodDescriptor().getType().clientSendsOneMessage()) {
      return listener;
    }
    // Whoever sets it answers the call: the request that came, or the time that passed.
    AtomicBoolean decided = new AtomicBoolean();
    Future<?> late =
        timer.schedule(
            () -> {
              if (decided.compareAndSet(false, true)) {
                close(call);
              }
            },
            msMax,
            TimeUnit.MILLISECONDS);
    return new ForwardingServerCallListener.SimpleForwardingServerCallListener<>(listener) {
      @Override
      public void onHalfClose() {
        if (decided.compareAndSet(false, true)) {
          late.cancel(false);
          super.onHalfClose();
        }
      }

      @Override
      public void onCancel() {
        late.cancel(false);
        super.onCancel();
      }

      @Override
      public void onComplete() {
        late.cancel(false);
        super.onComplete();
      }
    };
  }

  private void close(ServerCall<?, ?> call) {
    StatusRuntimeException status =
        Statuses.toStatus(
            Refusal.of(
                ErrorCode.INVALID_REQUEST, "the request did not come within " + msMax + " ms"));
    Metadata trailers = status.getTrailers();
    call.close(status.getStatus(), trailers == null ? new Metadata() : trailers);
  }
}
