package dev.cofferdam.gateway.ingress.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.gateway.dispatch.Samples;
import dev.cofferdam.gateway.dispatch.grpc.FakeFleet;
import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.ingress.RawHttp2;
import dev.cofferdam.gateway.ingress.SampleGateway;
import dev.cofferdam.gateway.ingress.Untrusting;
import dev.cofferdam.mesh.MeshServer;
import dev.cofferdam.mesh.TestPki;
import dev.cofferdam.proto.inference.v1.GenerateRequest;
import dev.cofferdam.proto.inference.v1.InferenceServiceGrpc;
import dev.cofferdam.proto.inference.v1.ListModelsRequest;
import dev.cofferdam.vocabulary.ConnectionLimits;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.wire.Statuses;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a tenant's clients may have of the gRPC API's network, and which credentials go together.
 */
@Timeout(60)
class TenantConnectionsOverGrpcTest {
  private static final int PING = 6;

  @TempDir Path folder;
  private final List<ManagedChannel> channels = new ArrayList<>();
  private TestPki pki;
  private FakeFleet fleet;
  private SampleGateway gateway;
  private MeshServer server;

  @BeforeEach
  void start() throws Exception {
    pki = new TestPki(folder);
    int[] words = Samples.tokens("Your parcel arrives on Monday.");
    int[] script = java.util.Arrays.copyOf(words, words.length + 1);
    script[words.length] = Samples.EOT;
    fleet = new FakeFleet(pki, script);
    gateway =
        new SampleGateway(
            pki.identity("gateway", "spiffe://cofferdam.local/service/gateway"),
            List.of(fleet.router()),
            500);
    InferenceEndpoint endpoint =
        new InferenceEndpoint(gateway.intake, gateway.dispatcher, gateway.executor);
    server =
        MeshServer.builder(
                "cofferdam.local", pki.identity("edge", "spiffe://cofferdam.local/service/gateway"))
            .clientCertificateOptional()
            .connections(new GrpcConnections(gateway.connections))
            .interceptor(new IdentityInterceptor(gateway.authenticator(), gateway.intake))
            .service(endpoint::strict)
            .start();
  }

  @AfterEach
  void stop() throws Exception {
    channels.forEach(ManagedChannel::shutdownNow);
    server.close();
    gateway.close();
    fleet.close();
    assertThat(gateway.bugs).isEmpty();
  }

  /** A client on a connection of its own. */
  private InferenceServiceGrpc.InferenceServiceBlockingStub client() throws Exception {
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("localhost", server.port())
            .sslContext(GrpcSslContexts.forClient().trustManager(pki.trust().toFile()).build())
            .build();
    channels.add(channel);
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER),
        "Bearer " + SampleGateway.KEY);
    return InferenceServiceGrpc.newBlockingStub(channel)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  private static void list(InferenceServiceGrpc.InferenceServiceBlockingStub client) {
    assertThat(client.listModels(ListModelsRequest.getDefaultInstance()).getModelsCount())
        .isPositive();
  }

  private static Refusal refused(InferenceServiceGrpc.InferenceServiceBlockingStub client) {
    try {
      list(client);
      throw new AssertionError("it was served");
    } catch (StatusRuntimeException e) {
      return Statuses.toRefusal(e);
    }
  }

  private void awaitHeld(int connections) throws InterruptedException {
    while (gateway.connections.held() != connections) {
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }

  @Test
  void aConnectionTooManyIsRefusedWithDetailsUntilAnotherEnds() throws Exception {
    gateway.connectionLimits = new ConnectionLimits(2, 60, 0);
    list(client());
    list(client());
    Refusal refusal = refused(client());
    assertThat(refusal.code()).isEqualTo(ErrorCode.CONNECTION_LIMIT);
    assertThat(refusal.metadata()).containsEntry("limit", "connections");
    assertThat(gateway.facts.last().operation()).isEqualTo("connect");
    channels.getFirst().shutdownNow();
    awaitHeld(1);
    list(client());
  }

  private RawHttp2 raw() throws Exception {
    SSLSocket socket = (SSLSocket) Untrusting.socketFactory().createSocket();
    socket.setSoTimeout(20_000);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setApplicationProtocols(new String[] {"h2"});
    socket.setSSLParameters(parameters);
    socket.connect(new InetSocketAddress("127.0.0.1", server.port()));
    socket.startHandshake();
    return new RawHttp2(socket);
  }

  private static void call(RawHttp2 client) throws IOException {
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

  @Test
  void aConnectionTooManyIsToldToGoAway() throws Exception {
    gateway.connectionLimits = new ConnectionLimits(1, 60, 0);
    list(client());
    try (RawHttp2 client = raw()) {
      call(client);
      assertThat(client.await(RawHttp2.GOAWAY)).isPresent();
    }
    awaitHeld(1);
  }

  @Test
  void aSilentClientIsAskedWhetherItIsThere() throws Exception {
    gateway.connectionLimits = new ConnectionLimits(1, 1, 0);
    try (RawHttp2 client = raw()) {
      call(client);
      Optional<RawHttp2.Frame> ping = client.await(PING);
      while (ping.isPresent() && ping.get().number(4) != 0xDEAD) {
        ping = client.await(PING);
      }
      assertThat(ping).isPresent();
    }
  }

  @Test
  void aStreamPastItsPaceHoldsBackItsWorker() throws Exception {
    gateway.connectionLimits = new ConnectionLimits(1, 60, 1);
    fleet.endless = true;
    assertThatThrownBy(
            () ->
                client()
                    .generate(GenerateRequest.newBuilder().setPrompt("Where is it?").build())
                    .forEachRemaining(answer -> {}))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.CANCELLED));
    var ending = gateway.endings.poll(30, TimeUnit.SECONDS);
    assertThat(ending).isNotNull();
    assertThat(ending.outcome()).isEqualTo(AuditFact.Outcome.CANCELLED);
    assertThat(fleet.cancelled.await(20, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aStreamThatHasWaitedGoesOn() throws Exception {
    gateway.connectionLimits = new ConnectionLimits(1, 60, 20_000);
    StringBuilder answer = new StringBuilder();
    client()
        .generate(GenerateRequest.newBuilder().setPrompt("Where is it?").build())
        .forEachRemaining(event -> answer.append(event.getDelta().getText()));
    assertThat(answer).hasToString("Your parcel arrives on Monday.");
  }
}
