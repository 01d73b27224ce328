package dev.cofferdam.worker.adapter.registry.s3;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;

/** The part of S3 that reads objects, path-style, with faults on demand. For tests. */
public final class S3Server implements AutoCloseable {
  /** What happens to a request instead of an answer. */
  enum Fault {
    UNAVAILABLE,
    SLOW_DOWN,
    TRUNCATED,
    DENIED,
    NO_BUCKET,
    ENDLESS
  }

  /** A request as it came. */
  public record Request(String method, String path, String authorization) {}

  public final Map<String, byte[]> objects = new ConcurrentHashMap<>();

  /** Faults of the next requests. */
  final Queue<Fault> faults = new ConcurrentLinkedQueue<>();

  public final List<Request> requests = new CopyOnWriteArrayList<>();
  private final HttpServer server;

  public S3Server() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
  }

  public URI endpoint() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      requests.add(
          new Request(
              exchange.getRequestMethod(),
              exchange.getRequestURI().getPath(),
              String.valueOf(exchange.getRequestHeaders().getFirst("Authorization"))));
      Fault fault = faults.poll();
      if (fault == null) {
        object(exchange, false);
        return;
      }
      switch (fault) {
        case UNAVAILABLE -> error(exchange, 503, "ServiceUnavailable");
        case SLOW_DOWN -> error(exchange, 503, "SlowDown");
        case DENIED -> error(exchange, 403, "AccessDenied");
        case NO_BUCKET -> error(exchange, 404, "NoSuchBucket");
        case TRUNCATED -> object(exchange, true);
        case ENDLESS -> {
          exchange.sendResponseHeaders(200, 0);
          exchange.getResponseBody().write(new byte[1_000]);
        }
      }
    }
  }

  private void object(HttpExchange exchange, boolean truncated) throws IOException {
    byte[] bytes = objects.get(exchange.getRequestURI().getPath());
    if (bytes == null) {
      error(exchange, 404, "NoSuchKey");
      return;
    }
    exchange.getResponseHeaders().add("ETag", '"' + HexFormat.of().toHexDigits(bytes.length) + '"');
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().add("Content-Length", String.valueOf(bytes.length));
      exchange.sendResponseHeaders(200, -1);
      return;
    }
    exchange.sendResponseHeaders(200, bytes.length);
    OutputStream body = exchange.getResponseBody();
    body.write(bytes, 0, truncated ? bytes.length / 2 : bytes.length);
    body.flush();
  }

  private static void error(HttpExchange exchange, int status, String code) throws IOException {
    byte[] body =
        "<Error><Code>%s</Code><Message>of the test</Message></Error>"
            .formatted(code)
            .getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().add("Content-Type", "application/xml");
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
