package dev.cofferdam.gateway.ingress.rest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.ingress.RawHttp2;
import dev.cofferdam.gateway.ingress.SampleGateway;
import dev.cofferdam.gateway.ingress.Untrusting;
import dev.cofferdam.vocabulary.ErrorCode;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What clients cannot do to the server, over raw sockets, and how it ends. */
@Timeout(60)
class RestServerTest {
  private static final RestSettings SHORT = new RestSettings(4_096, 1_000, 600, 600, 20, 50, 100);

  /** For tests whose clients are not slow, however busy the machine is. */
  private static final RestSettings PATIENT =
      new RestSettings(4_096, 60_000, 60_000, 60_000, 20, 50, 100);

  private static final String CHAT =
      "{\"model\":\"support-desk\",\"stream\":true,\"messages\":"
          + "[{\"role\":\"user\",\"content\":\"Where is it?\"}]}";

  @TempDir Path folder;
  private RestHarness rest;

  private void start(RestSettings settings) throws Exception {
    rest = new RestHarness(folder, settings, 500, true);
  }

  @AfterEach
  void stop() throws Exception {
    rest.close();
  }

  private Socket connect() throws Exception {
    return connect("http/1.1");
  }

  private Socket connect(String protocol) throws Exception {
    return Untrusting.connect(rest.port(), protocol, 4_096);
  }

  private static void send(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    socket.getOutputStream().flush();
  }

  private static String head(String method, String path, String... headers) {
    return method
        + " "
        + path
        + " HTTP/1.1\r\nhost: x\r\nauthorization: Bearer "
        + SampleGateway.KEY
        + "\r\n"
        + String.join("", headers)
        + "\r\n";
  }

