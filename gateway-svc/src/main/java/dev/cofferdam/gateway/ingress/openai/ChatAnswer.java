package dev.cofferdam.gateway.ingress.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cofferdam.gateway.dispatch.TokenScores;
import dev.cofferdam.gateway.dispatch.Told;
import dev.cofferdam.gateway.prompt.Tokenizer;
import dev.cofferdam.vocabulary.RequestId;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Chat completions in OpenAI's JSON.
 *
 * @param id the request, part of the completion's id
 * @param model the model as the client wrote it
 * @param createdEpochS seconds since the epoch
 * @param tokenizer for the texts of log-probabilities
 * @param includeUsage whether chunks carry usage
 */
record ChatAnswer(
    RequestId id, String model, long createdEpochS, Tokenizer tokenizer, boolean includeUsage) {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  /** A stream's first chunk: the role, no text. */
  ObjectNode first(int choice) {
    ObjectNode delta = JSON.objectNode();
    delta.put("role", "assistant").put("content", "").putNull("refusal");
    return chunk(choice, delta, null, null);
  }

  /** A chunk with text. */
  ObjectNode delta(int choice, String text, List<TokenScores> scores, boolean logprobs) {
    ObjectNode delta = JSON.objectNode().put("content", text);
    return chunk(choice, delta, logprobs ? logprobs(scores) : null, null);
  }

  /** The chunk that says why the output ended. */
  ObjectNode end(int choice, Told.Reason reason) {
    return chunk(choice, JSON.objectNode(), null, reason(reason));
  }

  /** The last chunk, where usage was asked for. */
  ObjectNode usageChunk(Told.Usage usage) {
    ObjectNode chunk = head("chat.completion.chunk");
    chunk.putArray("choices");
    chunk.set("usage", usage(usage));
    return chunk;
  }

  /** One of the answers of a whole completion. */
  record Choice(String text, List<TokenScores> scores, Told.Reason reason) {}

  /** A whole completion. */
  ObjectNode completion(List<Choice> choices, boolean logprobs, Told.Usage usage) {
    ObjectNode body = head("chat.completion");
    ArrayNode list = body.putArray("choices");
    for (int i = 0; i < choices.size(); i++) {
      choice(list.addObject().put("index", i), choices.get(i), logprobs);
    }
    body.set("usage", usage(usage));
    return body;
  }

  private void choice(ObjectNode choice, Choice made, boolean logprobs) {
    choice
        .putObject("message")
        .put("role", "assistant")
        .put("content", made.text())
        .putNull("refusal")
        .putArray("annotations");
    if (logprobs) {
      choice.set("logprobs", logprobs(made.scores()));
    } else {
      choice.putNull("logprobs");
    }
    choice.put("finish_reason", reason(made.reason()));
  }

  private ObjectNode chunk(
      int index,
      ObjectNode delta,
      @org.jspecify.annotations.Nullable ObjectNode logprobs,
      @org.jspecify.annotations.Nullable String finishReason) {
    ObjectNode chunk = head("chat.completion.chunk");
    ObjectNode choice = chunk.putArray("choices").addObject();
    choice.put("index", index);
    choice.set("delta", delta);
    choice.set("logprobs", logprobs == null ? JSON.nullNode() : logprobs);
    choice.put("finish_reason", finishReason);
    if (includeUsage) {
      chunk.putNull("usage");
    }
    return chunk;
  }

  private ObjectNode head(String object) {
    return JSON.objectNode()
        .put("id", "chatcmpl-" + id.value())
        .put("object", object)
        .put("created", createdEpochS)
        .put("model", model)
        .putNull("system_fingerprint");
  }

  private static String reason(Told.Reason reason) {
    return reason == Told.Reason.STOP ? "stop" : "length";
  }

  private static ObjectNode usage(Told.Usage usage) {
    ObjectNode node =
        JSON.objectNode()
            .put("prompt_tokens", usage.promptTokens())
            .put("completion_tokens", usage.outputTokens())
            .put("total_tokens", usage.promptTokens() + usage.outputTokens());
    node.putObject("prompt_tokens_details").put("cached_tokens", usage.cachedPromptTokens());
    return node;
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
