package dev.cofferdam.gateway.ingress.openai;

import dev.cofferdam.gateway.dispatch.TokenScores;
import dev.cofferdam.gateway.dispatch.Told;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A chat completion as one answer. What it gathers is bounded by the model's context. */
final class ChatWhole extends Choices {
  private final HttpExchange exchange;
  private final ChatRequest request;
  private final ChatAnswer answer;
  private final List<Gathered> gathered = new ArrayList<>();
  private final ChatAnswer.Choice[] ended;

  private record Gathered(StringBuilder text, List<TokenScores> scores) {}

  ChatWhole(HttpExchange exchange, ChatRequest request, ChatAnswer answer) {
    super(exchange, request.choices());
    this.exchange = exchange;
    this.request = request;
    this.answer = answer;
    this.ended = new ChatAnswer.Choice[request.choices()];
    for (int i = 0; i < request.choices(); i++) {
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
  void ended(int choice, Told.Reason reason) {
    Gathered all = gathered.get(choice);
    ended[choice] = new ChatAnswer.Choice(all.text().toString(), all.scores(), reason);
  }

  @Override
  void finished(Told.Usage sum) {
    exchange.answer(
        200, answer.completion(Arrays.asList(ended), request.logprobs(), sum), limitHeaders());
  }

  @Override
  void failed(Told.Failed failed) {
    exchange.refuse(failed.refusal(), failed.limits());
  }
}
