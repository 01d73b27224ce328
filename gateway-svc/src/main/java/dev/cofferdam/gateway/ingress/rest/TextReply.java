package dev.cofferdam.gateway.ingress.rest;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;

/** Sends a text page by page: the next one is fetched when the client has room for it. */
final class TextReply {
  private final HttpExchange exchange;
  private final Reply.Text text;
  private final Executor executor;
  private final AtomicBoolean fetching = new AtomicBoolean();
  private boolean begun;

  TextReply(HttpExchange exchange, Reply.Text text, Executor executor) {
    this.exchange = exchange;
    this.text = text;
    this.executor = executor;
  }

  void start() {
    exchange.listen(this::more, () -> {});
    more();
  }

  private void more() {
    if (!exchange.over() && fetching.compareAndSet(false, true)) {
      executor.execute(this::fetch);
    }
  }

  private void fetch() {
    try {
      List<String> page = text.pages().get();
      exchange.onLoop(() -> send(page));
    } catch (RuntimeException e) {
      exchange.onLoop(() -> broken(e));
    }
  }

  /** On the event loop; what asks for more comes behind it there. */
  private void send(List<String> page) {
    if (!begun) {
      begun = true;
      exchange.begin(text.contentType(), Map.of());
    }
    if (page.isEmpty()) {
      exchange.end();
      return;
    }
    page.forEach(exchange::write);
    fetching.set(false);
    if (exchange.ready()) {
      more();
    }
  }

  private void broken(RuntimeException failure) {
    if (begun) {
      exchange.cut();
    } else {
      exchange.refuse(RestEdge.refusal(failure), Optional.empty());
    }
  }
}
