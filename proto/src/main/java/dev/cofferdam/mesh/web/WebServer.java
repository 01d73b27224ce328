package dev.cofferdam.mesh.web;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsExchange;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import dev.cofferdam.mesh.Caller;
import dev.cofferdam.mesh.JdkTls;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.SpiffeId;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.function.BiConsumer;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A small HTTPS server for pages and files of a service: HTTP/1.1, TLS 1.3, nobody without a
 * certificate of the mesh, GET and HEAD only, connections, requests at once and their times
 * bounded. Every answer forbids frames, and anything from elsewhere; all but live pages forbid
 * scripts.
 */
public final class WebServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(WebServer.class);
  private static final int REQUESTS_MAX = 32;

  /** What the JDK's server reads when it is first used: bounds of seconds and of connections. */
  private static final Map<String, String> BOUNDS =
      Map.of(
          "sun.net.httpserver.maxReqTime", "20",
          "sun.net.httpserver.maxRspTime", "60",
          "sun.net.httpserver.idleInterval", "30",
          "jdk.httpserver.maxConnections", "256");

  /** What a refused caller asked for: its path is its own text, and told to nobody. */
  private static final String PAGES = "pages over HTTPS";

  private static final int QUERY_CHARS_MAX = 2_000;

  static final String POLICY = "Content-Security-Policy";
  static final String CONTENT =
      "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
          + " base-uri 'none'; frame-ancestors 'none'";

  private static final Map<String, String> PROTECTION =
      Map.of(
          POLICY,
          CONTENT,
          "X-Content-Type-Options",
          "nosniff",
          "Referrer-Policy",
          "no-referrer",
          "Cross-Origin-Resource-Policy",
          "same-origin",
          "Strict-Transport-Security",
          "max-age=31536000");

  /** Answers requests, on one of the server's threads; may block. */
  public interface Handler {
    /**
     * The answer; empty where there is nothing of that path.
     *
     * @throws RefusedException which becomes the answer of its code
     */
    Optional<WebAnswer> answer(WebRequest request);
  }

  private final HttpsServer server;
  private final JdkTls tls;
  private final ExecutorService threads;

  private WebServer(HttpsServer server, JdkTls tls, ExecutorService threads) {
    this.server = server;
    this.tls = tls;
    this.threads = threads;
  }

  /**
   * Starts a server.
   *
   * @param trustDomain of the callers
   * @param roles who may call at all; others get 403
   * @param port 0 takes a free one
   * @param onRefused told of each caller with a certificate that may not read here, by its role or
   *     as {@link ErrorCode#CALL_NOT_ALLOWED} of the handler, and what it asked for
   */
  public static WebServer start(
      String trustDomain,
      TlsFiles files,
      Set<SpiffeId.Role> roles,
      String host,
      int port,
      Handler handler,
      BiConsumer<Caller, String> onRefused) {
    BOUNDS.forEach(
        (name, value) -> {
          if (System.getProperty(name) == null) {
            System.setProperty(name, value);
          }
        });
    JdkTls tls = JdkTls.server(files);
    try {
      HttpsServer server = HttpsServer.create(new InetSocketAddress(host, port), 0);
      server.setHttpsConfigurator(
          new HttpsConfigurator(tls.context()) {
            @Override
            public void configure(HttpsParameters parameters) {
              SSLParameters wanted = getSSLContext().getDefaultSSLParameters();
              wanted.setProtocols(new String[] {"TLSv1.3"});
              wanted.setNeedClientAuth(true);
              parameters.setSSLParameters(wanted);
            }
          });
      // A peer that is slow to shake hands holds a thread: virtual ones are cheap.
      ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
      server.setExecutor(threads);
      Semaphore free = new Semaphore(REQUESTS_MAX);
      server.createContext(
          "/",
          exchange -> {
            if (!free.tryAcquire()) {
              try (exchange) {
                exchange.sendResponseHeaders(503, -1);
              }
              return;
            }
            try {
              serve(exchange, new Gate(trustDomain, roles, onRefused), handler);
            } finally {
              free.release();
            }
          });
      server.start();
      return new WebServer(server, tls, threads);
    } catch (IOException e) {
      tls.close();
      throw new UncheckedIOException("cannot listen on " + host + ":" + port, e);
    }
  }

  /** The port that it listens on. */
  public int port() {
    return server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdown();
    tls.close();
  }

  /** Who may read, and who is told of others. */
  private record Gate(
      String trustDomain, Set<SpiffeId.Role> roles, BiConsumer<Caller, String> onRefused) {}

  private static void serve(HttpExchange exchange, Gate gate, Handler handler) throws IOException {
    try (exchange) {
      WebAnswer answer = answer((HttpsExchange) exchange, gate, handler);
      PROTECTION.forEach(exchange.getResponseHeaders()::set);
      answer.headers().forEach(exchange.getResponseHeaders()::set);
      boolean head = exchange.getRequestMethod().equals("HEAD");
      if (head || answer.body().length == 0) {
        exchange.sendResponseHeaders(answer.status(), -1);
        return;
      }
      exchange.sendResponseHeaders(answer.status(), answer.body().length);
      try (OutputStream body = exchange.getResponseBody()) {
        body.write(answer.body());
      }
    }
  }

  private static WebAnswer answer(HttpsExchange exchange, Gate gate, Handler handler) {
    String method = exchange.getRequestMethod();
    if (!method.equals("GET") && !method.equals("HEAD")) {
      return WebAnswer.refused(405, "only GET and HEAD");
    }
    Optional<Caller> caller =
        Caller.of(exchange.getSSLSession(), exchange.getRemoteAddress(), gate.trustDomain());
    if (exchange.getRequestURI().getRawPath().equals(Page.STYLE_PATH)) {
      return Page.style();
    }
    if (exchange.getRequestURI().getRawPath().equals(Page.LIVE_PATH)) {
      return Page.script();
    }
    if (caller.filter(known -> gate.roles().contains(known.role())).isEmpty()) {
      caller.ifPresent(known -> gate.onRefused().accept(known, PAGES));
      return WebAnswer.refused(403, "this identity may not read here");
    }
    try {
      Map<String, String> query = query(exchange.getRequestURI().getRawQuery());
      String path = exchange.getRequestURI().getRawPath();
      return handler
          .answer(new WebRequest(caller.get(), path, query))
          .orElseGet(() -> WebAnswer.refused(404, "nothing here"));
    } catch (RefusedException e) {
      ErrorCode code = e.refusal().code();
      if (code == ErrorCode.CALL_NOT_ALLOWED) {
        gate.onRefused().accept(caller.get(), PAGES);
      }
      return WebAnswer.refused(code.httpStatus(), code.wireName() + ": " + e.refusal().message());
    } catch (RuntimeException e) {
      LOG.warn("a page could not be made: {}", e.getClass().getSimpleName());
      return WebAnswer.refused(500, "internal");
    }
  }

  private static Map<String, String> query(@Nullable String raw) {
    Map<String, String> parameters = new LinkedHashMap<>();
    if (raw == null || raw.isEmpty()) {
      return parameters;
    }
    if (raw.length() > QUERY_CHARS_MAX) {
      throw Refusal.of(ErrorCode.INVALID_REQUEST, "the query is too long").asException();
    }
    for (String pair : raw.split("&", -1)) {
      int sign = pair.indexOf('=');
      String name = sign < 0 ? pair : pair.substring(0, sign);
      String value = sign < 0 ? "" : pair.substring(sign + 1);
      try {
        parameters.putIfAbsent(
            URLDecoder.decode(name, StandardCharsets.UTF_8),
            URLDecoder.decode(value, StandardCharsets.UTF_8));
      } catch (IllegalArgumentException e) {
        throw Refusal.of(ErrorCode.INVALID_REQUEST, "the query is not encoded well").asException();
      }
    }
    return parameters;
  }
}
