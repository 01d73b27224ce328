package dev.cofferdam.mesh;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.wire.Statuses;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.StatusRuntimeException;
import java.util.function.BiConsumer;

/**
 * Refuses every call that the {@link CallTable} does not allow, and makes {@link Caller#current()}
 * work for the rest.
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
    return Contexts.interceptCall(Caller.put(Context.current(), caller), call, headers, next);
  }
}
