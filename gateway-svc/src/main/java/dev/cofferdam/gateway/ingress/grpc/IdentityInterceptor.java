package dev.cofferdam.gateway.ingress.grpc;

import dev.cofferdam.gateway.connection.Claim;
import dev.cofferdam.gateway.connection.Pace;
import dev.cofferdam.gateway.identity.Authentication;
import dev.cofferdam.gateway.identity.Authenticator;
import dev.cofferdam.gateway.identity.Identity;
import dev.cofferdam.gateway.identity.ShownCredentials;
import dev.cofferdam.gateway.ingress.Intake;
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
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds out who calls the inference service before a byte of the request is read; without an
 * identity there is no service, and none on a connection more than its tenant may have. Names each
 * request, and returns the name in headers and trailers.
 */
public final class IdentityInterceptor implements ServerInterceptor {
  /** A call that was let in. */
  record Admitted(RequestId request, Identity identity, String sourceIp, Pace pace) {
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

  private final Authenticator authenticator;
  private final Intake intake;

  /**
   * @param intake told of callers that are refused although they are known
   */
  public IdentityInterceptor(Authenticator authenticator, Intake intake) {
    this.authenticator = authenticator;
    this.intake = intake;
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
    ShownCredentials shown =
        ShownCredentials.of(
            all(headers, AUTHORIZATION),
            List.of(),
            all(headers, TENANT),
            caller.id(),
            caller.address());
    return switch (authenticator.authenticate(request, shown.credentials())) {
      case Authentication.Rejected rejected -> refuse(named, rejected.refusal());
      case Authentication.Accepted accepted -> {
        Identity identity = accepted.identity();
        if (shown.disagree()) {
          intake.crossed(
              request,
              identity,
              caller.address(),
              ShownCredentials.DISAGREE,
              ShownCredentials.DISAGREE.message());
          yield refuse(named, ShownCredentials.DISAGREE);
        }
        yield switch (GrpcConnections.claim(call, identity.tenant())) {
          case Claim.Refused refused -> {
            intake.refused(request, identity, caller.address(), "connect", refused.refusal());
            ServerCall.Listener<Q> listener = refuse(named, refused.refusal());
            if (!refused.shared()) {
              GrpcConnections.goAway(call);
            }
            yield listener;
          }
          case Claim.Held held ->
              Contexts.interceptCall(
                  context(new Admitted(request, identity, caller.address(), held.pace())),
                  named,
                  headers,
                  next);
        };
      }
    };
  }

  private static Context context(Admitted admitted) {
    TenantProfile tenant = admitted.identity().tenant();
    return Tracing.with(
            Tracing.tagged(
                Tracing.context(),
                tenant.id().value(),
                tenant.tier().label(),
                admitted.request().value()))
        .withValue(ADMITTED, admitted);
  }

  private static List<String> all(Metadata headers, Metadata.Key<String> name) {
    @Nullable Iterable<String> values = headers.getAll(name);
    if (values == null) {
      return List.of();
    }
    List<String> all = new ArrayList<>(1);
    values.forEach(all::add);
    return all;
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
