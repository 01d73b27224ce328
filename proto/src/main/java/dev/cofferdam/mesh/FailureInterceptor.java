package dev.cofferdam.mesh;

import dev.cofferdam.wire.Statuses;
import io.grpc.ForwardingServerCall;
import io.grpc.ForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns whatever a service throws, or hands to {@code onError}, into a status with details; what is
 * not a refusal becomes INTERNAL and loses its message, which could hold content.
 */
final class FailureInterceptor implements ServerInterceptor {
  private static final Logger LOG = LoggerFactory.getLogger(FailureInterceptor.class);

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    String method = call.getMethodDescriptor().getFullMethodName();
    ServerCall<Q, A> mapped =
        new ForwardingServerCall.SimpleForwardingServerCall<>(call) {
          @Override
          public void close(Status status, Metadata trailers) {
            Throwable cause = status.getCause();
            if (status.getCode() == Status.Code.UNKNOWN) {
              StatusRuntimeException clean =
                  Statuses.toStatus(cause == null ? status.asException() : cause);
              if (clean.getStatus().getCode() == Status.Code.INTERNAL) {
                logBug(method, cause);
              }
              Metadata details = clean.getTrailers();
              super.close(clean.getStatus(), details == null ? trailers : details);
            } else {
              super.close(status, trailers);
            }
          }
        };
    return new ForwardingServerCallListener.SimpleForwardingServerCallListener<>(
        next.startCall(mapped, headers)) {
      private boolean failed;

      @Override
      public void onMessage(Q message) {
        guard(() -> super.onMessage(message));
      }

      @Override
      public void onHalfClose() {
        guard(super::onHalfClose);
      }

      /** After a failure the call is closed, and the rest of the request is nobody's. */
      private void guard(Runnable step) {
        if (failed) {
          return;
        }
        try {
          step.run();
        } catch (RuntimeException e) {
          failed = true;
          mapped.close(Status.UNKNOWN.withCause(e), new Metadata());
        }
      }
    };
  }

  private static void logBug(String method, @org.jspecify.annotations.Nullable Throwable cause) {
    if (cause == null) {
      LOG.error("{} failed without a cause", method);
      return;
    }
    StackTraceElement[] trace = cause.getStackTrace();
    StringBuilder where = new StringBuilder();
    for (int i = 0; i < Math.min(8, trace.length); i++) {
      where.append("\n  at ").append(trace[i]);
    }
    LOG.error("{} failed: {}{}", method, cause.getClass().getName(), where);
  }
}
