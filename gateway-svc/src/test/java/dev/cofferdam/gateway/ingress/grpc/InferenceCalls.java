package dev.cofferdam.gateway.ingress.grpc;

import dev.cofferdam.gateway.dispatch.grpc.FakeFleet;
import dev.cofferdam.gateway.ingress.SampleGateway;
import dev.cofferdam.mesh.TestPki;
import dev.cofferdam.proto.inference.v1.Chat;
import dev.cofferdam.proto.inference.v1.ChatMessage;
import dev.cofferdam.proto.inference.v1.GenerateRequest;
import dev.cofferdam.proto.inference.v1.GenerateResponse;
import dev.cofferdam.proto.inference.v1.InferenceServiceGrpc;
import dev.cofferdam.proto.inference.v1.SamplingParameters;
import io.grpc.ManagedChannel;
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

  ManagedChannel channel;

  TestPki pki;

  private GrpcHarness harness;

  @BeforeEach
  void start() throws Exception {
    harness = new GrpcHarness(folder, ANSWER, 60_000, server -> server);
    fleet = harness.fleet;
    gateway = harness.gateway;
    pki = harness.pki;
    channel = harness.channel();
  }

  @AfterEach
  void stop() throws Exception {
    harness.close();
  }

  InferenceServiceGrpc.InferenceServiceBlockingStub client() {
    return GrpcHarness.client(channel);
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
