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
import dev.cofferdam.vocabulary.Refusal;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Completions of texts in OpenAI's JSON, with log-probabilities as parallel lists. */
final class CompletionWriter implements Writer {
  private final CompletionQuery query;
  private final Query.Begun begun;
  private final String model;
  private final Tokenizer tokenizer;

  /** Characters of each choice's tokens so far. */
  private final int[] offsets;

  CompletionWriter(CompletionQuery query, Query.Begun begun) {
    this.query = query;
    this.begun = begun;
    this.model = query.model().shown(begun);
    this.tokenizer = begun.first().format().tokenizer();
    this.offsets = new int[query.inputs().size() * query.choices()];
  }

  @Override
  public JsonNode whole(List<Answered> choices, Told.Usage sum) {
    ObjectNode body = head();
    ArrayNode list = body.putArray("choices");
    for (int i = 0; i < choices.size(); i++) {
      Answered made = choices.get(i);
      String reason = OpenAiFields.reason(made.end().reason());
      list.add(choice(i, made.text(), made.scores(), reason));
    }
    body.set("usage", OpenAiFields.usage(sum));
    return body;
  }

  @Override
  public void text(EventStream out, int choice, Told.Text text) {
    out.event(chunk(choice(choice, text.text(), text.scores(), null)));
  }

  @Override
  public void ended(EventStream out, int choice, Told.Finished end) {
    out.event(chunk(choice(choice, "", List.of(), OpenAiFields.reason(end.reason()))));
  }

  @Override
  public void finished(EventStream out, Told.Usage sum) {
    if (query.includeUsage()) {
      ObjectNode chunk = head();
      chunk.putArray("choices");
      chunk.set("usage", OpenAiFields.usage(sum));
      out.event(chunk);
    }
    out.line("[DONE]");
  }

  @Override
  public void failed(EventStream out, Refusal refusal) {
    out.event(out.error(refusal));
  }

  private ObjectNode chunk(ObjectNode choice) {
    ObjectNode chunk = head();
    chunk.putArray("choices").add(choice);
    if (query.includeUsage()) {
      chunk.putNull("usage");
    }
    return chunk;
  }

  private ObjectNode head() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("id", "cmpl-" + begun.id().value())
        .put("object", "text_completion")
        .put("created", begun.epochS())
        .put("model", model)
        .putNull("system_fingerprint");
  }

  private ObjectNode choice(
      int index, String text, List<TokenScores> scores, @Nullable String reason) {
    ObjectNode choice = JsonNodeFactory.instance.objectNode().put("text", text).put("index", index);
    if (query.logprobs()) {
      logprobs(choice.putObject("logprobs"), index, scores);
    } else {
      choice.putNull("logprobs");
    }
    return choice.put("finish_reason", reason);
  }

  private void logprobs(ObjectNode node, int choice, List<TokenScores> scores) {
    ArrayNode tokens = node.putArray("tokens");
    ArrayNode logprobs = node.putArray("token_logprobs");
    ArrayNode tops = node.putArray("top_logprobs");
    ArrayNode textOffsets = node.putArray("text_offset");
    for (TokenScores token : scores) {
      String text = text(token.token());
      tokens.add(text);
      logprobs.add(token.logprob());
      ObjectNode top = tops.addObject();
      token.top().forEach(t -> top.put(text(t.token()), t.logprob()));
      textOffsets.add(offsets[choice]);
      offsets[choice] += text.length();
    }
  }

  private String text(int token) {
    return new String(tokenizer.bytes(token), StandardCharsets.UTF_8);
  }
}
