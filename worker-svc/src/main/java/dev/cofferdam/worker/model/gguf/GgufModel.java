package dev.cofferdam.worker.model.gguf;

import dev.cofferdam.gguf.GgufException;
import dev.cofferdam.gguf.GgufTokenizer;
import dev.cofferdam.gguf.GgufTokenizerReader;
import dev.cofferdam.worker.model.LayerTensor;
import dev.cofferdam.worker.model.ModelConfig;
import dev.cofferdam.worker.model.ModelLoadException;
import dev.cofferdam.worker.model.ModelWeights;
import dev.cofferdam.worker.model.WeightTensor;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model in a GGUF file of architecture llama (Llama, Mistral, SmolLM), qwen2 or qwen3.
 *
 * @param weights geometry and tensors, in the names and layout of Hugging Face; quantised ones are
 *     widened where they are read
 * @param tokenizer the built-in tokenizer, if there is one; it has as many tokens as the model
 */
public record GgufModel(ModelWeights weights, Optional<GgufTokenizer> tokenizer) {
  private static final Pattern LAYER = Pattern.compile("blk\\.(\\d{1,4})\\.(.+)");

  /**
   * Opens a file; maps it into memory.
   *
   * @throws ModelLoadException when it is malformed or not supported
   */
  public static GgufModel load(Path file) {
    return of(() -> GgufFile.map(file));
  }

  /**
   * Opens a file that is already in memory.
   *
   * @param name how the message of a refusal calls it
   * @throws ModelLoadException when it is malformed or not supported
   */
  public static GgufModel of(String name, MemorySegment file) {
    return of(() -> GgufFile.of(name, file));
  }

  private static GgufModel of(Supplier<GgufFile> file) {
    try {
      return of(file.get());
    } catch (GgufException e) {
      throw new ModelLoadException(String.valueOf(e.getMessage()), e);
    }
  }

  private static GgufModel of(GgufFile file) {
    ModelConfig config = GgufConfig.of(file);
    Optional<GgufTokenizer> tokenizer = new GgufTokenizerReader(file.metadata()).read();
    if (tokenizer.isPresent() && tokenizer.get().tokens().size() != config.vocabularySize()) {
      throw new ModelLoadException(
          file.name() + ": tokenizer.ggml.tokens: not as many as rows of the embedding");
    }
    return new GgufModel(ModelWeights.of(config, tensors(config, file)), tokenizer);
  }

  private static Map<String, WeightTensor> tensors(ModelConfig config, GgufFile file) {
    Map<String, WeightTensor> tensors = new HashMap<>();
    for (Map.Entry<String, GgufTensor> entry : file.tensors().entrySet()) {
      String name = entry.getKey();
      GgufTensor tensor = entry.getValue();
      if (name.equals(GgufConfig.ROPE_FREQUENCIES)) {
        continue;
      }
      WeightTensor previous =
          tensors.put(
              translated(name)
                  .orElseThrow(
                      () -> new ModelLoadException(file.name() + ": a tensor of unknown use")),
              isPermuted(config, name, tensor)
                  ? new UnpermutedTensor(tensor, config.headDimension())
                  : tensor);
      if (previous != null) {
        throw new ModelLoadException(file.name() + ": a tensor twice");
      }
    }
    return tensors;
  }

  /** The rotation of architecture llama is of neighbours, that of the others of halves. */
  private static boolean isPermuted(ModelConfig config, String name, GgufTensor tensor) {
    return config.type().equals("llama")
        && (name.contains(".attn_q.") || name.contains(".attn_k."))
        && tensor.shape().getFirst() % config.headDimension() == 0;
  }

  /** The name of Hugging Face. */
  private static Optional<String> translated(String name) {
    Matcher layer = LAYER.matcher(name);
    if (layer.matches()) {
      return Arrays.stream(LayerTensor.values())
          .filter(tensor -> suffix(tensor).equals(layer.group(2)))
          .map(tensor -> tensor.name(Integer.parseInt(layer.group(1))))
          .findFirst();
    }
    return switch (name) {
      case "token_embd.weight" -> Optional.of(ModelWeights.EMBEDDING);
      case "output_norm.weight" -> Optional.of(ModelWeights.FINAL_NORM);
      case "output.weight" -> Optional.of(ModelWeights.OUTPUT_HEAD);
      default -> Optional.empty();
    };
  }

  private static String suffix(LayerTensor tensor) {
    return switch (tensor) {
      case INPUT_NORM -> "attn_norm.weight";
      case QUERY -> "attn_q.weight";
      case KEY -> "attn_k.weight";
      case VALUE -> "attn_v.weight";
      case OUTPUT -> "attn_output.weight";
      case QUERY_BIAS -> "attn_q.bias";
      case KEY_BIAS -> "attn_k.bias";
      case VALUE_BIAS -> "attn_v.bias";
      case OUTPUT_BIAS -> "attn_output.bias";
      case QUERY_NORM -> "attn_q_norm.weight";
      case KEY_NORM -> "attn_k_norm.weight";
      case FEED_FORWARD_NORM -> "ffn_norm.weight";
      case GATE -> "ffn_gate.weight";
      case UP -> "ffn_up.weight";
      case DOWN -> "ffn_down.weight";
    };
  }
}
