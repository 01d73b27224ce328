package dev.cofferdam.gateway.ingress.openai;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cofferdam.gateway.ingress.Asked;
import dev.cofferdam.gateway.ingress.rest.Fields;
import dev.cofferdam.gateway.ingress.rest.KnownFields;
import dev.cofferdam.gateway.ingress.rest.ModelName;
import dev.cofferdam.gateway.ingress.rest.Query;
import dev.cofferdam.gateway.ingress.rest.RestAsked;
import dev.cofferdam.gateway.ingress.rest.Writer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * A completion of texts that a client asks for, in the API that came before chats. Token ids stand
 * for the text that the model's tokenizer makes them of.
 *
 * @param inputs the prompts
 * @param model the model as the client wrote it
 * @param stream as server-sent events
 * @param includeUsage a stream's last chunk tells the usage
 * @param logprobs log-probabilities are part of the answer
 * @param choices answers to each prompt
 */
record CompletionQuery(
    List<Asked> inputs,
    ModelName model,
    boolean stream,
    boolean includeUsage,
    boolean logprobs,
    int choices)
    implements Query {
  private static final Asked.FieldNames NAMES = RestAsked.names("prompt", "max_tokens", "stop");

  private static final KnownFields FIELDS =
      new KnownFields(
          OpenAiFields.generatingAnd("prompt", "best_of"),
          Map.of(
              "user", JsonNode::isTextual,
              "logit_bias", v -> v.isObject() && v.isEmpty(),
              "echo", v -> v.isBoolean() && !v.booleanValue(),
              "suffix", v -> v.isTextual() && v.textValue().isEmpty()));

  private static final int LOGPROBS_MAX = 5;

  /** The API's default. */
  private static final long OUTPUT_TOKENS = 16;

  CompletionQuery {
    inputs = List.copyOf(inputs);
  }

  /**
   * Reads a body.
   *
   * @throws dev.cofferdam.vocabulary.RefusedException naming the field that is to blame
   */
  static CompletionQuery read(JsonNode body) {
    FIELDS.check(body, "");
    ModelName model = ModelName.of(body);
    boolean stream = Fields.flag(body, "stream");
    int choices = OpenAiFields.choices(body);
    if (Fields.integer(body, "best_of").orElse(choices) != choices) {
      throw Fields.unsupported("best_of", "is supported where it equals n only");
    }
    OptionalInt logprobs = logprobs(body);
    long outputMax = Fields.integer(body, "max_tokens").orElse(OUTPUT_TOKENS);
    Asked.Tuning tuning = OpenAiFields.tuning(body, OptionalLong.of(outputMax), logprobs);
    List<Asked> inputs = new ArrayList<>();
    for (Asked.Input prompt : prompts(body)) {
      inputs.add(RestAsked.of(model, prompt, tuning, NAMES));
    }
    if (inputs.size() * choices > OpenAiFields.CHOICES_MAX) {
      throw Fields.invalid(
          "prompt",
          "asks for too many answers (expected: prompts times n at most "
              + OpenAiFields.CHOICES_MAX
              + ")");
    }
    return new CompletionQuery(
        inputs,
        model,
        stream,
        OpenAiFields.includeUsage(body, stream),
        logprobs.isPresent(),
        choices);
  }

  @Override
  public Writer writer(Begun begun) {
    return new CompletionWriter(this, begun);
  }

  private static List<Asked.Input> prompts(JsonNode body) {
    Optional<JsonNode> prompt = Fields.present(body, "prompt");
    if (prompt.isEmpty()) {
      return List.of(new Asked.Input.Missing());
    }
    if (prompt.get().isArray() && prompt.get().path(0).isNumber()) {
      return List.of(tokens(prompt.get()));
    }
    if (prompt.get().isArray() && prompt.get().path(0).isArray()) {
      List<Asked.Input> inputs = new ArrayList<>();
      prompt.get().forEach(ids -> inputs.add(tokens(ids)));
      return inputs;
    }
    List<Asked.Input> inputs = new ArrayList<>();
    Fields.strings(body, "prompt").forEach(text -> inputs.add(new Asked.Input.Text(text)));
    if (inputs.isEmpty()) {
      throw Fields.invalid("prompt", "is empty");
    }
    return inputs;
  }

  private static Asked.Input.Tokens tokens(JsonNode ids) {
    int[] tokens = new int[ids.size()];
    for (int i = 0; i < tokens.length; i++) {
      JsonNode id = ids.get(i);
      if (!id.isIntegralNumber() || !id.canConvertToInt()) {
        throw Fields.invalid("prompt", "has an entry that is no token id");
      }
      tokens[i] = id.intValue();
    }
    return new Asked.Input.Tokens(tokens);
  }

  private static OptionalInt logprobs(JsonNode body) {
    OptionalLong logprobs = Fields.integer(body, "logprobs");
    if (logprobs.isEmpty()) {
      return OptionalInt.empty();
    }
    if (logprobs.getAsLong() < 0 || logprobs.getAsLong() > LOGPROBS_MAX) {
      throw Fields.invalid("logprobs", "is out of range (expected: 0 to " + LOGPROBS_MAX + ")");
    }
    return OptionalInt.of((int) logprobs.getAsLong());
  }
}
