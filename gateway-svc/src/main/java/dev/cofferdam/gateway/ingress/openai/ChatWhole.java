package dev.cofferdam.gateway.ingress.openai;

import dev.cofferdam.gateway.dispatch.Client;
import dev.cofferdam.gateway.dispatch.TokenScores;
import dev.cofferdam.gateway.dispatch.Told;
import dev.cofferdam.gateway.quota.LimitState;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A chat completion as one answer. What it gathers is bounded by the model's context. */
final class ChatWhole implements Client {
  private final HttpExchange exchange;
  private final ChatRequest request;
  private final ChatAnswer answer;
  private final StringBuilder text = new StringBuilder();
  private final List<TokenScores> scores = new ArrayList<>();
  private Optional<LimitState> limits = Optional.empty();

  ChatWhole(HttpExchange exchange, ChatRequest request, ChatAnswer answer) {
    this.exchange = exchange;
    this.request = request;
    this.answer = answer;
  }

  @Override
  public boolean ready() {
    return true;
  }

  @Override
  public void tell(Told told) {
    switch (told) {
      case Told.Accepted accepted -> limits = Optional.of(accepted.limits());
      case Told.Waiting unused -> {
        // The protocol has no words for it.
      }
      case Told.Text more -> {
        text.append(more.text());
        scores.addAll(more.scores());
      }
      case Told.Finished finished -> {
        var body = answer.completion(text.toString(), scores, request.logprobs(), finished);
        Map<String, String> headers = limits.map(ApiErrors::limits).orElse(Map.of());
        exchange.onLoop(() -> exchange.answer(200, body, headers));
      }
      case Told.Failed failed ->
          exchange.onLoop(() -> exchange.refuse(failed.refusal(), failed.limits()));
    }
  }
}
