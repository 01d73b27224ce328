package dev.cofferdam.gateway.ingress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.ingress.grpc.GrpcHarness;
import dev.cofferdam.gateway.ingress.rest.RestHarness;
import dev.cofferdam.gateway.ingress.rest.RestSettings;
import dev.cofferdam.mesh.TcpProxy;
import dev.cofferdam.vocabulary.ConnectionLimits;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Connections whose network falls silent: nothing comes any more, and nobody says so. What frees
 * them is the gateway's own time, which the test does not wait for but by asking whether they are
 * gone.
 */
@Timeout(60)
class SilentNetworkTest {
  private static final int LONG_MS = 60_000;
  private static final RestSettings PATIENT =
      new RestSettings(4_096, LONG_MS, LONG_MS, LONG_MS, 20, 50, LONG_MS);

  /** Half a second between requests. */
  private static final RestSettings IDLE_SHORT =
      new RestSettings(4_096, LONG_MS, 500, LONG_MS, 20, 50, LONG_MS);

  @TempDir Path folder;

  private static void awaitHeld(SampleGateway gateway, int connections)
      throws InterruptedException {
    while (gateway.connections.held() != connections) {
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }

  /** A question after one second of silence, ten seconds for its answer. */
  @Test
  void clientsOfHttp2AndGrpcAreCutOffWhenTheyDoNotAnswer() throws Exception {
    try (RestHarness rest =
            new RestHarness(Files.createDirectory(folder.resolve("rest")), PATIENT, LONG_MS, true);
        GrpcHarness grpc =
            new GrpcHarness(
                Files.createDirectory(folder.resolve("grpc")), "Hello.", LONG_MS, s -> s);
        TcpProxy toRest = new TcpProxy(rest.port());
        TcpProxy toGrpc = new TcpProxy(grpc.port());
        RawHttp2 http2 = new RawHttp2(Untrusting.connect(toRest.port(), "h2"));
        RawHttp2 caller = new RawHttp2(Untrusting.connect(toGrpc.port(), "h2"))) {
      rest.gateway.connectionLimits = new ConnectionLimits(2, 1, 0);
      grpc.gateway.connectionLimits = new ConnectionLimits(2, 1, 0);
      RestHarness.getModels(http2);
      GrpcHarness.listModels(caller);
      awaitHeld(rest.gateway, 1);
      awaitHeld(grpc.gateway, 1);
      toRest.silence();
      toGrpc.silence();
      awaitHeld(rest.gateway, 0);
      awaitHeld(grpc.gateway, 0);
    }
  }

  @Test
  void aStreamOfHttp1EndsOnceNothingMoreIsTaken() throws Exception {
    try (RestHarness rest = new RestHarness(folder, PATIENT, 500, true);
        TcpProxy proxy = new TcpProxy(rest.port());
        Socket client = Untrusting.connect(proxy.port(), "http/1.1")) {
      rest.fleet.endless = true;
      String body = "{\"model\":\"support-desk\",\"stream\":true,\"prompt\":\"Where is it?\"}";
      send(client, "POST /v1/completions", body);
      assertThat(lines(client).readLine()).isEqualTo("HTTP/1.1 200 OK");
      proxy.silence();
      var ending = rest.gateway.endings.poll(30, TimeUnit.SECONDS);
      assertThat(ending).isNotNull();
      assertThat(ending.outcome()).isEqualTo(AuditFact.Outcome.CANCELLED);
      assertThat(rest.fleet.cancelled.await(20, TimeUnit.SECONDS)).isTrue();
      awaitHeld(rest.gateway, 0);
    }
  }

  @Test
  void aConnectionOfHttp1BetweenRequestsEndsWithItsIdleTime() throws Exception {
    try (RestHarness rest = new RestHarness(folder, IDLE_SHORT, LONG_MS, true);
        TcpProxy proxy = new TcpProxy(rest.port());
        Socket client = Untrusting.connect(proxy.port(), "http/1.1")) {
      send(client, "GET /v1/models", "");
      assertThat(lines(client).readLine()).isEqualTo("HTTP/1.1 200 OK");
      proxy.silence();
      awaitHeld(rest.gateway, 0);
    }
  }

  private static void send(Socket client, String line, String body) throws Exception {
    String request =
        line
            + " HTTP/1.1\r\nhost: x\r\nauthorization: Bearer "
            + SampleGateway.KEY
            + "\r\ncontent-length: "
            + body.length()
            + "\r\n\r\n"
            + body;
    client.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
  }

  private static BufferedReader lines(Socket client) throws Exception {
    return new BufferedReader(
        new InputStreamReader(client.getInputStream(), StandardCharsets.UTF_8));
  }
}