  /** All that comes until the server closes. */
  private static String all(Socket socket) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    try {
      socket.getInputStream().transferTo(all);
    } catch (IOException e) {
      // The server closed while there was still something to be read by it.
    }
    return all.toString(StandardCharsets.UTF_8);
  }

  private static BufferedReader lines(Socket socket) throws IOException {
    return new BufferedReader(
        new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
  }

  @Test
  void aHeadThatComesByteByByteLosesItsConnection() throws Exception {
    start(SHORT);
    try (Socket socket = connect()) {
      send(socket, "GET /v1/models HTTP/1.1\r\nx-slow: ");
      boolean open = true;
      while (open) {
        try {
          send(socket, "a");
          TimeUnit.MILLISECONDS.sleep(20);
        } catch (IOException e) {
          open = false;
        }
      }
      assertThat(all(socket)).isEmpty();
    }
  }

  @Test
  void aConnectionThatSaysNothingOrNoMoreIsClosed() throws Exception {
    start(SHORT);
    try (Socket silent = connect()) {
      assertThat(all(silent)).isEmpty();
    }
    try (Socket served = connect()) {
      send(served, head("GET", "/v1/models"));
      assertThat(all(served)).startsWith("HTTP/1.1 200 OK");
    }
  }

  @Test
  void aBodyThatDoesNotComeIsAnsweredWith408() throws Exception {
    start(SHORT);
    try (Socket socket = connect()) {
      send(socket, head("POST", "/v1/chat/completions", "content-length: 100\r\n") + "{\"mod");
      assertThat(all(socket)).startsWith("HTTP/1.1 408 ");
    }
    assertThat(rest.gateway.endings).isEmpty();
  }

  @Test
  void aBodyOfAStrangerThatNeverEndsLosesItsConnection() throws Exception {
    start(SHORT);
    try (Socket socket = connect()) {
      send(
          socket,
          "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
      boolean open = true;
      while (open) {
        try {
          send(socket, "1\r\na\r\n");
          TimeUnit.MILLISECONDS.sleep(20);
        } catch (IOException e) {
          open = false;
        }
      }
    }
  }

  @Test
  void headsThatAreTooLargeAreAnsweredWith431And414() throws Exception {
    start(PATIENT);
    try (Socket headers = connect();
        Socket line = connect()) {
      send(headers, head("GET", "/v1/models", "x-large: " + "a".repeat(8_000) + "\r\n"));
      assertThat(all(headers)).startsWith("HTTP/1.1 431 ");
      send(line, head("GET", "/v1/" + "a".repeat(8_000)));
      assertThat(all(line)).matches("(?s)HTTP/1.[01] 414 .*");
    }
  }

  @Test
  void aCompressedBodyIsNotUnpacked() throws Exception {
    start(SHORT);
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(new byte[100 << 20]);
    }
    String length = "content-length: " + packed.size() + "\r\n";
    try (Socket socket = connect()) {
      send(socket, head("POST", "/v1/chat/completions", length, "content-encoding: gzip\r\n"));
      socket.getOutputStream().write(packed.toByteArray());
      assertThat(all(socket)).startsWith("HTTP/1.1 400 ").contains("content-encoding");
    }
  }

  private RawHttp2 http2() throws Exception {
    return new RawHttp2(connect("h2"));
  }

  private static void get(RawHttp2 client, int stream) throws IOException {
    client.headers(
        stream,
        RawHttp2.END_STREAM,
        ":method",
        "GET",
        ":scheme",
        "https",
        ":path",
        "/v1/models",
        ":authority",
        "x");
  }

  @Test
  void streamsThatAreResetAtOnceEndTheirConnection() throws Exception {
    start(SHORT);
    try (RawHttp2 client = http2()) {
      try {
        for (int i = 0; i < 200; i++) {
          get(client, 2 * i + 1);
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
    try (Socket socket = connect()) {
      send(socket, head("GET", "/v1/models"));
      assertThat(all(socket)).startsWith("HTTP/1.1 200 OK");
    }
  }

  @Test
  void streamsBeyondTheBoundAreRefused() throws Exception {
    start(PATIENT);
    rest.fleet.silent = true;
    try (RawHttp2 client = http2()) {
      byte[] body = CHAT.getBytes(StandardCharsets.US_ASCII);
      for (int i = 0; i <= SHORT.streamsMax(); i++) {
        client.headers(
            2 * i + 1,
            0,
            ":method",
            "POST",
            ":scheme",
            "https",
            ":path",
            "/v1/chat/completions",
            ":authority",
            "x",
            "authorization",
            "Bearer " + SampleGateway.KEY);
        client.send(RawHttp2.DATA, RawHttp2.END_STREAM, 2 * i + 1, body);
      }
      client.flush();
      RawHttp2.Frame refused = client.await(RawHttp2.RST_STREAM).orElseThrow();
      assertThat(refused.stream()).isEqualTo(2 * SHORT.streamsMax() + 1);
      // REFUSED_STREAM
      assertThat(refused.number(0)).isEqualTo(7);
    }
  }

  @Test
  void whileNothingIsSentAStreamSendsComments() throws Exception {
    start(PATIENT);
    rest.fleet.silent = true;
    try (Socket socket = connect()) {
      send(
          socket,
          head("POST", "/v1/chat/completions", "content-length: " + CHAT.length() + "\r\n"));
      send(socket, CHAT);
      BufferedReader lines = lines(socket);
      assertThat(lines.readLine()).isEqualTo("HTTP/1.1 200 OK");
      for (int comments = 0; comments < 3; ) {
        comments += ": waiting".equals(lines.readLine()) ? 1 : 0;
      }
    }
    assertThat(rest.gateway.endings.poll(20, TimeUnit.SECONDS)).isNotNull();
  }

  @Test
  void aReaderThatStopsReadingHoldsBackItsWorkerAndIsCancelled() throws Exception {
    start(PATIENT);
    rest.fleet.endless = true;
    try (Socket socket = connect()) {
      send(
          socket,
          head("POST", "/v1/chat/completions", "content-length: " + CHAT.length() + "\r\n"));
      send(socket, CHAT);
      var ending = rest.gateway.endings.poll(30, TimeUnit.SECONDS);
      assertThat(ending).isNotNull();
      assertThat(ending.outcome()).isEqualTo(AuditFact.Outcome.CANCELLED);
      assertThat(ending.code()).contains(ErrorCode.CANCELLED);
      assertThat(rest.fleet.cancelled.await(20, TimeUnit.SECONDS)).isTrue();
      assertThat(all(socket)).doesNotContain("[DONE]");
    }
  }

  @Test
  void whenItDrainsWhatIsIdleEndsAndStreamsFinish() throws Exception {
    start(PATIENT);
    rest.fleet.endless = true;
    try (Socket streaming = connect();
        Socket idle = connect();
        RawHttp2 second = http2()) {
      send(
          streaming,
          head("POST", "/v1/chat/completions", "content-length: " + CHAT.length() + "\r\n"));
      send(streaming, CHAT);
      BufferedReader lines = lines(streaming);
      assertThat(lines.readLine()).isEqualTo("HTTP/1.1 200 OK");
      send(idle, head("GET", "/v1/models"));
      assertThat(lines(idle).readLine()).isEqualTo("HTTP/1.1 200 OK");
      assertThat(second.await(RawHttp2.SETTINGS)).isPresent();

      rest.server.drain(30_000);
      assertThat(rest.server.awaitIdle(1)).isFalse();
      assertThat(second.await(RawHttp2.GOAWAY)).isPresent();
      rest.fleet.endless = false;
      String last = "";
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        last = line.startsWith("data: ") ? line : last;
      }
      assertThat(last).isEqualTo("data: [DONE]");
      assertThat(rest.server.awaitIdle(10_000)).isTrue();
      all(idle);
    }
  }

  private void awaitNoBodies() throws InterruptedException {
    while (rest.gateway.bodies.held() != 0) {
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }

  @Test
  void bodiesOfOneTenantThatFillMemoryLeaveRoomForAnothers() throws Exception {
    start(PATIENT);
    List<Socket> slow = new ArrayList<>();
    String most = "x".repeat(RestEdge.BODY_BYTES_MAX - 10);
    String length = "content-length: " + RestEdge.BODY_BYTES_MAX + "\r\n";
    long atLeast = 0;
    for (int i = 0; i < 4; i++) {
      Socket socket = connect();
      slow.add(socket);
      send(socket, head("POST", "/v1/chat/completions", length) + most);
      atLeast += most.length();
      while (rest.gateway.bodies.held() < atLeast) {
        TimeUnit.MILLISECONDS.sleep(5);
      }
    }

    try (Socket more = connect();
        Socket neighbour = connect()) {
      String chat = CHAT.replace("it?", "it?" + " ".repeat(5_000));
      String head =
          head("POST", "/v1/chat/completions", "content-length: " + chat.length() + "\r\n");
      send(more, head + chat);
      assertThat(lines(more).readLine()).startsWith("HTTP/1.1 503 ");
      send(neighbour, head.replace(SampleGateway.KEY, SampleGateway.NEIGHBOUR_KEY) + chat);
      assertThat(lines(neighbour).readLine()).startsWith("HTTP/1.1 200 ");
    }

    for (Socket socket : slow) {
      socket.close();
    }
    awaitNoBodies();
  }

  @Test
  void aBodyThatDoesNotComeGivesItsMemoryBack() throws Exception {
    start(SHORT);
    String part = "x".repeat(8_000);
    try (Socket socket = connect()) {
      send(socket, head("POST", "/v1/chat/completions", "content-length: 9000\r\n") + part);
      assertThat(all(socket)).startsWith("HTTP/1.1 408 ");
    }
    awaitNoBodies();

    try (RawHttp2 client = http2()) {
      client.headers(
          1,
          0,
          ":method",
          "POST",
          ":scheme",
          "https",
          ":path",
          "/v1/chat/completions",
          ":authority",
          "x",
          "authorization",
          "Bearer " + SampleGateway.KEY);
      client.send(RawHttp2.DATA, 0, 1, part.getBytes(StandardCharsets.US_ASCII));
      client.flush();
      while (rest.gateway.bodies.held() == 0) {
        TimeUnit.MILLISECONDS.sleep(1);
      }
      awaitNoBodies();
    }
  }
}
