package dev.cofferdam.gateway.prompt.gguf;

import dev.cofferdam.gateway.prompt.ChatTemplate;
import dev.cofferdam.gateway.prompt.PromptFormat;
import dev.cofferdam.gateway.prompt.Tokenizer;
import dev.cofferdam.gateway.prompt.UnsupportedModelException;
import dev.cofferdam.gateway.prompt.Vocabulary;
import dev.cofferdam.gguf.GgufException;
import dev.cofferdam.gguf.GgufHeader;
import dev.cofferdam.gguf.GgufTokenizer;
import dev.cofferdam.gguf.GgufTokenizerReader;
import dev.cofferdam.gguf.ModelPath;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.BiFunction;

/**
 * The prompt format of a GGUF file: the vocabulary (scores of SentencePiece's pieces, or merges of
 * bytes), its special tokens and the chat template in the metadata.
 */
public final class GgufModelFile {
  private final String name;
  private final MemorySegment file;

  /**
   * A file that is already in memory.
   *
   * @param name how the message of a refusal calls it
   */
  public GgufModelFile(String name, MemorySegment file) {
    this.name = name;
    this.file = file;
  }

  /**
   * The file of a model, where it is one in GGUF.
   *
   * @param model the model's path, see {@link ModelPath}
   * @throws UnsupportedModelException where it cannot be told or opened
   */
  public static Optional<GgufModelFile> of(Path model) {
    try {
      return ModelPath.gguf(model)
          .map(path -> new GgufModelFile(String.valueOf(path.getFileName()), GgufHeader.map(path)));
    } catch (GgufException e) {
      throw new UnsupportedModelException(String.valueOf(e.getMessage()), e);
    }
  }

  /**
   * Reads the format.
   *
   * @param templates makes a template of its source and the texts of the named special tokens
   *     ("bos_token", …)
   * @throws UnsupportedModelException where the file is broken or asks for what is not offered
   */
  public PromptFormat read(BiFunction<String, Map<String, String>, ChatTemplate> templates) {
    GgufTokenizer tokenizer;
    try {
      tokenizer =
          new GgufTokenizerReader(GgufHeader.read(GgufHeader.cursor(name, file)).metadata())
              .read()
              .orElseThrow(() -> new GgufException(name + ": tokenizer.ggml.model: missing"));
    } catch (GgufException e) {
      throw new UnsupportedModelException(String.valueOf(e.getMessage()), e);
    }
    try {
      return format(tokenizer, templates);
    } catch (UnsupportedModelException e) {
      throw new UnsupportedModelException(name + ": " + e.getMessage(), e);
    }
  }

  private static PromptFormat format(
      GgufTokenizer tokenizer, BiFunction<String, Map<String, String>, ChatTemplate> templates) {
    SpecialTokens special = new SpecialTokens(tokenizer);
    Vocabulary vocabulary = new GgufVocabulary(tokenizer, special).read();
    List<Integer> stops = special.stops();
    OptionalInt unknown = vocabulary.spelling().unknown();
    if (unknown.isPresent() && stops.contains(unknown.getAsInt())) {
      throw new UnsupportedModelException(
          "tokenizer.ggml.unknown_token_id: the token that ends an output");
    }
    return new PromptFormat(
        new Tokenizer(vocabulary),
        tokenizer.chatTemplate().map(source -> templates.apply(source, special.texts())),
        stops,
        vocabulary.leadingSpaces());
  }
}
