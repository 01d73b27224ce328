package dev.cofferdam.gateway.ingress.rest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.ingress.RawHttp2;
import dev.cofferdam.gateway.ingress.SampleGateway;
import dev.cofferdam.gateway.ingress.Untrusting;
import dev.cofferdam.vocabulary.ConnectionLimits;
import dev.cofferdam.vocabulary.TenantId;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a tenant's clients may have of the REST edge's network. */
@Timeout(60)
class TenantConnectionsOverRestTest {
  private static final TenantId TENANT = new TenantId("harbor-books");
  private static final int PING = 6;
  private static final int LONG_MS = 60_000;
  private static final String CHAT =
      "{\"model\":\"support-desk\",\"stream\":true,\"messages\":"
          + "[{\"role\":\"user\",\"content\":\"Where is it?\"}]}";

  @TempDir Path folder;
  private RestHarness rest;

  @BeforeEach
  void start() throws Exception {
    RestSettings patient = new RestSettings(4_096, LONG_MS, LONG_MS, LONG_MS, 20, 50, LONG_MS);
    rest = new RestHarness(folder, patient, 500, true);
  }

  @AfterEach
  void stop() throws Exception {
    rest.close();
  }

  /** A client that keeps its connection, answer after answer. */
  private final class Client implements AutoCloseable {
    private final Socket socket;
    private final BufferedReader in;

    Client() throws Exception {
      this.socket = Untrusting.connect(rest.port(), "http/1.1");
      this.in =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
    }

    String get(String key) throws IOException {
      return ask("GET /v1/models", key, "");
    }

    /** The status and the body of an answer of known length. */
    String ask(String line, String key, String body) throws IOException {
      send(line, key, body);
      String status = in.readLine().split(" ")[1];
      int length = 0;
      for (String head = in.readLine(); !head.isEmpty(); head = in.readLine()) {
        if (head.startsWith("content-length: ")) {
          length = Integer.parseInt(head.substring("content-length: ".length()));
        }
      }
      char[] text = new char[length];
      for (int at = 0; at < length; ) {
        at += in.read(text, at, length - at);
      }
      return status + " " + new String(text);
    }

    void send(String line, String key, String body) throws IOException {
      String request =
          line
              + " HTTP/1.1\r\nhost: x\r\nauthorization: Bearer "
              + key
              + "\r\ncontent-length: "
              + body.length()
              + "\r\n\r\n"
              + body;
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
    }

    boolean ended() throws IOException {
      return in.readLine() == null;
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  private void awaitHeld(int connections) throws InterruptedException {
    while (rest.gateway.connections.held(TENANT) != connections) {
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }

  @Test
  void aConnectionTooManyIsAnsweredWith429AndClosedUntilAnotherEnds() throws Exception {
    rest.gateway.connectionLimits = new ConnectionLimits(2, 60, 0);
    try (Client first = new Client();
        Client second = new Client();
        Client third = new Client()) {
      assertThat(first.get(SampleGateway.KEY)).startsWith("200 ");
      assertThat(second.get(SampleGateway.KEY)).startsWith("200 ");
      assertThat(third.ask("POST /v1/chat/completions", SampleGateway.KEY, CHAT))
          .startsWith("429 ")
          .contains("connection_limit");
      assertThat(third.ended()).isTrue();
      assertThat(first.get(SampleGateway.KEY)).startsWith("200 ");
      AuditFact fact = rest.gateway.facts.last();
      assertThat(fact.operation()).isEqualTo("connect");
      first.close();
      awaitHeld(1);
      try (Client fourth = new Client()) {
        assertThat(fourth.get(SampleGateway.KEY)).startsWith("200 ");
      }
    }
    awaitHeld(0);
    assertThat(rest.gateway.endings).isEmpty();
  }

  @Test
  void aStrangersConnectionsAreNobodys() throws Exception {
    rest.gateway.connectionLimits = new ConnectionLimits(1, 60, 0);
    try (Client stranger = new Client();
        Client client = new Client()) {
      assertThat(stranger.get("cdm_unknown")).startsWith("401 ");
      assertThat(client.get(SampleGateway.KEY)).startsWith("200 ");
      assertThat(rest.gateway.connections.held()).isEqualTo(1);
    }
  }

  @Test
  void aConnectionThatIsAnotherTenantsTooStaysOpen() throws Exception {
    rest.gateway.connectionLimits = new ConnectionLimits(1, 60, 0);
    try (Client own = new Client();
        Client shared = new Client()) {
      assertThat(own.get(SampleGateway.KEY)).startsWith("200 ");
      assertThat(shared.get(SampleGateway.NEIGHBOUR_KEY)).startsWith("200 ");
      assertThat(shared.get(SampleGateway.KEY)).startsWith("429 ");
      assertThat(shared.get(SampleGateway.NEIGHBOUR_KEY)).startsWith("200 ");
    }
  }

  @Test
  void aConnectionOfHttp2TooManyIsAnsweredAndToldToGoAway() throws Exception {
    rest.gateway.connectionLimits = new ConnectionLimits(1, 60, 0);
    try (Client own = new Client();
        RawHttp2 second = new RawHttp2(Untrusting.connect(rest.port(), "h2"))) {
      assertThat(own.get(SampleGateway.KEY)).startsWith("200 ");
      RestHarness.getModels(second);
      boolean told = false;
      StringBuilder answer = new StringBuilder();
      for (Optional<RawHttp2.Frame> frame = second.read();
          frame.isPresent();
          frame = second.read()) {
        told |= frame.get().type() == RawHttp2.GOAWAY;
        if (frame.get().type() == RawHttp2.DATA) {
          answer.append(new String(frame.get().payload(), StandardCharsets.UTF_8));
        }
      }
      assertThat(told).isTrue();
      assertThat(answer).contains("connection_limit");
    }
  }

  @Test
  void aSilentClientOfHttp2IsAskedWhetherItIsThere() throws Exception {
    rest.gateway.connectionLimits = new ConnectionLimits(1, 1, 0);
    try (RawHttp2 client = new RawHttp2(Untrusting.connect(rest.port(), "h2"))) {
      RestHarness.getModels(client);
      assertThat(client.await(PING)).isPresent();
    }
  }

  @Test
  void aStreamPastItsPaceHoldsBackItsWorkerAndIsToldWhyItEnds() throws Exception {
    rest.gateway.connectionLimits = new ConnectionLimits(1, 60, 1);
    rest.fleet.endless = true;
    try (Client client = new Client()) {
      client.send("POST /v1/chat/completions", SampleGateway.KEY, CHAT);
      // Its reader reads all that comes; the pace alone makes it wait.
      String last = "";
      while (!last.startsWith("data: {\"error\"")) {
        last = client.in.readLine();
        assertThat(last).as("a line before the error").isNotNull();
      }
    }
    var ending = rest.gateway.endings.poll(30, TimeUnit.SECONDS);
    assertThat(ending).isNotNull();
    assertThat(ending.outcome()).isEqualTo(AuditFact.Outcome.CANCELLED);
    assertThat(rest.fleet.cancelled.await(20, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aStreamThatHasWaitedGoesOn() throws Exception {
    rest.gateway.connectionLimits = new ConnectionLimits(1, 60, 100_000);
    try (Client client = new Client()) {
      client.send("POST /v1/chat/completions", SampleGateway.KEY, CHAT);
      String last = "";
      while (!last.equals("data: [DONE]")) {
        last = client.in.readLine();
      }
    }
  }
}
