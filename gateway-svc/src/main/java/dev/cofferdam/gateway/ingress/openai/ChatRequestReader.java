package dev.cofferdam.gateway.ingress.openai;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cofferdam.gateway.ingress.Asked;
import dev.cofferdam.gateway.prompt.ChatMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Reads the body of a chat completion. What is not offered is refused by name, unless it asks for
 * what happens anyway. A model is "&lt;model&gt;" or "&lt;model&gt;:&lt;adapter&gt;".
 */
final class ChatRequestReader {
  private static final Asked.FieldNames NAMES =
      new Asked.FieldNames(
          "model",
          "model",
          "messages",
          "messages",
          "temperature",
          "top_p",
          "top_k",
          "min_p",
          "presence_penalty",
          "frequency_penalty",
          "repetition_penalty",
          "max_completion_tokens",
          "stop",
          "top_logprobs");

  private static final int CHOICES_MAX = 8;

  private static final Set<String> READ =
      Set.of(
          "model",
          "messages",
          "stream",
          "stream_options",
          "temperature",
          "top_p",
          "top_k",
          "min_p",
          "presence_penalty",
          "frequency_penalty",
          "repetition_penalty",
          "seed",
          "stop",
          "max_tokens",
          "max_completion_tokens",
          "n",
          "logprobs",
          "top_logprobs");

  /** Fields that change nothing here, with the values that may be asked for. */
  private static final Map<String, Predicate<JsonNode>> HARMLESS =
      Map.ofEntries(
          Map.entry("user", JsonNode::isTextual),
          Map.entry("safety_identifier", JsonNode::isTextual),
          Map.entry("prompt_cache_key", JsonNode::isTextual),
          Map.entry("metadata", JsonNode::isObject),
          Map.entry("store", v -> v.isBoolean() && !v.booleanValue()),
          Map.entry("logit_bias", v -> v.isObject() && v.isEmpty()),
          Map.entry("response_format", v -> "text".equals(v.path("type").asText())),
          Map.entry("tools", ChatRequestReader::isEmptyArray),
          Map.entry("functions", ChatRequestReader::isEmptyArray),
          Map.entry("tool_choice", v -> v.isTextual() && !"required".equals(v.textValue())),
          Map.entry("function_call", v -> v.isTextual()),
          Map.entry("parallel_tool_calls", JsonNode::isBoolean),
          Map.entry("modalities", v -> v.size() == 1 && "text".equals(v.path(0).asText())),
          Map.entry("service_tier", v -> Set.of("auto", "default").contains(v.asText())));

  private ChatRequestReader() {}

  /**
   * Reads a body.
   *
   * @throws dev.cofferdam.vocabulary.RefusedException naming the field that is to blame
   */
  static ChatRequest read(byte[] bytes) {
    JsonNode body = StrictJson.object(bytes);
    refuseUnknown(body);
    String model = Fields.text(body, "model", "model");
    int colon = model.indexOf(':');
    boolean stream = Fields.flag(body, "stream");
    boolean logprobs = Fields.flag(body, "logprobs");
    Asked asked =
        new Asked(
            colon < 0 ? model : model.substring(0, colon),
            colon < 0 ? "" : adapter(model, colon),
            input(body),
            tuning(body, logprobs),
            Optional.empty(),
            OptionalLong.empty(),
            NAMES);
    return new ChatRequest(
        asked, model, stream, includeUsage(body, stream), logprobs, choices(body));
  }

  private static int choices(JsonNode body) {
    long choices = Fields.integer(body, "n").orElse(1);
    if (choices < 1 || choices > CHOICES_MAX) {
      throw Fields.invalid("n", "is out of range (expected: 1 to " + CHOICES_MAX + ")");
    }
    return (int) choices;
  }

  private static String adapter(String model, int colon) {
    String adapter = model.substring(colon + 1);
    if (adapter.isEmpty()) {
      throw Fields.invalid("model", "names no adapter after its colon");
    }
    return adapter;
  }

  private static void refuseUnknown(JsonNode body) {
    for (Map.Entry<String, JsonNode> field : body.properties()) {
      String name = field.getKey();
      if (READ.contains(name) || field.getValue().isNull()) {
        continue;
      }
      Predicate<JsonNode> harmless = HARMLESS.get(name);
      if (harmless == null) {
        throw Fields.unsupported(shown(name), "is not supported");
      }
      if (!harmless.test(field.getValue())) {
        throw Fields.unsupported(name, "is supported with its default value only");
      }
    }
  }

