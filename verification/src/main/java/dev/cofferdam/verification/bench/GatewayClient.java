package dev.cofferdam.verification.bench;

import dev.cofferdam.proto.inference.v1.GenerateRequest;
import dev.cofferdam.proto.inference.v1.GenerateResponse;
import dev.cofferdam.proto.inference.v1.InferenceServiceGrpc;
import dev.cofferdam.proto.inference.v1.InferenceServiceGrpc.InferenceServiceBlockingStub;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Optional;

/** A client of the mesh's public gRPC port that takes the time of what comes. */
final class GatewayClient {
  private final InferenceServiceBlockingStub stub;

  /** A certificate and its key, as files. */
  record Identity(Path certificate, Path key) {}

  /**
   * Times of one request, in nanoseconds from the call.
   *
   * @param tokens output tokens
   * @param cachedTokens prompt tokens that were found in the cache, as the answer says
   */
  record Sample(String requestId, long firstToken, long end, int tokens, int cachedTokens) {
    double decodeTokensPerSecond() {
      return tokens < 2 ? Double.NaN : (tokens - 1) * 1e9 / (end - firstToken);
    }
  }

  GatewayClient(ManagedChannel channel, String apiKey) {
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + apiKey);
    stub =
        InferenceServiceGrpc.newBlockingStub(channel)
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  /** A connection; its owner shuts it down. */
  static ManagedChannel connect(String endpoint, Path ca, Optional<Identity> identity)
      throws IOException {
    int colon = endpoint.lastIndexOf(':');
    SslContextBuilder tls = GrpcSslContexts.forClient().trustManager(ca.toFile());
    identity.ifPresent(i -> tls.keyManager(i.certificate().toFile(), i.key().toFile()));
    return NettyChannelBuilder.forAddress(
            endpoint.substring(0, colon), Integer.parseInt(endpoint.substring(colon + 1)))
        .sslContext(tls.build())
        .build();
  }

  InferenceServiceBlockingStub stub() {
    return stub;
  }

  /** Runs a request to its end. An output without text has its first token at the end. */
  Sample generate(GenerateRequest request) {
    long start = System.nanoTime();
    Iterator<GenerateResponse> events = stub.generate(request);
    long first = 0;
    int tokens = 0;
    int cached = 0;
    String requestId = "";
    while (events.hasNext()) {
      GenerateResponse event = events.next();
      if (event.hasAccepted()) {
        requestId = event.getAccepted().getRequestId();
      }
      if (event.hasDelta() && first == 0) {
        first = System.nanoTime() - start;
      }
      if (event.hasFinished()) {
        tokens = event.getFinished().getUsage().getOutputTokens();
        cached = event.getFinished().getUsage().getCachedPromptTokens();
      }
    }
    long end = System.nanoTime() - start;
    return new Sample(requestId, first == 0 ? end : first, end, tokens, cached);
  }
}
