package dev.cofferdam.gateway.ingress.openai;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cofferdam.gateway.dispatch.Client;
import dev.cofferdam.gateway.dispatch.Told;
import dev.cofferdam.gateway.quota.LimitState;
import java.util.Map;
import java.util.Optional;

/**
 * A chat completion as server-sent events. The head goes out with the first text, so that whatever
 * fails before it has its own HTTP status; what fails after it is an event with an error.
 */
final class ChatStream implements Client {
  private final HttpExchange exchange;
  private final ChatRequest request;
  private final ChatAnswer answer;
  private Optional<LimitState> limits = Optional.empty();
  private boolean begun;

  ChatStream(HttpExchange exchange, ChatRequest request, ChatAnswer answer) {
    this.exchange = exchange;
    this.request = request;
    this.answer = answer;
  }

  @Override
  public boolean ready() {
    return exchange.ready();
  }

  @Override
  public void tell(Told told) {
    exchange.onLoop(() -> send(told));
  }

  private void send(Told told) {
    switch (told) {
      case Told.Accepted accepted -> limits = Optional.of(accepted.limits());
      case Told.Waiting unused -> {
        // The protocol has no words for it.
      }
      case Told.Text text -> {
        begin();
        event(answer.delta(text.text(), text.scores(), request.logprobs()));
      }
      case Told.Finished finished -> {
        begin();
        event(answer.end(finished.reason()));
        if (request.includeUsage()) {
          event(answer.usageChunk(finished.usage()));
        }
        exchange.write("data: [DONE]\n\n");
        exchange.end();
      }
      case Told.Failed failed -> {
        if (!begun) {
          exchange.refuse(failed.refusal(), failed.limits());
        } else {
          event(ApiErrors.body(failed.refusal()));
          exchange.failed(failed.refusal());
          exchange.end();
        }
      }
    }
  }

  private void begin() {
    if (!begun) {
      begun = true;
      Map<String, String> headers = new java.util.LinkedHashMap<>();
      limits.ifPresent(state -> headers.putAll(ApiErrors.limits(state)));
      headers.put("cache-control", "no-cache");
      exchange.begin("text/event-stream; charset=utf-8", headers);
      event(answer.first());
    }
  }

  private void event(JsonNode data) {
    exchange.write("data: " + data + "\n\n");
  }
}
