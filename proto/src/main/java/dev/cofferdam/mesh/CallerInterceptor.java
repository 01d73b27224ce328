package dev.cofferdam.mesh;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.wire.Statuses;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.function.BiConsumer;

/**
 * Refuses every call that the {@link CallTable} does not allow, and makes {@link Caller#current()}
 * work for the rest. Who was refused as {@link ErrorCode#CALL_NOT_ALLOWED}, here or by the service
 * itself, is told of in one place.
 */
final class CallerInterceptor implements ServerInterceptor {
  private final BiConsumer<Caller, String> onRefused;

  /**
   * @param onRefused told of each refused caller and method; must not block
   */
  CallerInterceptor(BiConsumer<Caller, String> onRefused) {
    this.onRefused = onRefused;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    Caller caller = call.getAttributes().get(Caller.ATTRIBUTE);
    String method = call.getMethodDescriptor().getFullMethodName();
    if (caller == null || !CallTable.allows(caller.role(), method)) {
      if (caller != null) {
        onRefused.accept(caller, method);
      }
      StatusRuntimeException refused =
          Statuses.toStatus(
              Refusal.of(ErrorCode.CALL_NOT_ALLOWED, "this identity may not call " + method));
      Metadata trailers = refused.getTrailers();
      call.close(refused.getStatus(), trailers == null ? new Metadata() : trailers);
      return new ServerCall.Listener<>() {};
    }
    return Contexts.interceptCall(
        OnBehalf.put(Caller.put(Context.current(), caller), caller, headers),
        watched(call, caller, method),
        headers,
        next);
  }

  private <Q, A> ServerCall<Q, A> watched(ServerCall<Q, A> call, Caller caller, String method) {
    return new ForwardingServerCall.SimpleForwardingServerCall<>(call) {
      @Override
      public void close(Status status, Metadata trailers) {
        if (status.getCode() == Status.Code.PERMISSION_DENIED
            && Statuses.toRefusal(status.asRuntimeException(trailers)).code()
                == ErrorCode.CALL_NOT_ALLOWED) {
          onRefused.accept(caller, method);
        }
        super.close(status, trailers);
      }
    };
  }
}
