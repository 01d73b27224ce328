package dev.cofferdam.verification.bench.gateway;

import dev.cofferdam.proto.inference.v1.GenerateRequest;
import dev.cofferdam.proto.inference.v1.InferenceServiceGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.file.Path;

/** A client of the public gRPC API. */
final class GrpcLane implements Lane {
  private final InferenceServiceGrpc.InferenceServiceBlockingStub stub;
  private final GenerateRequest request;

  GrpcLane(ManagedChannel channel, String key, GenerateRequest request) {
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + key);
    this.stub =
        InferenceServiceGrpc.newBlockingStub(channel)
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
    this.request = request;
  }

  /** A connection; its owner shuts it down. */
  static ManagedChannel channel(String endpoint, Path authority) throws IOException {
    int colon = endpoint.lastIndexOf(':');
    return NettyChannelBuilder.forAddress(
            endpoint.substring(0, colon), Integer.parseInt(endpoint.substring(colon + 1)))
        .sslContext(GrpcSslContexts.forClient().trustManager(authority.toFile()).build())
        .build();
  }

  @Override
  public void ask() throws IOException {
    try {
      stub.generate(request).forEachRemaining(event -> {});
    } catch (StatusRuntimeException e) {
      throw new IOException(e);
    }
  }

  @Override
  public void close() {}
}
