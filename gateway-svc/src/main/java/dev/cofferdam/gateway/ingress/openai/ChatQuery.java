package dev.cofferdam.gateway.ingress.openai;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cofferdam.gateway.ingress.Asked;
import dev.cofferdam.gateway.ingress.rest.Fields;
import dev.cofferdam.gateway.ingress.rest.KnownFields;
import dev.cofferdam.gateway.ingress.rest.ModelName;
import dev.cofferdam.gateway.ingress.rest.Query;
import dev.cofferdam.gateway.ingress.rest.RestAsked;
import dev.cofferdam.gateway.ingress.rest.TextParts;
import dev.cofferdam.gateway.ingress.rest.Writer;
import dev.cofferdam.gateway.prompt.ChatMessage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Predicate;

/**
 * A chat completion that a client asks for.
 *
 * @param asked what
 * @param model the model as the client wrote it
 * @param stream as server-sent events
 * @param includeUsage a stream's last chunk tells the usage
 * @param logprobs log-probabilities are part of the answer
 * @param choices how many answers
 */
record ChatQuery(
    Asked asked,
    ModelName model,
    boolean stream,
    boolean includeUsage,
    boolean logprobs,
    int choices)
    implements Query {
  private static final Asked.FieldNames NAMES =
      RestAsked.names("messages", "max_completion_tokens", "stop");

  private static final KnownFields FIELDS =
      new KnownFields(
          OpenAiFields.generatingAnd(
              "messages", "max_completion_tokens", "top_logprobs", "retrieval"),
          harmless());

  /** Of our own; OpenAI has none. */
  private static final KnownFields RETRIEVAL = KnownFields.only("collections", "passages", "query");

  private static final KnownFields MESSAGE =
      new KnownFields(
          Set.of("role", "content", "name", "refusal"),
          Map.of(
              "tool_calls", KnownFields::isEmptyArray, "annotations", KnownFields::isEmptyArray));

  private static final TextParts PARTS =
      new TextParts(Set.of("text"), KnownFields.only("type", "text"));

  private static Map<String, Predicate<JsonNode>> harmless() {
    Map<String, Predicate<JsonNode>> harmless = new HashMap<>(OpenAiFields.HARMLESS);
    harmless.put("response_format", v -> "text".equals(v.path("type").asText()));
    harmless.put("functions", KnownFields::isEmptyArray);
    harmless.put("function_call", JsonNode::isTextual);
    harmless.put("modalities", v -> v.size() == 1 && "text".equals(v.path(0).asText()));
    return harmless;
  }

  /**
   * Reads a body.
   *
   * @throws dev.cofferdam.vocabulary.RefusedException naming the field that is to blame
   */
  static ChatQuery read(JsonNode body) {
    FIELDS.check(body, "");
    ModelName model = ModelName.of(body);
    boolean stream = Fields.flag(body, "stream");
    boolean logprobs = Fields.flag(body, "logprobs");
    Asked asked =
        RestAsked.of(model, input(body), tuning(body, logprobs), NAMES)
            .with(Fields.present(body, "retrieval").map(ChatQuery::retrieval));
    return new ChatQuery(
        asked,
        model,
        stream,
        OpenAiFields.includeUsage(body, stream),
        logprobs,
        OpenAiFields.choices(body));
  }

  @Override
  public List<Asked> inputs() {
    return List.of(asked);
  }

  @Override
  public Writer writer(Begun begun) {
    return new ChatWriter(this, begun);
  }

  private static Asked.Input input(JsonNode body) {
    Optional<JsonNode> list = Fields.present(body, "messages");
    if (list.isEmpty()) {
      return new Asked.Input.Missing();
    }
    if (!list.get().isArray()) {
      throw Fields.invalid("messages", "must be an array");
    }
    List<ChatMessage> messages = new ArrayList<>();
    for (int i = 0; i < list.get().size(); i++) {
      messages.add(message(list.get().get(i), "messages[" + i + "]"));
    }
    return new Asked.Input.Conversation(messages);
  }

  private static ChatMessage message(JsonNode message, String path) {
    if (!message.isObject()) {
      throw Fields.invalid(path, "must be an object");
    }
    MESSAGE.check(message, path);
    String role = Fields.text(message, "role", path + ".role");
    if (role.equals("tool") || role.equals("function")) {
      throw Fields.unsupported(path + ".role", "of tools is not supported");
    }
    return new ChatMessage(
        role.equals("developer") ? "system" : role,
        PARTS.read(message, "content", path + ".content"));
  }

  private static Asked.Retrieval retrieval(JsonNode retrieval) {
    if (!retrieval.isObject()) {
      throw Fields.invalid("retrieval", "must be an object");
    }
    RETRIEVAL.check(retrieval, "retrieval");
    return new Asked.Retrieval(
        Fields.strings(retrieval, "collections"),
        Fields.integer(retrieval, "passages"),
        Fields.text(retrieval, "query", "retrieval.query"));
  }

  private static Asked.Tuning tuning(JsonNode body, boolean logprobs) {
    OptionalLong top = Fields.integer(body, "top_logprobs");
    if (top.isPresent() && !logprobs) {
      throw Fields.invalid("top_logprobs", "needs logprobs to be true");
    }
    if (top.isPresent() && (top.getAsLong() < 0 || top.getAsLong() > 20)) {
      throw Fields.invalid("top_logprobs", "is out of range (expected: 0 to 20)");
    }
    return OpenAiFields.tuning(
        body,
        outputBound(body),
        logprobs ? OptionalInt.of((int) top.orElse(0)) : OptionalInt.empty());
  }

  /** The largest of the fields that bound the output, each of which must hold by itself. */
  private static OptionalLong outputBound(JsonNode body) {
    OptionalLong largest = OptionalLong.empty();
    for (String name : List.of("max_tokens", "max_completion_tokens")) {
      OptionalLong bound = Fields.integer(body, name);
      if (bound.isPresent() && bound.getAsLong() < 1) {
        throw Fields.invalid(name, "is out of range (expected: 1 or more)");
      }
      if (bound.isPresent() && bound.getAsLong() > largest.orElse(0)) {
        largest = bound;
      }
    }
    return largest;
  }
}
