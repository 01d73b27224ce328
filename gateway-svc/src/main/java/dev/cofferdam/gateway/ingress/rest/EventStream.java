package dev.cofferdam.gateway.ingress.rest;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cofferdam.vocabulary.Refusal;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Server-sent events (WHATWG HTML, section 9.2). The head goes out with the first event, so that
 * whatever fails before it has its own HTTP status. While nothing is sent, a comment line now and
 * then keeps the connection from being taken for a dead one; it ends the wait for a status, too.
 */
public final class EventStream {
  private final HttpExchange exchange;
  private final Supplier<Map<String, String>> headers;
  private final long heartbeatNs;
  private boolean begun;
  private boolean ended;
  private long wroteNs = System.nanoTime();

  /**
   * @param headers of the head, asked for when it goes out
   * @param heartbeatMs milliseconds without an event after which a comment is sent
   */
  EventStream(HttpExchange exchange, Supplier<Map<String, String>> headers, long heartbeatMs) {
    this.exchange = exchange;
    this.headers = headers;
    this.heartbeatNs = TimeUnit.MILLISECONDS.toNanos(heartbeatMs);
    exchange.onLoop(this::beat);
  }

  /** Whether the head has gone out. */
  boolean begun() {
    return begun;
  }

  /** Sends an event without a name. */
  public void event(JsonNode data) {
    send("data: " + data + "\n\n");
  }

  /** Sends an event with a name. */
  public void event(String name, JsonNode data) {
    send("event: " + name + "\ndata: " + data + "\n\n");
  }

  /** Sends a line of data that is no JSON, such as a stream's end mark. */
  public void line(String data) {
    send("data: " + data + "\n\n");
  }

  /** A refusal in the API's words. */
  public JsonNode error(Refusal refusal) {
    return exchange.error(refusal);
  }

  void end() {
    ended = true;
    exchange.end();
  }

  private void beat() {
    if (ended || exchange.over()) {
      return;
    }
    long waitNs = heartbeatNs - (System.nanoTime() - wroteNs);
    if (waitNs <= 0) {
      if (exchange.ready()) {
        send(": waiting\n\n");
      }
      waitNs = heartbeatNs;
    }
    exchange.later(Math.max(1, TimeUnit.NANOSECONDS.toMillis(waitNs)), this::beat);
  }

  private void send(String text) {
    if (!begun) {
      begun = true;
      Map<String, String> all = new LinkedHashMap<>(headers.get());
      all.put("cache-control", "no-cache");
      exchange.begin("text/event-stream; charset=utf-8", all);
    }
    wroteNs = System.nanoTime();
    exchange.write(text);
  }
}
