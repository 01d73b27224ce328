package dev.cofferdam.gateway.ingress.rest;

import dev.cofferdam.gateway.dispatch.TokenScores;
import dev.cofferdam.gateway.dispatch.Told;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** An answer as one JSON object. What it gathers is bounded by the model's context. */
final class WholeAnswer extends Answer {
  private final HttpExchange exchange;
  private final Writer writer;
  private final List<Gathered> gathered = new ArrayList<>();
  private final Writer.Choice[] ended;

  private record Gathered(StringBuilder text, List<TokenScores> scores) {}

  WholeAnswer(HttpExchange exchange, Query query, Writer writer) {
    super(exchange, query.inputs().size(), query.choices());
    this.exchange = exchange;
    this.writer = writer;
    this.ended = new Writer.Choice[query.inputs().size() * query.choices()];
    for (int i = 0; i < ended.length; i++) {
      gathered.add(new Gathered(new StringBuilder(), new ArrayList<>()));
    }
  }

  @Override
  boolean ready() {
    return true;
  }

  @Override
  void text(int choice, Told.Text text) {
    gathered.get(choice).text().append(text.text());
    gathered.get(choice).scores().addAll(text.scores());
  }

  @Override
  void ended(int choice, Told.Finished end) {
    Gathered all = gathered.get(choice);
    ended[choice] = new Writer.Choice(all.text().toString(), all.scores(), end);
  }

  @Override
  void finished(Told.Usage sum) {
    exchange.answer(200, writer.whole(Arrays.asList(ended), sum), limitHeaders());
  }

  @Override
  void failed(Told.Failed failed) {
    exchange.refuse(failed.refusal(), failed.limits());
  }
}
