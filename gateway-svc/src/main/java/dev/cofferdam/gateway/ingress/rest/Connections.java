package dev.cofferdam.gateway.ingress.rest;

import dev.cofferdam.gateway.connection.Claim;
import dev.cofferdam.gateway.connection.ClientConnection;
import dev.cofferdam.gateway.connection.Keepalive;
import dev.cofferdam.gateway.connection.TenantConnections;
import dev.cofferdam.vocabulary.TenantProfile;
import io.netty.channel.ChannelHandlerContext;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.impl.ConnectionBase;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The connections of a server and the time that they have: for a first request, between requests,
 * and for each body; and whose they are. Whoever sends slowly holds a connection for that long and
 * no longer. When it drains, connections end with what is under way on them.
 */
final class Connections {
  /** RFC 9113, section 7. */
  private static final long REFUSED_STREAM = 7;

  /** Time in which a client reads its last answer, which an end of ours could overtake. */
  private static final long LINGER_MS = 1_000;

  private final Vertx vertx;
  private final RestSettings settings;
  private final TenantConnections tenants;
  private final Map<HttpConnection, State> open = new ConcurrentHashMap<>();
  private final AtomicInteger underWay = new AtomicInteger();
  private volatile boolean draining;

  /** One connection, on its event loop. */
  private static final class State {
    private final boolean http2;
    private final ClientConnection client;
    private final Keepalive keepalive = new Keepalive();
    private long heardNs = System.nanoTime();
    private volatile int requests;
    private long idleTimer = -1;
    private long keepaliveTimer = -1;
    private boolean ending;

    State(HttpConnection connection, ClientConnection client) {
      this.http2 = connection.getWindowSize() >= 0;
      this.client = client;
    }
  }

  Connections(Vertx vertx, RestSettings settings, TenantConnections tenants) {
    this.vertx = vertx;
    this.settings = settings;
    this.tenants = tenants;
  }

  /** A connection came. */
  void opened(HttpConnection connection) {
    State state = state(connection);
    if (draining) {
      connection.close();
    } else {
      state.idleTimer = vertx.setTimer(settings.headMsMax(), unused -> end(connection));
    }
  }

  private State state(HttpConnection connection) {
    return open.computeIfAbsent(connection, this::watched);
  }

  private State watched(HttpConnection connection) {
    State state = new State(connection, tenants.open());
    connection.closeHandler(
        unused -> {
          open.remove(connection);
          vertx.cancelTimer(state.idleTimer);
          vertx.cancelTimer(state.keepaliveTimer);
          state.client.close();
        });
    return state;
  }

  /** HTTP/1.1 has no question for a peer: its streams' comments and its idle time are it. */
  private void look(HttpConnection connection, State state) {
    long silenceNs = TimeUnit.SECONDS.toNanos(state.client.keepaliveSeconds());
    switch (state.keepalive.step(System.nanoTime(), state.heardNs, silenceNs)) {
      case Keepalive.Step.Gone() -> cut(connection);
      case Keepalive.Step.Wait(long ns) -> lookLater(connection, state, ns);
      case Keepalive.Step.Ask(long ns) -> {
        connection
            .ping(Buffer.buffer().appendLong(0))
            .onSuccess(unused -> state.heardNs = System.nanoTime());
        lookLater(connection, state, ns);
      }
    }
  }

  /** Ends a connection behind what is still to be written, if that is taken in time. */
  private void end(HttpConnection connection) {
    connection.close();
    vertx.setTimer(
        TimeUnit.NANOSECONDS.toMillis(Keepalive.ANSWER_NS),
        unused -> {
          if (open.containsKey(connection)) {
            cut(connection);
          }
        });
  }

  /**
   * Ends a connection at once. Vert.x itself ends them behind what is still to be written, which a
   * network that fell silent never takes: so this goes past it, and past TLS.
   */
  static void cut(HttpConnection connection) {
    ChannelHandlerContext socket =
        ((ConnectionBase) connection).channel().pipeline().firstContext();
    if (socket != null) {
      var unused = socket.close();
    }
  }

  private void lookLater(HttpConnection connection, State state, long ns) {
    state.keepaliveTimer =
        vertx.setTimer(TimeUnit.NANOSECONDS.toMillis(ns) + 1, unused -> look(connection, state));
  }

  /** Whether a tenant may have the connection of its request, which else ends with its answer. */
  Claim claim(HttpServerRequest request, TenantProfile tenant) {
    HttpConnection connection = request.connection();
    State state = state(connection);
    Claim claim = state.client.claim(tenant);
    if (claim instanceof Claim.Refused refused && !refused.shared()) {
      state.ending = true;
      if (state.http2) {
        connection.goAway(0);
      } else {
        request.response().putHeader("connection", "close");
      }
    } else if (state.http2 && state.keepaliveTimer == -1) {
      look(connection, state);
    }
    return claim;
  }

  /**
   * A request's head is there; whether it is to be served. A client that does not acknowledge the
   * server's settings is not held to them by the protocol, so streams are counted here, too.
   */
  boolean began(HttpServerRequest request) {
    HttpConnection connection = request.connection();
    State state = state(connection);
    state.heardNs = System.nanoTime();
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
      end(connection);
    } else if (state.ending && state.requests == 0) {
      state.idleTimer = vertx.setTimer(LINGER_MS, unused -> end(connection));
    } else if (state.requests == 0 && open.containsKey(connection)) {
      state.idleTimer = vertx.setTimer(settings.idleMsMax(), unused -> end(connection));
    }
  }

  /** A body that has not come by now does not come. */
  private void late(HttpServerRequest request) {
    if (request.isEnded()) {
      return;
    }
    HttpServerResponse response = request.response();
    if (!response.ended() && !response.headWritten()) {
      var unused = response.setStatusCode(408).putHeader("x-should-retry", "false").end();
    }
    if (isHttp1(request)) {
      end(request.connection());
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
