package dev.cofferdam.gateway.ingress.grpc;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import io.grpc.MethodDescriptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.InputStream;

/**
 * Parses requests where a refusal can still be answered: bytes that are no message, or text that is
 * not UTF-8, become INVALID_REQUEST, what unpacks to more than the bound REQUEST_TOO_LARGE. Parsed
 * by gRPC itself they would end the call as a bug of ours.
 */
final class StrictMessages {
  private StrictMessages() {}

  static ServerServiceDefinition of(ServerServiceDefinition service) {
    ServiceDescriptor descriptor = service.getServiceDescriptor();
    ServiceDescriptor.Builder renewed =
        ServiceDescriptor.newBuilder(descriptor.getName())
            .setSchemaDescriptor(descriptor.getSchemaDescriptor());
    var methods = service.getMethods().stream().map(StrictMessages::strict).toList();
    methods.forEach(method -> renewed.addMethod(method.getMethodDescriptor()));
    ServerServiceDefinition.Builder strict = ServerServiceDefinition.builder(renewed.build());
    methods.forEach(strict::addMethod);
    return ServerInterceptors.useInputStreamMessages(strict.build());
  }

  private static <Q, A> ServerMethodDefinition<Q, A> strict(ServerMethodDefinition<Q, A> method) {
    MethodDescriptor<Q, A> descriptor = method.getMethodDescriptor();
    return ServerMethodDefinition.create(
        descriptor.toBuilder()
            .setRequestMarshaller(new Marshaller<>(descriptor.getRequestMarshaller()))
            .build(),
        method.getServerCallHandler());
  }

  private record Marshaller<Q>(MethodDescriptor.Marshaller<Q> plain)
      implements MethodDescriptor.Marshaller<Q> {
    @Override
    public InputStream stream(Q value) {
      return plain.stream(value);
    }

    @Override
    public Q parse(InputStream stream) {
      try {
        return plain.parse(stream);
      } catch (StatusRuntimeException e) {
        if (e.getStatus().getCode() == Status.Code.RESOURCE_EXHAUSTED) {
          throw Refusal.of(ErrorCode.REQUEST_TOO_LARGE, "the message is too large").asException();
        }
        throw Refusal.of(
                ErrorCode.INVALID_REQUEST, "the message is malformed, or its text is not UTF-8")
            .asException();
      }
    }
  }
}
