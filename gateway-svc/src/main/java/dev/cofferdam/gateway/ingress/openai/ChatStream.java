package dev.cofferdam.gateway.ingress.openai;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cofferdam.gateway.dispatch.Told;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A chat completion as server-sent events. The head goes out with the first text, so that whatever
 * fails before it has its own HTTP status; what fails after it is an event with an error.
 */
final class ChatStream extends Choices {
  private final HttpExchange exchange;
  private final ChatRequest request;
  private final ChatAnswer answer;
  private final boolean[] begun;
  private boolean headSent;

  ChatStream(HttpExchange exchange, ChatRequest request, ChatAnswer answer) {
    super(exchange, request.choices());
    this.exchange = exchange;
    this.request = request;
    this.answer = answer;
    this.begun = new boolean[request.choices()];
  }

  @Override
  boolean ready() {
    return exchange.ready();
  }

  @Override
  void text(int choice, Told.Text text) {
    begin(choice);
    event(answer.delta(choice, text.text(), text.scores(), request.logprobs()));
  }

  @Override
  void ended(int choice, Told.Reason reason) {
    begin(choice);
    event(answer.end(choice, reason));
  }

  @Override
  void finished(Told.Usage sum) {
    if (request.includeUsage()) {
      event(answer.usageChunk(sum));
    }
    exchange.write("data: [DONE]\n\n");
    exchange.end();
  }

  @Override
  void failed(Told.Failed failed) {
    if (!headSent) {
      exchange.refuse(failed.refusal(), failed.limits());
    } else {
      event(ApiErrors.body(failed.refusal()));
      exchange.failed(failed.refusal());
      exchange.end();
    }
  }

  private void begin(int choice) {
    if (!headSent) {
      headSent = true;
      Map<String, String> headers = new LinkedHashMap<>(limitHeaders());
      headers.put("cache-control", "no-cache");
      exchange.begin("text/event-stream; charset=utf-8", headers);
    }
    if (!begun[choice]) {
      begun[choice] = true;
      event(answer.first(choice));
    }
  }

  private void event(JsonNode data) {
    exchange.write("data: " + data + "\n\n");
  }
}
