package dev.cofferdam.gateway.ingress.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.dispatch.Ending;
import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.ingress.RawHttp2;
import dev.cofferdam.proto.inference.v1.GenerateRequest;
import dev.cofferdam.proto.inference.v1.GenerateResponse;
import dev.cofferdam.proto.inference.v1.InferenceServiceGrpc;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
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
  private GrpcHarness harness;

  @BeforeEach
  void start() throws Exception {
    harness =
        new GrpcHarness(
            folder,
            "Your parcel arrives on Monday.",
            500,
            server -> server.connectionIdleMsMax(1_000).interceptor(new ReadDeadline(timer, 300)));
  }

  @AfterEach
  void stop() throws Exception {
    harness.close();
    timer.shutdownNow();
  }

  /** A call of Generate; its status is told when it ends. */
  private ClientCall<GenerateRequest, GenerateResponse> call(
      CallOptions options, CompletableFuture<Status> ended) throws Exception {
    ClientCall<GenerateRequest, GenerateResponse> call =
        harness.channel().newCall(InferenceServiceGrpc.getGenerateMethod(), options);
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onClose(Status status, Metadata trailers) {
            ended.complete(status);
          }
        },
        GrpcHarness.headers());
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
    call.sendMessage(GenerateRequest.newBuilder().setPrompt("a".repeat(8 << 20)).build());
    call.halfClose();
    assertThat(ended.get(20, TimeUnit.SECONDS).getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(harness.fleet.placed).isEmpty();
  }

  @Test
  void aReaderThatStopsReadingHoldsBackItsWorkerAndIsCancelled() throws Exception {
    harness.fleet.endless = true;
    CompletableFuture<Status> ended = new CompletableFuture<>();
    ClientCall<GenerateRequest, GenerateResponse> call = call(CallOptions.DEFAULT, ended);
    call.request(1);
    call.sendMessage(GenerateRequest.newBuilder().setPrompt("Where is it?").build());
    call.halfClose();
    Ending ending = harness.gateway.endings.poll(30, TimeUnit.SECONDS);
    assertThat(ending).isNotNull();
    assertThat(ending.outcome()).isEqualTo(AuditFact.Outcome.CANCELLED);
    assertThat(harness.fleet.cancelled.await(20, TimeUnit.SECONDS)).isTrue();
    call.cancel("seen enough", null);
  }

  @Test
  void streamsThatAreResetAtOnceEndTheirConnection() throws Exception {
    try (RawHttp2 client = harness.raw()) {
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
    try (RawHttp2 client = harness.raw()) {
      assertThat(client.await(RawHttp2.GOAWAY)).isPresent();
    }
  }
}
