package dev.cofferdam.gateway.ingress.rest;

import dev.cofferdam.gateway.dispatch.Answered;
import dev.cofferdam.gateway.dispatch.TokenScores;
import dev.cofferdam.gateway.dispatch.Told;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** An answer as one JSON object. What it gathers is bounded by the model's context. */
final class WholeAnswer extends Answer {
  private static final float[] NO_EMBEDDING = {};

  private final HttpExchange exchange;
  private final Writer writer;
  private final List<Gathered> gathered = new ArrayList<>();
  private final Answered[] ended;

  private record Gathered(StringBuilder text, List<TokenScores> scores) {}

  WholeAnswer(HttpExchange exchange, Query query, Writer writer) {
    super(exchange, query.inputs().size(), query.choices());
    this.exchange = exchange;
    this.writer = writer;
    this.ended = new Answered[query.inputs().size() * query.choices()];
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
    ended[choice] = new Answered(all.text().toString(), all.scores(), NO_EMBEDDING, end);
  }

  @Override
  void finished(Told.Usage sum) {
    exchange.answer(200, writer.whole(Arrays.asList(ended), sum), headers());
  }

  @Override
  void failed(Told.Failed failed) {
    exchange.refuse(failed.refusal(), failed.limits());
  }
}
