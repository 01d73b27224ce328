package dev.cofferdam.gateway.ingress.rest;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cofferdam.gateway.connection.Pace;
import dev.cofferdam.gateway.quota.LimitState;
import dev.cofferdam.mesh.Tracing;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RequestId;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.context.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One HTTP request: its name, its span, and its response, which other threads write through the
 * request's own event loop.
 */
final class HttpExchange {
  /** Writes that may wait for the event loop before the exchange says that it is not ready. */
  private static final int PENDING_MAX = 8;

  private final Dialect dialect;
  private final io.vertx.core.Context loop;
  private final HttpServerRequest request;
  private final HttpServerResponse response;
  private final RequestId id = RequestId.random();
  private final Span span;
  private final String sourceIp;
  private final AtomicInteger pending = new AtomicInteger();
  private Pace pace = new Pace();
  private volatile int pauses;
  private volatile boolean full;
  private volatile boolean gone;
  private volatile Runnable onWritable = () -> {};
  private volatile Runnable onGone = () -> {};
  private volatile boolean abandoned;

  HttpExchange(Vertx vertx, HttpServerRequest request, String route, Dialect dialect) {
    this.dialect = dialect;
    this.loop = vertx.getOrCreateContext();
    this.request = request;
    this.response = request.response();
    this.sourceIp = request.remoteAddress() == null ? "-" : request.remoteAddress().hostAddress();
    String method = request.method().name();
    this.span = Tracing.startSpan(Context.root(), method + " " + route, SpanKind.SERVER);
    span.setAttribute("http.request.method", method);
    span.setAttribute("http.route", route);
    span.setAttribute("url.path", route);
    span.setAttribute("url.scheme", request.isSSL() ? "https" : "http");
    span.setAttribute("client.address", sourceIp);
    response.putHeader("x-request-id", id.value());
    response.putHeader(dialect.requestIdHeader(), id.value());
    response.closeHandler(unused -> left());
    response.exceptionHandler(unused -> left());
  }

  /** The speed of what it sends; unlimited before it is said. */
  void pace(Pace tenants) {
    this.pace = tenants;
  }

  RequestId id() {
    return id;
  }

  String sourceIp() {
    return sourceIp;
  }

  Dialect dialect() {
    return dialect;
  }

  /** A refusal in the API's words. */
  JsonNode error(Refusal refusal) {
    return dialect.error(id, refusal);
  }

  /** The request's span as a parent. */
  Context trace() {
    return Context.root().with(span);
  }

  /** Runs on the event loop, after what was handed over before. */
  void onLoop(Runnable action) {
    pending.incrementAndGet();
    loop.runOnContext(
        unused -> {
          action.run();
          pending.decrementAndGet();
          if (ready()) {
            onWritable.run();
          }
        });
  }

  /** Runs on the event loop after a while. */
  void later(long ms, Runnable action) {
    loop.owner().setTimer(ms, unused -> onLoop(action));
  }

  /** Whether the answer is out, or nobody is there to take it. */
  boolean over() {
    return gone || response.ended();
  }

  /** Whether more can be written without piling up. */
  boolean ready() {
    return !full && pauses == 0 && pending.get() < PENDING_MAX;
  }

  /** Whether the client reads slower than it is written to, whatever else more has to wait for. */
  boolean full() {
    return full;
  }

  /** What to do when it is ready, and when the client goes away before the end. */
  void listen(Runnable writable, Runnable left) {
    onWritable = writable;
    onGone = left;
    if (gone || abandoned) {
      left.run();
    }
  }

  /** What is still under way for this exchange is of no use any more. */
  void abandon() {
    abandoned = true;
    onGone.run();
  }

  /** Sends the head of a stream; on the event loop only. */
  void begin(String contentType, Map<String, String> headers) {
    if (gone) {
      return;
    }
    span.setAttribute("http.response.status_code", 200L);
    response.setStatusCode(200).setChunked(true).putHeader("content-type", contentType);
    headers.forEach(response::putHeader);
  }

  /** Sends a part of a stream; on the event loop only. */
  void write(String text) {
    if (over()) {
      return;
    }
    Buffer bytes = Buffer.buffer(text);
    var unused = response.write(bytes);
    long waitNs = pace.sent(bytes.length(), System.nanoTime());
    if (waitNs > 0) {
      pause(waitNs);
    }
    if (response.writeQueueFull()) {
      full = true;
      response.drainHandler(
          drained -> {
            full = false;
            onWritable.run();
          });
    }
  }

  private void pause(long ns) {
    pauses++;
    // A timer's least step is a millisecond, which the pace makes up for.
    loop.owner()
        .setTimer(
            Math.max(1, TimeUnit.NANOSECONDS.toMillis(ns)),
            unused -> {
              pauses--;
              if (ready()) {
                onWritable.run();
              }
            });
  }

  /** Cuts off a stream that nobody reads; on the event loop only. */
  void cut() {
    if (!over()) {
      if (request.version() == HttpVersion.HTTP_2) {
        response.reset();
      } else {
        Connections.cut(request.connection());
      }
    }
    span.end();
  }

  /** Ends a stream; on the event loop only. */
  void end() {
    if (!over()) {
      var unused = response.end();
    }
    span.end();
  }

  /** Marks the span of a stream that broke off. */
  void failed(Refusal refusal) {
    span.setStatus(StatusCode.ERROR, refusal.code().wireName());
  }

  /** Sends a whole answer; on the event loop only. */
  void answer(int status, JsonNode body, Map<String, String> headers) {
    span.setAttribute("http.response.status_code", (long) status);
    if (status >= 500) {
      span.setStatus(StatusCode.ERROR, Integer.toString(status));
    }
    if (!over()) {
      headers.forEach(response::putHeader);
      response.setStatusCode(status).putHeader("content-type", "application/json");
      var unused = response.end(body.toString());
    }
    span.end();
  }

  /** Sends a refusal; on the event loop only. */
  void refuse(Refusal refusal, Optional<LimitState> limits) {
    Map<String, String> headers = new LinkedHashMap<>();
    limits.ifPresent(state -> headers.putAll(dialect.limits(state)));
    headers.putAll(Refusals.headers(refusal));
    answer(refusal.code().httpStatus(), error(refusal), headers);
  }

  private void left() {
    if (!gone) {
      gone = true;
      if (!response.ended()) {
        onGone.run();
      }
      span.end();
    }
  }
}
