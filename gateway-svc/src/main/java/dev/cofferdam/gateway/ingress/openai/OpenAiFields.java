package dev.cofferdam.gateway.ingress.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cofferdam.gateway.dispatch.Told;
import dev.cofferdam.gateway.ingress.Asked;
import dev.cofferdam.gateway.ingress.rest.Fields;
import dev.cofferdam.gateway.ingress.rest.KnownFields;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Predicate;

/** Fields that several of OpenAI's requests have. */
final class OpenAiFields {
  /** Generations of one request at most. */
  static final int CHOICES_MAX = 8;

  /** Fields that change nothing here, with the values that may be asked for. */
  static final Map<String, Predicate<JsonNode>> HARMLESS =
      Map.of(
          "user", JsonNode::isTextual,
          "safety_identifier", JsonNode::isTextual,
          "prompt_cache_key", JsonNode::isTextual,
          "metadata", JsonNode::isObject,
          "store", v -> v.isBoolean() && !v.booleanValue(),
          "logit_bias", v -> v.isObject() && v.isEmpty(),
          "tools", KnownFields::isEmptyArray,
          "tool_choice", v -> v.isTextual() && !"required".equals(v.textValue()),
          "parallel_tool_calls", JsonNode::isBoolean,
          "service_tier", v -> Set.of("auto", "default").contains(v.asText()));

  private static final Set<String> GENERATING =
      Set.of(
          "model",
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
          "n",
          "logprobs");

  private static final Set<String> STREAM_OPTIONS = Set.of("include_usage", "include_obfuscation");

  private OpenAiFields() {}

  /** The fields of whatever generates, and these. */
  static Set<String> generatingAnd(String... more) {
    Set<String> all = new HashSet<>(GENERATING);
    all.addAll(List.of(more));
    return all;
  }

  static int choices(JsonNode body) {
    long choices = Fields.integer(body, "n").orElse(1);
    if (choices < 1 || choices > CHOICES_MAX) {
      throw Fields.invalid("n", "is out of range (expected: 1 to " + CHOICES_MAX + ")");
    }
    return (int) choices;
  }

  static boolean includeUsage(JsonNode body, boolean stream) {
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
      if (!STREAM_OPTIONS.contains(option.getKey())) {
        throw Fields.unsupported("stream_options", "has an option that is not supported");
      }
    }
    return Fields.flag(options.get(), "include_usage");
  }

  /** How the output is made. */
  static Asked.Tuning tuning(JsonNode body, OptionalLong outputTokensMax, OptionalInt logprobs) {
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
        outputTokensMax,
        Fields.strings(body, "stop"),
        logprobs,
        false);
  }

  static ObjectNode usage(Told.Usage usage) {
    ObjectNode node =
        JsonNodeFactory.instance
            .objectNode()
            .put("prompt_tokens", usage.promptTokens())
            .put("completion_tokens", usage.outputTokens())
            .put("total_tokens", usage.promptTokens() + usage.outputTokens());
    node.putObject("prompt_tokens_details").put("cached_tokens", usage.cachedPromptTokens());
    return node;
  }

  static String reason(Told.Reason reason) {
    return reason == Told.Reason.STOP ? "stop" : "length";
  }
}
