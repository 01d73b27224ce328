package dev.cofferdam.gateway.ingress.anthropic;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cofferdam.gateway.dispatch.Answered;
import dev.cofferdam.gateway.dispatch.Told;
import dev.cofferdam.gateway.ingress.rest.EventStream;
import dev.cofferdam.gateway.ingress.rest.Query;
import dev.cofferdam.gateway.ingress.rest.Writer;
import dev.cofferdam.vocabulary.Refusal;
import java.util.List;

/** Messages in Anthropic's JSON: one object, or named events around one block of text. */
final class MessagesWriter implements Writer {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private final String model;
  private final Query.Begun begun;
  private boolean started;
  private JsonNode end = JSON.nullNode();

  MessagesWriter(String model, Query.Begun begun) {
    this.model = model;
    this.begun = begun;
  }

  @Override
  public JsonNode whole(List<Answered> choices, Told.Usage sum) {
    Answered only = choices.getFirst();
    ObjectNode message = message();
    message.withArray("content").addObject().put("type", "text").put("text", only.text());
    message.setAll(stop(only.end()));
    message.set("usage", usage(sum));
    return message;
  }

  @Override
  public void text(EventStream out, int choice, Told.Text text) {
    start(out);
    ObjectNode event = event("content_block_delta").put("index", 0);
    event.putObject("delta").put("type", "text_delta").put("text", text.text());
    send(out, event);
  }

  @Override
  public void ended(EventStream out, int choice, Told.Finished finished) {
    start(out);
    send(out, event("content_block_stop").put("index", 0));
    end = stop(finished);
  }

  @Override
  public void finished(EventStream out, Told.Usage sum) {
    ObjectNode event = event("message_delta");
    event.set("delta", end);
    event.set("usage", usage(sum));
    send(out, event);
    send(out, event("message_stop"));
  }

  @Override
  public void failed(EventStream out, Refusal refusal) {
    out.event("error", out.error(refusal));
  }

  private void start(EventStream out) {
    if (started) {
      return;
    }
    started = true;
    ObjectNode first = event("message_start");
    ObjectNode message = message().putNull("stop_reason").putNull("stop_sequence");
    // What was cached is known at the end only, where the usage is told again.
    message.set("usage", usage(new Told.Usage(begun.first().promptTokens().length, 0, 0)));
    first.set("message", message);
    send(out, first);
    ObjectNode block = event("content_block_start").put("index", 0);
    block.putObject("content_block").put("type", "text").put("text", "");
    send(out, block);
    send(out, event("ping"));
  }

  private ObjectNode message() {
    ObjectNode message =
        JSON.objectNode()
            .put("id", "msg_" + begun.id().value())
            .put("type", "message")
            .put("role", "assistant")
            .put("model", model);
    message.putArray("content");
    return message;
  }

  private static ObjectNode stop(Told.Finished end) {
    String reason =
        end.reason() == Told.Reason.LENGTH
            ? "max_tokens"
            : end.stopText().isPresent() ? "stop_sequence" : "end_turn";
    return JSON.objectNode()
        .put("stop_reason", reason)
        .put("stop_sequence", end.stopText().orElse(null));
  }

  /** Tokens read from the cache stand beside those that were not. */
  private static ObjectNode usage(Told.Usage usage) {
    return JSON.objectNode()
        .put("input_tokens", usage.promptTokens() - usage.cachedPromptTokens())
        .put("cache_creation_input_tokens", 0)
        .put("cache_read_input_tokens", usage.cachedPromptTokens())
        .put("output_tokens", usage.outputTokens());
  }

  private static ObjectNode event(String type) {
    return JSON.objectNode().put("type", type);
  }

  private static void send(EventStream out, ObjectNode event) {
    out.event(event.path("type").asText(), event);
  }
}
