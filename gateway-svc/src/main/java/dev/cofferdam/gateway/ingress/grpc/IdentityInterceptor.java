package dev.cofferdam.gateway.ingress.grpc;

import dev.cofferdam.gateway.identity.Authentication;
import dev.cofferdam.gateway.identity.Authenticator;
import dev.cofferdam.gateway.identity.Credentials;
import dev.cofferdam.gateway.identity.Identity;
import dev.cofferdam.mesh.Caller;
import dev.cofferdam.mesh.Tracing;
import dev.cofferdam.proto.inference.v1.InferenceServiceGrpc;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantProfile;
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
import java.util.Optional;

/**
 * Finds out who calls the inference service before a byte of the request is read; without an
 * identity there is no service. Names each request, and returns the name in headers and trailers.
 */
public final class IdentityInterceptor implements ServerInterceptor {
  /** A call that was let in. */
  record Admitted(RequestId request, Identity identity, String sourceIp) {
    /** That of the call that is being served. */
    static Admitted current() {
      Admitted admitted = ADMITTED.get();
      if (admitted == null) {
        throw new IllegalStateException("a call came past the interceptor");
      }
      return admitted;
    }
  }

  private static final Context.Key<Admitted> ADMITTED = Context.key("cofferdam-admitted");
  private static final Metadata.Key<String> AUTHORIZATION = text("authorization");
  private static final Metadata.Key<String> TENANT = text("x-tenant-id");
  private static final Metadata.Key<String> REQUEST = text("x-request-id");
  private static final String BEARER = "Bearer ";

  private final Authenticator authenticator;

  public IdentityInterceptor(Authenticator authenticator) {
    this.authenticator = authenticator;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    if (!InferenceServiceGrpc.SERVICE_NAME.equals(call.getMethodDescriptor().getServiceName())) {
      return next.startCall(call, headers);
    }
    RequestId request = RequestId.random();
    ServerCall<Q, A> named = named(call, request);
    Caller caller = Caller.current();
    Credentials credentials =
        Credentials.of(
            bearer(headers.get(AUTHORIZATION)),
            caller.id(),
            Optional.ofNullable(headers.get(TENANT)),
            caller.address());
    return switch (authenticator.authenticate(request, credentials)) {
      case Authentication.Rejected rejected -> refuse(named, rejected.refusal());
      case Authentication.Accepted accepted -> {
        TenantProfile tenant = accepted.identity().tenant();
        Context context =
            Tracing.with(
                    Tracing.tagged(
                        Tracing.context(),
                        tenant.id().value(),
                        tenant.tier().label(),
                        request.value()))
                .withValue(ADMITTED, new Admitted(request, accepted.identity(), caller.address()));
        yield Contexts.interceptCall(context, named, headers, next);
      }
    };
  }

  private static Optional<String> bearer(@org.jspecify.annotations.Nullable String header) {
    return header != null && header.regionMatches(true, 0, BEARER, 0, BEARER.length())
        ? Optional.of(header.substring(BEARER.length()).strip())
        : Optional.empty();
  }

  private static <Q, A> ServerCall.Listener<Q> refuse(ServerCall<Q, A> call, Refusal refusal) {
    StatusRuntimeException status = Statuses.toStatus(refusal);
    Metadata trailers = status.getTrailers();
    call.close(status.getStatus(), trailers == null ? new Metadata() : trailers);
    return new ServerCall.Listener<>() {};
  }

  private static <Q, A> ServerCall<Q, A> named(ServerCall<Q, A> call, RequestId request) {
    return new ForwardingServerCall.SimpleForwardingServerCall<>(call) {
      @Override
      public void sendHeaders(Metadata headers) {
        headers.put(REQUEST, request.value());
        super.sendHeaders(headers);
      }

      @Override
      public void close(Status status, Metadata trailers) {
        trailers.put(REQUEST, request.value());
        super.close(status, trailers);
      }
    };
  }

  private static Metadata.Key<String> text(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }
}
