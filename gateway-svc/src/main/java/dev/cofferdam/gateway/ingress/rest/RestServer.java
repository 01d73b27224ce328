package dev.cofferdam.gateway.ingress.rest;

import dev.cofferdam.mesh.TlsFiles;
import io.vertx.core.AbstractVerticle;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.ext.web.Router;
import java.io.Closeable;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP server of the REST APIs: HTTP/1.1 and HTTP/2 with bounds on what a client can send, and
 * an end that lets streams finish. Compressed bodies are not unpacked.
 */
public final class RestServer implements Closeable {
  private static final long START_MS_MAX = 30_000;
  private static final int RESETS_WINDOW_S = 30;

  private final Vertx vertx;
  private final Connections connections;
  private final @Nullable EdgeTls tls;
  private final String deployment;
  private final AtomicInteger port;

  private RestServer(
      Vertx vertx,
      Connections connections,
      @Nullable EdgeTls tls,
      String deployment,
      AtomicInteger port) {
    this.vertx = vertx;
    this.connections = connections;
    this.tls = tls;
    this.deployment = deployment;
    this.port = port;
  }

  /**
   * Starts a server of an edge; it has one at most.
   *
   * @param port 0 takes a free one
   * @param files the edge's identity; without one the server speaks in the clear
   */
  public static RestServer start(
      RestEdge edge, Router router, String host, int port, Optional<TlsFiles> files) {
    Vertx vertx = edge.vertx();
    HttpServerOptions options = options(edge.settings()).setHost(host).setPort(port);
    EdgeTls tls = files.map(EdgeTls::new).orElse(null);
    if (tls != null) {
      tls.applyTo(options);
    }
    Connections connections = edge.connections();
    AtomicInteger listening = new AtomicInteger();
    // Verticles that listen on the same port share its connections, one event loop each.
    int loops = port == 0 ? 1 : Runtime.getRuntime().availableProcessors();
    try {
      String deployment =
          vertx
              .deployVerticle(
                  () -> new Listener(options, router, connections, listening),
                  new DeploymentOptions().setInstances(loops))
              .toCompletionStage()
              .toCompletableFuture()
              .get(START_MS_MAX, TimeUnit.MILLISECONDS);
      return new RestServer(vertx, connections, tls, deployment, listening);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException(
          "cannot listen on " + host + ":" + port + ": " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static HttpServerOptions options(RestSettings settings) {
    return new HttpServerOptions()
        .setMaxHeaderSize(settings.headBytesMax())
        .setMaxInitialLineLength(settings.headBytesMax() / 4)
        .setDecompressionSupported(false)
        .setCompressionSupported(false)
        .setPerFrameWebSocketCompressionSupported(false)
        .setPerMessageWebSocketCompressionSupported(false)
        .setHandle100ContinueAutomatically(true)
        .setTcpKeepAlive(true)
        .setHttp2RstFloodMaxRstFramePerWindow(settings.resetsMax())
        .setHttp2RstFloodWindowDuration(RESETS_WINDOW_S)
        .setHttp2RstFloodWindowDurationTimeUnit(TimeUnit.SECONDS)
        .setInitialSettings(
            new Http2Settings()
                .setMaxConcurrentStreams(settings.streamsMax())
                .setMaxHeaderListSize(settings.headBytesMax()));
  }

  /** The port that it listens on. */
  public int port() {
    return port.get();
  }

  /**
   * Begins to end: answers say that their connection closes, HTTP/2 is told to go away, and what is
   * idle is closed. What is under way goes on.
   *
   * @param waitMs milliseconds after which streams of HTTP/2 are cut off
   */
  public void drain(long waitMs) {
    connections.drain(waitMs);
  }

  /** Waits until nothing is under way; whether that came true in time. */
  public boolean awaitIdle(long waitMs) throws InterruptedException {
    return connections.awaitIdle(waitMs);
  }

  @Override
  public void close() throws IOException {
    try {
      var unused =
          vertx
              .undeploy(deployment)
              .toCompletionStage()
              .toCompletableFuture()
              .get(START_MS_MAX, TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException("cannot stop the REST server", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (tls != null) {
      tls.close();
    }
  }

  /** One event loop's share of the server; closed with its deployment. */
  private static final class Listener extends AbstractVerticle {
    private final HttpServerOptions options;
    private final Router router;
    private final Connections connections;
    private final AtomicInteger port;

    Listener(
        HttpServerOptions options, Router router, Connections connections, AtomicInteger port) {
      this.options = options;
      this.router = router;
      this.connections = connections;
      this.port = port;
    }

    @Override
    public void start(Promise<Void> started) {
      vertx
          .createHttpServer(options)
          .connectionHandler(connections::opened)
          .requestHandler(
              request -> {
                if (connections.began(request)) {
                  router.handle(request);
                }
              })
          .listen()
          .onSuccess(server -> port.set(server.actualPort()))
          .<Void>mapEmpty()
          .onComplete(started);
    }
  }
}
