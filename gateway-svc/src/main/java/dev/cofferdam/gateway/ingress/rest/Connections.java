package dev.cofferdam.gateway.ingress.rest;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The connections of a server and the time that they have: for a first request, between requests,
 * and for each body. Whoever sends slowly holds a connection for that long and no longer. When it
 * drains, connections end with what is under way on them.
 */
final class Connections {
  /** RFC 9113, section 7. */
  private static final long REFUSED_STREAM = 7;

  private final Vertx vertx;
  private final RestSettings settings;
  private final Map<HttpConnection, State> open = new ConcurrentHashMap<>();
  private final AtomicInteger underWay = new AtomicInteger();
  private volatile boolean draining;

  /** One connection, on its event loop. */
  private static final class State {
    private final boolean http2;
    private volatile int requests;
    private long idleTimer = -1;

    State(HttpConnection connection) {
      this.http2 = connection.getWindowSize() >= 0;
    }
  }

  Connections(Vertx vertx, RestSettings settings) {
    this.vertx = vertx;
    this.settings = settings;
  }

  /** A connection came. */
  void opened(HttpConnection connection) {
    State state = new State(connection);
    open.put(connection, state);
    connection.closeHandler(
        unused -> {
          open.remove(connection);
          vertx.cancelTimer(state.idleTimer);
        });
    if (draining) {
      connection.close();
    } else {
      state.idleTimer = vertx.setTimer(settings.headMsMax(), unused -> connection.close());
    }
  }

  /**
   * A request's head is there; whether it is to be served. A client that does not acknowledge the
   * server's settings is not held to them by the protocol, so streams are counted here, too.
   */
  boolean began(HttpServerRequest request) {
    HttpConnection connection = request.connection();
    State state = open.computeIfAbsent(connection, unused -> new State(connection));
    if (state.requests >= settings.streamsMax()) {
      request.response().reset(REFUSED_STREAM);
      return false;
    }
    vertx.cancelTimer(state.idleTimer);
    state.requests++;
    underWay.incrementAndGet();
    HttpServerResponse response = request.response();
    long bodyTimer = vertx.setTimer(settings.bodyMsMax(), unused -> late(request));
    if (draining && isHttp1(request)) {
      response.putHeader("connection", "close");
    }
    response.endHandler(
        unused -> {
          if (request.isEnded()) {
            vertx.cancelTimer(bodyTimer);
          }
          state.requests--;
          underWay.decrementAndGet();
          ended(connection, state, isHttp1(request));
        });
    return true;
  }

  private void ended(HttpConnection connection, State state, boolean http1) {
    if (draining && http1) {
      connection.close();
    } else if (state.requests == 0 && open.containsKey(connection)) {
      state.idleTimer = vertx.setTimer(settings.idleMsMax(), unused -> connection.close());
    }
  }

  /** A body that has not come by now does not come. */
  private static void late(HttpServerRequest request) {
    if (request.isEnded()) {
      return;
    }
    HttpServerResponse response = request.response();
    if (!response.ended() && !response.headWritten()) {
      var unused = response.setStatusCode(408).putHeader("x-should-retry", "false").end();
    }
    if (isHttp1(request)) {
      request.connection().close();
    } else {
      response.reset();
    }
  }

  /**
   * Ends what is idle, and everything else with what is under way on it.
   *
   * @param waitMs milliseconds after which streams of HTTP/2 are cut off
   */
  void drain(long waitMs) {
    draining = true;
    open.forEach(
        (connection, state) -> {
          if (state.http2) {
            connection.shutdown(waitMs);
          } else if (state.requests == 0) {
            connection.close();
          }
        });
  }

  /** Waits until nothing is under way; whether that came true in time. */
  boolean awaitIdle(long waitMs) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(waitMs);
    while (underWay.get() > 0) {
      if (System.nanoTime() >= end) {
        return false;
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
    return true;
  }

  private static boolean isHttp1(HttpServerRequest request) {
    return request.version() != HttpVersion.HTTP_2;
  }
}
