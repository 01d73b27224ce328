package dev.cofferdam.gateway.ingress.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cofferdam.gateway.dispatch.Answered;
import dev.cofferdam.gateway.dispatch.TokenScores;
import dev.cofferdam.gateway.dispatch.Told;
import dev.cofferdam.gateway.ingress.rest.EventStream;
import dev.cofferdam.gateway.ingress.rest.Query;
import dev.cofferdam.gateway.ingress.rest.Writer;
import dev.cofferdam.gateway.prompt.Tokenizer;
import dev.cofferdam.gateway.retrieval.Citation;
import dev.cofferdam.gateway.retrieval.Passage;
import dev.cofferdam.vocabulary.Refusal;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Chat completions in OpenAI's JSON: one object, or chunks of which the first has the role. */
final class ChatWriter implements Writer {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private final ChatQuery query;
  private final Query.Begun begun;
  private final String model;
  private final Tokenizer tokenizer;
  private final boolean[] started;

  ChatWriter(ChatQuery query, Query.Begun begun) {
    this.query = query;
    this.begun = begun;
    this.model = query.model().shown(begun);
    this.tokenizer = begun.first().format().tokenizer();
    this.started = new boolean[query.choices()];
  }

  @Override
  public JsonNode whole(List<Answered> choices, Told.Usage sum) {
    ObjectNode body = head("chat.completion");
    ArrayNode list = body.putArray("choices");
    for (int i = 0; i < choices.size(); i++) {
      choice(list.addObject().put("index", i), choices.get(i));
    }
    body.set("usage", OpenAiFields.usage(sum));
    if (query.asked().retrieval().isPresent()) {
      body.set("citations", citations());
    }
    return body;
  }

  @Override
  public void text(EventStream out, int choice, Told.Text text) {
    start(out, choice);
    ObjectNode delta = JSON.objectNode().put("content", text.text());
    out.event(chunk(choice, delta, query.logprobs() ? logprobs(text.scores()) : null, null));
  }

  @Override
  public void ended(EventStream out, int choice, Told.Finished end) {
    start(out, choice);
    out.event(chunk(choice, JSON.objectNode(), null, OpenAiFields.reason(end.reason())));
  }

  @Override
  public void finished(EventStream out, Told.Usage sum) {
    boolean cites = query.asked().retrieval().isPresent();
    if (query.includeUsage() || cites) {
      ObjectNode chunk = head("chat.completion.chunk");
      chunk.putArray("choices");
      if (query.includeUsage()) {
        chunk.set("usage", OpenAiFields.usage(sum));
      }
      if (cites) {
        chunk.set("citations", citations());
      }
      out.event(chunk);
    }
    out.line("[DONE]");
  }

  @Override
  public void failed(EventStream out, Refusal refusal) {
    out.event(out.error(refusal));
  }

  private void start(EventStream out, int choice) {
    if (!started[choice]) {
      started[choice] = true;
      ObjectNode delta = JSON.objectNode();
      delta.put("role", "assistant").put("content", "").putNull("refusal");
      out.event(chunk(choice, delta, null, null));
    }
  }

  private void choice(ObjectNode choice, Answered made) {
    choice
        .putObject("message")
        .put("role", "assistant")
        .put("content", made.text())
        .putNull("refusal")
        .putArray("annotations");
    if (query.logprobs()) {
      choice.set("logprobs", logprobs(made.scores()));
    } else {
      choice.putNull("logprobs");
    }
    choice.put("finish_reason", OpenAiFields.reason(made.end().reason()));
  }

  private ObjectNode chunk(
      int index, ObjectNode delta, @Nullable ObjectNode logprobs, @Nullable String finishReason) {
    ObjectNode chunk = head("chat.completion.chunk");
    ObjectNode choice = chunk.putArray("choices").addObject();
    choice.put("index", index);
    choice.set("delta", delta);
    choice.set("logprobs", logprobs == null ? JSON.nullNode() : logprobs);
    choice.put("finish_reason", finishReason);
    if (query.includeUsage()) {
      chunk.putNull("usage");
    }
    return chunk;
  }

  private ObjectNode head(String object) {
    return JSON.objectNode()
        .put("id", "chatcmpl-" + begun.id().value())
        .put("object", object)
        .put("created", begun.epochS())
        .put("model", model)
        .putNull("system_fingerprint");
  }

  private ArrayNode citations() {
    ArrayNode list = JSON.arrayNode();
    for (Citation citation : begun.first().citations()) {
      Passage passage = citation.passage();
      list.addObject()
          .put("number", citation.number())
          .put("document", passage.document())
          .put("title", passage.title())
          .put("collection", passage.collection())
          .put("passage", passage.place())
          .put("score", passage.score());
    }
    return list;
  }

  private ObjectNode logprobs(List<TokenScores> scores) {
    ObjectNode node = JSON.objectNode();
    ArrayNode content = node.putArray("content");
    for (TokenScores token : scores) {
      ObjectNode entry = content.addObject();
      logprob(entry, token.token(), token.logprob());
      ArrayNode top = entry.putArray("top_logprobs");
      token.top().forEach(t -> logprob(top.addObject(), t.token(), t.logprob()));
    }
    node.putNull("refusal");
    return node;
  }

  private void logprob(ObjectNode entry, int token, float logprob) {
    byte[] bytes = tokenizer.bytes(token);
    entry.put("token", new String(bytes, StandardCharsets.UTF_8));
    entry.put("logprob", logprob);
    ArrayNode list = entry.putArray("bytes");
    for (byte b : bytes) {
      list.add(b & 0xff);
    }
  }
}
