package dev.cofferdam.gateway.ingress.grpc;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.gateway.dispatch.grpc.FakeFleet;
import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.ingress.RawHttp2;
import dev.cofferdam.gateway.ingress.SampleGateway;
import dev.cofferdam.proto.inference.v1.GenerateRequest;
import dev.cofferdam.proto.inference.v1.InferenceServiceGrpc;
import dev.cofferdam.proto.inference.v1.ListModelsRequest;
import dev.cofferdam.vocabulary.ConnectionLimits;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.wire.Statuses;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
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
  private GrpcHarness harness;
  private FakeFleet fleet;
  private SampleGateway gateway;

  @BeforeEach
  void start() throws Exception {
    harness = new GrpcHarness(folder, "Your parcel arrives on Monday.", 500, server -> server);
    fleet = harness.fleet;
    gateway = harness.gateway;
  }

  @AfterEach
  void stop() throws Exception {
    harness.close();
  }

  /** A client on a connection of its own. */
  private InferenceServiceGrpc.InferenceServiceBlockingStub client() throws Exception {
    return GrpcHarness.client(harness.channel());
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
    harness.channels.getFirst().shutdownNow();
    awaitHeld(1);
    list(client());
  }

  @Test
  void aConnectionThatEndsBeforeItsHandshakeLeavesNothingThatTheServerWaitsForAtItsEnd()
      throws Exception {
    for (int i = 0; i < 3; i++) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), harness.server.port())) {
        socket.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(US_ASCII));
        while (socket.getInputStream().read() >= 0) {}
      }
    }
    harness.server.stop(TimeUnit.MINUTES.toMillis(10));
  }

  @Test
  void aConnectionTooManyIsToldToGoAway() throws Exception {
    gateway.connectionLimits = new ConnectionLimits(1, 60, 0);
    list(client());
    try (RawHttp2 client = harness.raw()) {
      GrpcHarness.listModels(client);
      assertThat(client.await(RawHttp2.GOAWAY)).isPresent();
    }
    awaitHeld(1);
  }

  @Test
  void aSilentClientIsAskedWhetherItIsThere() throws Exception {
    gateway.connectionLimits = new ConnectionLimits(1, 1, 0);
    try (RawHttp2 client = harness.raw()) {
      GrpcHarness.listModels(client);
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
