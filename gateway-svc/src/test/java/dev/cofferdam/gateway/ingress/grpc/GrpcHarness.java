package dev.cofferdam.gateway.ingress.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.dispatch.Samples;
import dev.cofferdam.gateway.dispatch.grpc.FakeFleet;
import dev.cofferdam.gateway.ingress.RawHttp2;
import dev.cofferdam.gateway.ingress.SampleGateway;
import dev.cofferdam.gateway.ingress.Untrusting;
import dev.cofferdam.mesh.EventLoops;
import dev.cofferdam.mesh.MeshServer;
import dev.cofferdam.mesh.TestPki;
import dev.cofferdam.proto.inference.v1.InferenceServiceGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;

/** The gRPC API over TLS, with a router and workers behind it over mTLS. */
public final class GrpcHarness implements AutoCloseable {
  public final FakeFleet fleet;
  public final SampleGateway gateway;
  final MeshServer server;
  private final EventLoops loops = EventLoops.start();
  final TestPki pki;
  final List<ManagedChannel> channels = new ArrayList<>();

  /**
   * @param folder for the certificates
   * @param answer what the workers answer
   * @param stallMsMax milliseconds for which a client may not read
   * @param more what else the server has
   */
  public GrpcHarness(
      Path folder, String answer, long stallMsMax, UnaryOperator<MeshServer.Builder> more)
      throws Exception {
    pki = new TestPki(folder);
    int[] words = Samples.tokens(answer);
    int[] script = Arrays.copyOf(words, words.length + 1);
    script[words.length] = Samples.EOT;
    fleet = new FakeFleet(pki, script);
    gateway =
        new SampleGateway(
            pki.identity("gateway", "spiffe://cofferdam.local/service/gateway"),
            List.of("127.0.0.1:1", fleet.router()),
            stallMsMax);
    InferenceEndpoint endpoint =
        new InferenceEndpoint(gateway.intake, gateway.dispatcher, gateway.executor, gateway.bodies);
    server =
        more.apply(
                MeshServer.builder(
                        "cofferdam.local",
                        pki.identity("edge", "spiffe://cofferdam.local/service/gateway"))
                    .clientCertificateOptional())
            .loops(loops, InferenceEndpoint::isShort)
            .connections(new GrpcConnections(gateway.connections))
            .interceptor(new IdentityInterceptor(gateway.authenticator(), gateway.intake))
            .service(endpoint::strict)
            .start();
  }

  @Override
  public void close() throws Exception {
    channels.forEach(ManagedChannel::shutdownNow);
    server.close();
    loops.close();
    gateway.close();
    fleet.close();
    assertThat(gateway.bugs).isEmpty();
  }

  /** The port of the server. */
  public int port() {
    return server.port();
  }

  /** A connection of its own, without credentials. */
  ManagedChannel channel() throws Exception {
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("localhost", server.port())
            .sslContext(GrpcSslContexts.forClient().trustManager(pki.trust().toFile()).build())
            .maxInboundMessageSize(32 << 20)
            .build();
    channels.add(channel);
    return channel;
  }

  /** Headers with the key. */
  static Metadata headers() {
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER),
        "Bearer " + SampleGateway.KEY);
    return headers;
  }

  /** A client with the key. */
  static InferenceServiceGrpc.InferenceServiceBlockingStub client(ManagedChannel channel) {
    return InferenceServiceGrpc.newBlockingStub(channel)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers()));
  }

  /** A connection that says what it likes. */
  RawHttp2 raw() throws Exception {
    return new RawHttp2(Untrusting.connect(server.port(), "h2"));
  }

  /** Asks for the models with the key. */
  public static void listModels(RawHttp2 client) throws IOException {
    client.headers(
        1,
        0,
        ":method",
        "POST",
        ":scheme",
        "https",
        ":path",
        "/cofferdam.inference.v1.InferenceService/ListModels",
        ":authority",
        "x",
        "content-type",
        "application/grpc",
        "te",
        "trailers",
        "authorization",
        "Bearer " + SampleGateway.KEY);
    client.send(RawHttp2.DATA, RawHttp2.END_STREAM, 1, new byte[5]);
    client.flush();
  }
}
