package dev.cofferdam.gateway.ingress.anthropic;

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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Predicate;

/**
 * A message that a client asks for.
 *
 * @param asked what
 * @param model the model as the client wrote it
 * @param stream as server-sent events
 */
record MessagesQuery(Asked asked, ModelName model, boolean stream) implements Query {
  private static final Asked.FieldNames NAMES =
      RestAsked.names("messages", "max_tokens", "stop_sequences");

  private static final Set<String> CONVERSATION = Set.of("model", "messages", "system");

  private static final Map<String, Predicate<JsonNode>> HARMLESS =
      Map.of(
          "metadata", JsonNode::isObject,
          "tools", KnownFields::isEmptyArray,
          "mcp_servers", KnownFields::isEmptyArray,
          "thinking", v -> "disabled".equals(v.path("type").asText()),
          "tool_choice", v -> Set.of("auto", "none").contains(v.path("type").asText()),
          "cache_control", JsonNode::isObject,
          "service_tier", v -> Set.of("auto", "standard_only").contains(v.asText()));

  private static final KnownFields COUNTED = new KnownFields(CONVERSATION, HARMLESS);

  private static final KnownFields FIELDS =
      new KnownFields(
          Set.of(
              "model",
              "messages",
              "system",
              "max_tokens",
              "stop_sequences",
              "stream",
              "temperature",
              "top_p",
              "top_k"),
          HARMLESS);

  /** Prompts are cached by their beginnings anyway, so that a mark to do so changes nothing. */
  private static final TextParts PARTS =
      new TextParts(
          Set.of("text"),
          new KnownFields(
              Set.of("type", "text"),
              Map.of("cache_control", JsonNode::isObject, "citations", KnownFields::isEmptyArray)));

  private static final KnownFields MESSAGE = KnownFields.only("role", "content");

  /**
   * Reads a body.
   *
   * @throws dev.cofferdam.vocabulary.RefusedException naming the field that is to blame
   */
  static MessagesQuery read(JsonNode body) {
    FIELDS.check(body, "");
    ModelName model = model(body);
    OptionalLong outputMax = Fields.integer(body, "max_tokens");
    if (outputMax.isEmpty()) {
      throw Fields.invalid("max_tokens", "is missing");
    }
    Asked.Tuning tuning =
        new Asked.Tuning(
            temperature(body),
            Fields.number(body, "top_p"),
            Fields.integer(body, "top_k"),
            OptionalDouble.empty(),
            Asked.Penalties.NONE,
            OptionalLong.empty(),
            outputMax,
            stops(body),
            OptionalInt.empty(),
            false);
    return new MessagesQuery(asked(body, model, tuning), model, Fields.flag(body, "stream"));
  }

  /**
   * Reads a body whose tokens are to be counted.
   *
   * @throws dev.cofferdam.vocabulary.RefusedException naming the field that is to blame
   */
  static Asked readCounted(JsonNode body) {
    COUNTED.check(body, "");
    return asked(body, model(body), Asked.Tuning.defaults());
  }

  @Override
  public List<Asked> inputs() {
    return List.of(asked);
  }

  @Override
  public int choices() {
    return 1;
  }

  @Override
  public Writer writer(Begun begun) {
    return new MessagesWriter(model.shown(begun), begun);
  }

  private static ModelName model(JsonNode body) {
    ModelName model = ModelName.of(body);
    if (model.written().isEmpty()) {
      throw Fields.invalid("model", "is missing");
    }
    return model;
  }

  private static Asked asked(JsonNode body, ModelName model, Asked.Tuning tuning) {
    return RestAsked.of(model, input(body), tuning, NAMES);
  }

  /** The API's temperatures end at 1. */
  private static OptionalDouble temperature(JsonNode body) {
    OptionalDouble temperature = Fields.number(body, "temperature");
    if (temperature.isPresent() && temperature.getAsDouble() > 1) {
      throw Fields.invalid("temperature", "is out of range (expected: 0 to 1)");
    }
    return temperature;
  }

  private static List<String> stops(JsonNode body) {
    Optional<JsonNode> stops = Fields.present(body, "stop_sequences");
    if (stops.isPresent() && !stops.get().isArray()) {
      throw Fields.invalid("stop_sequences", "must be an array of strings");
    }
    return Fields.strings(body, "stop_sequences");
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
    if (messages.isEmpty()) {
      throw Fields.invalid("messages", "is empty");
    }
    if (messages.getLast().role().equals("assistant")) {
      throw Fields.unsupported("messages", "with a last one to be continued are not supported");
    }
    if (Fields.present(body, "system").isPresent()) {
      messages.addFirst(new ChatMessage("system", PARTS.read(body, "system", "system")));
    }
    return new Asked.Input.Conversation(messages);
  }

  private static ChatMessage message(JsonNode message, String path) {
    if (!message.isObject()) {
      throw Fields.invalid(path, "must be an object");
    }
    MESSAGE.check(message, path);
    String role = Fields.text(message, "role", path + ".role");
    if (!Set.of("user", "assistant").contains(role)) {
      throw Fields.invalid(path + ".role", "is unknown (expected: user or assistant)");
    }
    return new ChatMessage(role, PARTS.read(message, "content", path + ".content"));
  }
}
