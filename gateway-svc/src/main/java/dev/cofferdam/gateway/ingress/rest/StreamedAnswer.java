package dev.cofferdam.gateway.ingress.rest;

import dev.cofferdam.gateway.dispatch.Told;

/** An answer as server-sent events. What fails after the first of them is an event, too. */
final class StreamedAnswer extends Answer {
  private final HttpExchange exchange;
  private final Writer writer;
  private final EventStream out;

  StreamedAnswer(HttpExchange exchange, Query query, Writer writer, long heartbeatMs) {
    super(exchange, query.inputs().size(), query.choices());
    this.exchange = exchange;
    this.writer = writer;
    this.out = new EventStream(exchange, this::headers, heartbeatMs);
  }

  @Override
  boolean ready() {
    return exchange.ready();
  }

  @Override
  void text(int choice, Told.Text text) {
    writer.text(out, choice, text);
  }

  @Override
  void ended(int choice, Told.Finished end) {
    writer.ended(out, choice, end);
  }

  @Override
  void finished(Told.Usage sum) {
    writer.finished(out, sum);
    out.end();
  }

  @Override
  void failed(Told.Failed failed) {
    if (out.begun() && exchange.full()) {
      exchange.cut();
    } else if (out.begun()) {
      writer.failed(out, failed.refusal());
      exchange.failed(failed.refusal());
      out.end();
    } else {
      exchange.refuse(failed.refusal(), failed.limits());
    }
  }
}
