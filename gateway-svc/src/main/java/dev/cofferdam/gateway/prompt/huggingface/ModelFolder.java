package dev.cofferdam.gateway.prompt.huggingface;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.cofferdam.gateway.prompt.ChatTemplate;
import dev.cofferdam.gateway.prompt.PromptFormat;
import dev.cofferdam.gateway.prompt.Tokenizer;
import dev.cofferdam.gateway.prompt.UnsupportedModelException;
import dev.cofferdam.gateway.prompt.Vocabulary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiFunction;

/**
 * The prompt format of a Hugging Face model folder: {@code tokenizer.json}, {@code
 * tokenizer_config.json}, {@code chat_template.jinja}, and the end tokens of {@code
 * generation_config.json} and {@code config.json}.
 */
public final class ModelFolder {
  private static final JsonMapper JSON =
      new JsonMapper(
          JsonFactory.builder()
              .streamReadConstraints(
                  StreamReadConstraints.builder().maxStringLength(64 << 20).build())
              .build());

  private static final Set<String> FLAGGED = Set.of("LlamaTokenizer", "LlamaTokenizerFast");

  private final Path folder;

  public ModelFolder(Path folder) {
    this.folder = folder;
  }

  /**
   * Reads the format.
   *
   * @param templates makes a template of its source and the texts of the named special tokens
   *     ("bos_token", …)
   * @throws UnsupportedModelException where a file is missing, broken or asks for what is not
   *     offered
   */
  public PromptFormat read(BiFunction<String, Map<String, String>, ChatTemplate> templates) {
    Vocabulary vocabulary;
    try {
      vocabulary = new TokenizerFile(required("tokenizer.json")).vocabulary();
    } catch (IllegalArgumentException e) {
      throw new UnsupportedModelException("tokenizer.json: " + e.getMessage(), e);
    }
    JsonNode config = optional("tokenizer_config.json");
    vocabulary = withFlags(vocabulary, config);
    List<Integer> stops = stopTokens();
    OptionalInt unknown = vocabulary.spelling().unknown();
    if (unknown.isPresent() && stops.contains(unknown.getAsInt())) {
      throw new UnsupportedModelException(
          "tokenizer.json: unknown characters would become the token that ends an output");
    }
    return new PromptFormat(
        new Tokenizer(vocabulary),
        templateSource(config).map(source -> templates.apply(source, specialTexts(config))),
        stops,
        vocabulary.leadingSpaces());
  }

  /**
   * Transformers' class for Llama 2 and Mistral puts the flags of its configuration, where there
   * are some, in place of what tokenizer.json says; the classes of other families go by
   * tokenizer.json alone. (<a
   * href="https://github.com/huggingface/transformers/blob/v4.57.0/src/transformers/models/llama/tokenization_llama_fast.py">LlamaTokenizerFast</a>)
   */
  private static Vocabulary withFlags(Vocabulary vocabulary, JsonNode config) {
    boolean heeds = FLAGGED.contains(config.path("tokenizer_class").asText());
    if (!heeds || !(config.has("add_bos_token") || config.has("add_eos_token"))) {
      return vocabulary;
    }
    return vocabulary.around(
        config.path("add_bos_token").asBoolean(true)
            ? List.of(special(vocabulary, config, "bos_token"))
            : List.of(),
        config.path("add_eos_token").asBoolean(false)
            ? List.of(special(vocabulary, config, "eos_token"))
            : List.of());
  }

  private static int special(Vocabulary vocabulary, JsonNode config, String name) {
    String text = specialTexts(config).getOrDefault(name, "");
    return vocabulary.added().stream()
        .filter(token -> token.text().equals(text))
        .findFirst()
        .orElseThrow(
            () ->
                new UnsupportedModelException(
                    "tokenizer_config.json: add_" + name + " without a " + name))
        .id();
  }

  private List<Integer> stopTokens() {
    TreeSet<Integer> ids = new TreeSet<>();
    for (String file : List.of("generation_config.json", "config.json")) {
      JsonNode eos = optional(file).path("eos_token_id");
      if (eos.isInt()) {
        ids.add(eos.intValue());
      }
      eos.forEach(id -> ids.add(id.intValue()));
    }
    return new ArrayList<>(ids);
  }

  private Optional<String> templateSource(JsonNode config) {
    Path file = folder.resolve("chat_template.jinja");
    if (Files.isRegularFile(file)) {
      try {
        return Optional.of(Files.readString(file));
      } catch (IOException e) {
        throw new UnsupportedModelException("chat_template.jinja: unreadable", e);
      }
    }
    JsonNode template = config.path("chat_template");
    if (template.isTextual()) {
      return Optional.of(template.asText());
    }
    for (JsonNode named : template) {
      if ("default".equals(named.path("name").asText())) {
        return Optional.of(named.path("template").asText());
      }
    }
    return Optional.empty();
  }

  private static Map<String, String> specialTexts(JsonNode config) {
    Map<String, String> texts = new HashMap<>();
    for (String name : List.of("bos_token", "eos_token", "unk_token", "pad_token")) {
      JsonNode value = config.path(name);
      if (value.isTextual()) {
        texts.put(name, value.asText());
      } else if (value.has("content")) {
        texts.put(name, value.path("content").asText());
      }
    }
    return texts;
  }

  private JsonNode required(String name) {
    JsonNode node = optional(name);
    if (node.isMissingNode()) {
      throw new UnsupportedModelException(name + ": missing");
    }
    return node;
  }

  private JsonNode optional(String name) {
    Path file = folder.resolve(name);
    if (!Files.isRegularFile(file)) {
      return JSON.missingNode();
    }
    try {
      return JSON.readTree(file.toFile());
    } catch (IOException e) {
      throw new UnsupportedModelException(name + ": unreadable", e);
    }
  }
}
