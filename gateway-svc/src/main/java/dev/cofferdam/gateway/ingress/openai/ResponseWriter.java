package dev.cofferdam.gateway.ingress.openai;

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

/**
 * Responses in OpenAI's JSON: one object with one message of one part of text, or the numbered
 * events that build it.
 */
final class ResponseWriter implements Writer {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final String IN_PROGRESS = "in_progress";
  private static final String COMPLETED = "completed";

  private final ResponseQuery query;
  private final Query.Begun begun;
  private final String model;
  private final StringBuilder text = new StringBuilder();
  private Told.Reason reason = Told.Reason.STOP;
  private boolean started;
  private int sequence;

  ResponseWriter(ResponseQuery query, Query.Begun begun) {
    this.query = query;
    this.begun = begun;
    this.model = query.model().shown(begun);
  }

  @Override
  public JsonNode whole(List<Answered> choices, Told.Usage sum) {
    text.append(choices.getFirst().text());
    reason = choices.getFirst().end().reason();
    return ended(sum);
  }

  @Override
  public void text(EventStream out, int choice, Told.Text more) {
    start(out);
    text.append(more.text());
    ObjectNode event = inPart("response.output_text.delta").put("delta", more.text());
    event.putArray("logprobs");
    send(out, event);
  }

  @Override
  public void ended(EventStream out, int choice, Told.Finished end) {
    start(out);
    reason = end.reason();
    ObjectNode done = inPart("response.output_text.done").put("text", text.toString());
    done.putArray("logprobs");
    send(out, done);
    ObjectNode part = inPart("response.content_part.done");
    part.set("part", part(text.toString()));
    send(out, part);
    ObjectNode item = event("response.output_item.done").put("output_index", 0);
    item.set("item", message(status()));
    send(out, item);
  }

  @Override
  public void finished(EventStream out, Told.Usage sum) {
    ObjectNode event = event("response." + status());
    event.set("response", ended(sum));
    send(out, event);
  }

  @Override
  public void failed(EventStream out, Refusal refusal) {
    ObjectNode response = response("failed");
    String code = OpenAiDialect.code(refusal.code());
    response.putObject("error").put("code", code).put("message", refusal.message());
    ObjectNode event = event("response.failed");
    event.set("response", response);
    send(out, event);
  }

  private void start(EventStream out) {
    if (started) {
      return;
    }
    started = true;
    for (String type : List.of("response.created", "response.in_progress")) {
      ObjectNode event = event(type);
      event.set("response", response(IN_PROGRESS));
      send(out, event);
    }
    ObjectNode item = event("response.output_item.added").put("output_index", 0);
    ObjectNode message = message(IN_PROGRESS);
    message.putArray("content");
    item.set("item", message);
    send(out, item);
    ObjectNode part = inPart("response.content_part.added");
    part.set("part", part(""));
    send(out, part);
  }

  private String status() {
    return reason == Told.Reason.STOP ? COMPLETED : "incomplete";
  }

  private ObjectNode ended(Told.Usage usage) {
    ObjectNode response = response(status());
    response.withArray("output").add(message(status()));
    if (reason == Told.Reason.LENGTH) {
      response.putObject("incomplete_details").put("reason", "max_output_tokens");
    }
    ObjectNode node = response.putObject("usage").put("input_tokens", usage.promptTokens());
    node.putObject("input_tokens_details").put("cached_tokens", usage.cachedPromptTokens());
    node.put("output_tokens", usage.outputTokens());
    node.putObject("output_tokens_details").put("reasoning_tokens", 0);
    node.put("total_tokens", usage.promptTokens() + usage.outputTokens());
    return response;
  }

  private ObjectNode response(String status) {
    ObjectNode response =
        JSON.objectNode()
            .put("id", "resp_" + begun.id().value())
            .put("object", "response")
            .put("created_at", begun.epochS())
            .put("status", status)
            .put("background", false)
            .putNull("error")
            .putNull("incomplete_details")
            .put("model", model)
            .put("parallel_tool_calls", false)
            .putNull("previous_response_id")
            .put("store", false)
            .put("tool_choice", "none")
            .put("truncation", "disabled")
            .putNull("usage");
    response.setAll(query.echoed());
    response.putArray("output");
    response.putArray("tools");
    response.putObject("text").putObject("format").put("type", "text");
    return response;
  }

  private ObjectNode message(String status) {
    ObjectNode message =
        JSON.objectNode()
            .put("id", itemId())
            .put("type", "message")
            .put("role", "assistant")
            .put("status", status);
    message.putArray("content").add(part(text.toString()));
    return message;
  }

  private static ObjectNode part(String text) {
    ObjectNode part = JSON.objectNode().put("type", "output_text").put("text", text);
    part.putArray("annotations");
    part.putArray("logprobs");
    return part;
  }

  private String itemId() {
    return "msg_" + begun.id().value();
  }

  private ObjectNode inPart(String type) {
    return event(type).put("item_id", itemId()).put("output_index", 0).put("content_index", 0);
  }

  private ObjectNode event(String type) {
    return JSON.objectNode().put("type", type).put("sequence_number", sequence++);
  }

  private static void send(EventStream out, ObjectNode event) {
    out.event(event.path("type").asText(), event);
  }
}