  /** A name that a client made up may be content: only what looks like a parameter is repeated. */
  private static String shown(String name) {
    return name.matches("[a-z_]{1,40}") ? name : "a parameter";
  }

  private static boolean includeUsage(JsonNode body, boolean stream) {
    Optional<JsonNode> options = Fields.present(body, "stream_options");
    if (options.isEmpty()) {
      return false;
    }
    if (!options.get().isObject()) {
      throw Fields.invalid("stream_options", "must be an object");
    }
    if (!stream) {
      throw Fields.invalid("stream_options", "is for streams only");
    }
    for (Map.Entry<String, JsonNode> option : options.get().properties()) {
      boolean known = Set.of("include_usage", "include_obfuscation").contains(option.getKey());
      if (!known) {
        throw Fields.unsupported("stream_options", "has an option that is not supported");
      }
    }
    return Fields.flag(options.get(), "include_usage");
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
    for (Map.Entry<String, JsonNode> field : message.properties()) {
      boolean known = Set.of("role", "content", "name", "refusal").contains(field.getKey());
      boolean empty = field.getValue().isNull() || isEmptyArray(field.getValue());
      if (!known && !empty) {
        throw Fields.unsupported(path, "has a field that is not supported");
      }
    }
    String role = Fields.text(message, "role", path + ".role");
    if (role.equals("tool") || role.equals("function")) {
      throw Fields.unsupported(path + ".role", "of tools is not supported");
    }
    return new ChatMessage(
        role.equals("developer") ? "system" : role, content(message, path + ".content"));
  }

  private static String content(JsonNode message, String path) {
    Optional<JsonNode> content = Fields.present(message, "content");
    if (content.isEmpty()) {
      throw Fields.invalid(path, "is missing");
    }
    if (content.get().isTextual()) {
      return content.get().textValue();
    }
    if (!content.get().isArray()) {
      throw Fields.invalid(path, "must be a string or an array of text parts");
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < content.get().size(); i++) {
      JsonNode part = content.get().get(i);
      String at = path + "[" + i + "]";
      if (!"text".equals(part.path("type").asText())) {
        throw Fields.unsupported(at, "is no text part; others are not supported");
      }
      if (!part.path("text").isTextual()) {
        throw Fields.invalid(at + ".text", "must be a string");
      }
      text.append(part.path("text").textValue());
    }
    return text.toString();
  }

  private static Asked.Tuning tuning(JsonNode body, boolean logprobs) {
    OptionalLong top = Fields.integer(body, "top_logprobs");
    if (top.isPresent() && !logprobs) {
      throw Fields.invalid("top_logprobs", "needs logprobs to be true");
    }
    if (top.isPresent() && (top.getAsLong() < 0 || top.getAsLong() > 20)) {
      throw Fields.invalid("top_logprobs", "is out of range (expected: 0 to 20)");
    }
    return new Asked.Tuning(
        Fields.number(body, "temperature"),
        Fields.number(body, "top_p"),
        Fields.integer(body, "top_k"),
        Fields.number(body, "min_p"),
        new Asked.Penalties(
            Fields.number(body, "presence_penalty"),
            Fields.number(body, "frequency_penalty"),
            Fields.number(body, "repetition_penalty")),
        Fields.integer(body, "seed"),
        outputBound(body),
        stops(body),
        logprobs ? OptionalInt.of((int) top.orElse(0)) : OptionalInt.empty(),
        false);
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

  private static List<String> stops(JsonNode body) {
    Optional<JsonNode> stop = Fields.present(body, "stop");
    if (stop.isEmpty()) {
      return List.of();
    }
    if (stop.get().isTextual()) {
      return List.of(stop.get().textValue());
    }
    if (!stop.get().isArray()) {
      throw Fields.invalid("stop", "must be a string or an array of strings");
    }
    List<String> stops = new ArrayList<>();
    for (JsonNode entry : stop.get()) {
      if (!entry.isTextual()) {
        throw Fields.invalid("stop", "must be a string or an array of strings");
      }
      stops.add(entry.textValue());
    }
    return stops;
  }

  private static boolean isEmptyArray(JsonNode value) {
    return value.isArray() && value.isEmpty();
  }
}
