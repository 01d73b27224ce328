package dev.cofferdam.gateway.ingress.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.dispatch.Ending;
import dev.cofferdam.gateway.dispatch.Samples;
import dev.cofferdam.gateway.dispatch.grpc.FakeFleet;
import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.ingress.RawHttp2;
import dev.cofferdam.gateway.ingress.SampleGateway;
import dev.cofferdam.gateway.ingress.Untrusting;
import dev.cofferdam.mesh.MeshServer;
import dev.cofferdam.mesh.TestPki;
import dev.cofferdam.proto.inference.v1.GenerateRequest;
import dev.cofferdam.proto.inference.v1.GenerateResponse;
import dev.cofferdam.proto.inference.v1.InferenceServiceGrpc;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What clients of the gRPC API cannot do to the gateway. */
@Timeout(60)
class GrpcBoundsTest {
  @TempDir Path folder;
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private FakeFleet fleet;
  private SampleGateway gateway;
  private MeshServer server;
  private ManagedChannel channel;

  @BeforeEach
  void start() throws Exception {
    TestPki pki = new TestPki(folder);
    fleet = new FakeFleet(pki, Samples.tokens("Your parcel arrives on Monday."));
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
            .connectionIdleMsMax(1_000)
            .interceptor(new ReadDeadline(timer, 300))
            .connections(new GrpcConnections(gateway.connections))
            .interceptor(new IdentityInterceptor(gateway.authenticator(), gateway.intake))
            .service(endpoint::strict)
            .start();
    channel =
        NettyChannelBuilder.forAddress("localhost", server.port())
            .sslContext(GrpcSslContexts.forClient().trustManager(pki.trust().toFile()).build())
            .build();
  }

  @AfterEach
  void stop() throws Exception {
    channel.shutdownNow();
    server.close();
    gateway.close();
    fleet.close();
    timer.shutdownNow();
    assertThat(gateway.bugs).isEmpty();
  }

  /** A call of Generate; its status is told when it ends. */
  private ClientCall<GenerateRequest, GenerateResponse> call(
      CallOptions options, CompletableFuture<Status> ended) {
    ClientCall<GenerateRequest, GenerateResponse> call =
        channel.newCall(InferenceServiceGrpc.getGenerateMethod(), options);
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER),
        "Bearer " + SampleGateway.KEY);
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onClose(Status status, Metadata trailers) {
            ended.complete(status);
          }
        },
        headers);
    return call;
  }

  @Test
  void aCallWhoseRequestDoesNotComeIsEnded() throws Exception {
    CompletableFuture<Status> ended = new CompletableFuture<>();
    call(CallOptions.DEFAULT, ended).request(1);
    assertThat(ended.get(20, TimeUnit.SECONDS).getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
  }

  @Test
  void aMessageIsNotUnpackedBeyondItsBound() throws Exception {
    CompletableFuture<Status> ended = new CompletableFuture<>();
    ClientCall<GenerateRequest, GenerateResponse> call =
        call(CallOptions.DEFAULT.withCompression("gzip"), ended);
    call.setMessageCompression(true);
    call.request(1);
    call.sendMessage(GenerateRequest.newBuilder().setPrompt("a".repeat(64 << 20)).build());
    call.halfClose();
    assertThat(ended.get(20, TimeUnit.SECONDS).getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(fleet.placed).isEmpty();
  }

  @Test
  void aReaderThatStopsReadingHoldsBackItsWorkerAndIsCancelled() throws Exception {
    fleet.endless = true;
    CompletableFuture<Status> ended = new CompletableFuture<>();
    ClientCall<GenerateRequest, GenerateResponse> call = call(CallOptions.DEFAULT, ended);
    call.request(1);
    call.sendMessage(GenerateRequest.newBuilder().setPrompt("Where is it?").build());
    call.halfClose();
    Ending ending = gateway.endings.poll(30, TimeUnit.SECONDS);
    assertThat(ending).isNotNull();
    assertThat(ending.outcome()).isEqualTo(AuditFact.Outcome.CANCELLED);
    assertThat(fleet.cancelled.await(20, TimeUnit.SECONDS)).isTrue();
    call.cancel("seen enough", null);
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

  @Test
  void streamsThatAreResetAtOnceEndTheirConnection() throws Exception {
    try (RawHttp2 client = raw()) {
      try {
        for (int i = 0; i < 400; i++) {
          client.headers(
              2 * i + 1,
              0,
              ":method",
              "POST",
              ":scheme",
              "https",
              ":path",
              "/cofferdam.inference.v1.InferenceService/Generate",
              ":authority",
              "x",
              "content-type",
              "application/grpc",
              "te",
              "trailers");
          client.reset(2 * i + 1);
        }
        client.flush();
      } catch (IOException e) {
        // Already gone.
      }
      // ENHANCE_YOUR_CALM, unless the connection's end overtakes it.
      client.await(RawHttp2.GOAWAY).ifPresent(frame -> assertThat(frame.number(4)).isEqualTo(11));
      assertThat(client.await(RawHttp2.GOAWAY)).isEmpty();
    }
  }

  @Test
  void aConnectionWithoutCallsIsToldToGoAway() throws Exception {
    try (RawHttp2 client = raw()) {
      assertThat(client.await(RawHttp2.GOAWAY)).isPresent();
    }
  }
}
