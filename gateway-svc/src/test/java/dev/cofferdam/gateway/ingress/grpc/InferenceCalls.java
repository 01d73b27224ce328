package dev.cofferdam.gateway.ingress.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.dispatch.Samples;
import dev.cofferdam.gateway.dispatch.grpc.FakeFleet;
import dev.cofferdam.gateway.ingress.SampleGateway;
import dev.cofferdam.mesh.MeshServer;
import dev.cofferdam.mesh.TestPki;
import dev.cofferdam.proto.inference.v1.Chat;
import dev.cofferdam.proto.inference.v1.ChatMessage;
import dev.cofferdam.proto.inference.v1.GenerateRequest;
import dev.cofferdam.proto.inference.v1.GenerateResponse;
import dev.cofferdam.proto.inference.v1.InferenceServiceGrpc;
import dev.cofferdam.proto.inference.v1.SamplingParameters;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A client, the gateway, a router and two workers over real mTLS. */
abstract class InferenceCalls {
  static final String ANSWER = "Your parcel arrives on Monday. Is there anything else?";

  @TempDir Path folder;

  FakeFleet fleet;

  SampleGateway gateway;

  MeshServer server;

  ManagedChannel channel;

  TestPki pki;

  @BeforeEach
  void start() throws Exception {
    pki = new TestPki(folder);
    int[] words = Samples.tokens(ANSWER);
    int[] script = java.util.Arrays.copyOf(words, words.length + 1);
    script[words.length] = Samples.EOT;
    fleet = new FakeFleet(pki, script);
    gateway =
        new SampleGateway(
            pki.identity("gateway", "spiffe://cofferdam.local/service/gateway"),
            List.of("127.0.0.1:1", fleet.router()));
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
    channel =
        NettyChannelBuilder.forAddress("localhost", server.port())
            .sslContext(GrpcSslContexts.forClient().trustManager(pki.trust().toFile()).build())
            .maxInboundMessageSize(32 << 20)
            .build();
  }

  @AfterEach
  void stop() throws Exception {
    channel.shutdownNow();
    server.close();
    gateway.close();
    fleet.close();
    assertThat(gateway.bugs).isEmpty();
  }

  InferenceServiceGrpc.InferenceServiceBlockingStub client() {
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER),
        "Bearer " + SampleGateway.KEY);
    return InferenceServiceGrpc.newBlockingStub(channel)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  static GenerateRequest.Builder ask() {
    return GenerateRequest.newBuilder()
        .setChat(
            Chat.newBuilder()
                .addMessages(
                    ChatMessage.newBuilder()
                        .setRole("user")
                        .setContent("Where is my parcel with the long canary-4711 number?")))
        .setSampling(SamplingParameters.newBuilder().setTemperature(0).setMaxOutputTokens(200));
  }

  record Answer(List<GenerateResponse> events) {
    String text() {
      StringBuilder text = new StringBuilder();
      events.forEach(e -> text.append(e.getDelta().getText()));
      return text.toString();
    }

    GenerateResponse last() {
      return events.getLast();
    }
  }

  Answer generate(GenerateRequest request) {
    List<GenerateResponse> events = new ArrayList<>();
    client().generate(request).forEachRemaining(events::add);
    return new Answer(events);
  }
}
