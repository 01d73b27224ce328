package dev.cofferdam.gateway.ingress.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
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

/**
 * A response that a client asks for, of text and without anything that would be kept here: a
 * response cannot be fetched again or continued by its id.
 *
 * @param asked what
 * @param model the model as the client wrote it
 * @param stream as server-sent events
 * @param echoed fields of the request that the response repeats
 */
record ResponseQuery(Asked asked, ModelName model, boolean stream, ObjectNode echoed)
    implements Query {
  private static final Asked.FieldNames NAMES =
      RestAsked.names("input", "max_output_tokens", "stop");

  private static final KnownFields FIELDS =
      new KnownFields(
          Set.of(
              "model",
              "input",
              "instructions",
              "max_output_tokens",
              "temperature",
              "top_p",
              "stream"),
          Map.ofEntries(
              Map.entry("user", JsonNode::isTextual),
              Map.entry("safety_identifier", JsonNode::isTextual),
              Map.entry("prompt_cache_key", JsonNode::isTextual),
              Map.entry("metadata", JsonNode::isObject),
              Map.entry("store", ResponseQuery::isFalse),
              Map.entry("background", ResponseQuery::isFalse),
              Map.entry("include", KnownFields::isEmptyArray),
              Map.entry("tools", KnownFields::isEmptyArray),
              Map.entry("tool_choice", v -> Set.of("auto", "none").contains(v.asText())),
              Map.entry("parallel_tool_calls", JsonNode::isBoolean),
              Map.entry("truncation", v -> "disabled".equals(v.asText())),
              Map.entry("top_logprobs", v -> v.isInt() && v.intValue() == 0),
              Map.entry("stream_options", v -> v.isObject() && !v.has("include_usage")),
              Map.entry("text", v -> plain(v.path("format"))),
              Map.entry("service_tier", v -> Set.of("auto", "default").contains(v.asText()))));

  private static final KnownFields ITEM =
      new KnownFields(
          Set.of("type", "role", "content", "id", "status"), Map.of("phase", JsonNode::isTextual));

  private static final TextParts PARTS =
      new TextParts(
          Set.of("input_text", "output_text"),
          new KnownFields(
              Set.of("type", "text"),
              Map.of(
                  "annotations",
                  KnownFields::isEmptyArray,
                  "logprobs",
                  KnownFields::isEmptyArray)));

  /**
   * Reads a body.
   *
   * @throws dev.cofferdam.vocabulary.RefusedException naming the field that is to blame
   */
  static ResponseQuery read(JsonNode body) {
    FIELDS.check(body, "");
    ModelName model = ModelName.of(body);
    Asked.Tuning tuning =
        new Asked.Tuning(
            Fields.number(body, "temperature"),
            Fields.number(body, "top_p"),
            OptionalLong.empty(),
            OptionalDouble.empty(),
            Asked.Penalties.NONE,
            OptionalLong.empty(),
            Fields.integer(body, "max_output_tokens"),
            List.of(),
            OptionalInt.empty(),
            false);
    Asked asked = RestAsked.of(model, input(body), tuning, NAMES);
    return new ResponseQuery(asked, model, Fields.flag(body, "stream"), echoed(body));
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
    return new ResponseWriter(this, begun);
  }

  private static Asked.Input input(JsonNode body) {
    String instructions = Fields.text(body, "instructions", "instructions");
    Optional<JsonNode> input = Fields.present(body, "input");
    if (input.isEmpty()) {
      return new Asked.Input.Missing();
    }
    List<ChatMessage> messages = new ArrayList<>();
    if (!instructions.isEmpty()) {
      messages.add(new ChatMessage("system", instructions));
    }
    if (input.get().isTextual()) {
      messages.add(new ChatMessage("user", input.get().textValue()));
      return new Asked.Input.Conversation(messages);
    }
    if (!input.get().isArray()) {
      throw Fields.invalid("input", "must be a string or an array of messages");
    }
    if (input.get().isEmpty()) {
      throw Fields.invalid("input", "is empty");
    }
    for (int i = 0; i < input.get().size(); i++) {
      messages.add(message(input.get().get(i), "input[" + i + "]"));
    }
    return new Asked.Input.Conversation(messages);
  }

  private static ChatMessage message(JsonNode item, String path) {
    if (!item.isObject()) {
      throw Fields.invalid(path, "must be an object");
    }
    String type = Fields.text(item, "type", path + ".type");
    if (!type.isEmpty() && !type.equals("message")) {
      throw Fields.unsupported(path + ".type", "is no message; others are not supported");
    }
    ITEM.check(item, path);
    String role = Fields.text(item, "role", path + ".role");
    if (!Set.of("user", "assistant", "system", "developer").contains(role)) {
      throw Fields.invalid(
          path + ".role", "is unknown (expected: user, assistant, system or developer)");
    }
    return new ChatMessage(
        role.equals("developer") ? "system" : role, PARTS.read(item, "content", path + ".content"));
  }

  private static ObjectNode echoed(JsonNode body) {
    ObjectNode echoed = JsonNodeFactory.instance.objectNode();
    for (String name : List.of("instructions", "max_output_tokens", "metadata", "user")) {
      echoed.set(name, body.path(name).isMissingNode() ? echoed.nullNode() : body.get(name));
    }
    echoed.put("temperature", Fields.number(body, "temperature").orElse(1));
    echoed.put("top_p", Fields.number(body, "top_p").orElse(1));
    return echoed;
  }

  private static boolean isFalse(JsonNode value) {
    return value.isBoolean() && !value.booleanValue();
  }

  private static boolean plain(JsonNode format) {
    return format.isMissingNode() || "text".equals(format.path("type").asText());
  }
}
