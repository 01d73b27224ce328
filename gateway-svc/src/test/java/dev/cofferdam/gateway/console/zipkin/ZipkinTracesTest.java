package dev.cofferdam.gateway.console.zipkin;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.cofferdam.gateway.console.Traces.Span;
import dev.cofferdam.vocabulary.RequestId;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ZipkinTracesTest {
  private static final RequestId REQUEST = new RequestId("0123456789abcdef0123456789abcdef");

  private final AtomicReference<String> asked = new AtomicReference<>("");
  private final AtomicReference<String> answer = new AtomicReference<>("[]");
  private HttpServer server;
  private ZipkinTraces traces;

  @BeforeEach
  void start() throws Exception {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/zipkin/api/v2/traces",
        exchange -> {
          asked.set(exchange.getRequestURI().getQuery());
          byte[] body = answer.get().getBytes(UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
    traces = new ZipkinTraces("http://127.0.0.1:" + server.getAddress().getPort() + "/zipkin/");
  }

  @AfterEach
  void stop() {
    traces.close();
    server.stop(0);
  }

  @Test
  void theSpansOfTheTracesThatNameTheRequestAreRead() {
    answer.set(
        """
        [[{"traceId": "1", "id": "a", "name": "generate", "timestamp": 1000, "duration": 500,
           "localEndpoint": {"serviceName": "gateway"}, "tags": {"cofferdam.tier": "free"}},
          {"traceId": "1", "id": "b", "parentId": "a", "name": "place", "timestamp": 1100,
           "localEndpoint": {"serviceName": "router"}, "tags": {"error": "UNAVAILABLE"}}],
         [{"traceId": "2", "id": "c", "name": "later", "timestamp": 9000, "duration": 1}]]
        """);

    assertThat(traces.ofRequest(REQUEST))
        .containsExactly(
            new Span("a", "", "gateway", "generate", 1_000, 500, false),
            new Span("b", "a", "router", "place", 1_100, 0, true),
            new Span("c", "", "", "later", 9_000, 1, false));
    assertThat(asked.get()).contains("annotationQuery=cofferdam.request.id=" + REQUEST.value());
  }

  @Test
  void aStoreThatIsAwayOrSaysSomethingElseIsSaidToBeAway() {
    answer.set("<html>");
    assertThatThrownBy(() -> traces.ofRequest(REQUEST)).hasMessageContaining("does not answer");
    answer.set("[" + " ".repeat(5 << 20) + "]");
    assertThatThrownBy(() -> traces.ofRequest(REQUEST)).hasMessageContaining("does not answer");
    server.stop(0);
    assertThatThrownBy(() -> traces.ofRequest(REQUEST)).hasMessageContaining("does not answer");
  }
}
