package dev.cofferdam.worker.app;

import dev.cofferdam.worker.execution.KernelChoice;
import dev.cofferdam.worker.execution.KvType;
import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.model.ModelConfig;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Command line of {@link Logits}.
 *
 * @param model folder or file of the model
 * @param tokens at least one token
 * @param adapter folder of the adapter, if any
 * @param executor "cpu", "cuda" or "reference"
 * @param greedy tokens of the continuation
 * @param dtype how weights are kept
 * @param kv how keys and values are kept; default: as goes with the weights
 * @param kernels which kernels multiply them
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record LogitsOptions(
    Path model,
    int[] tokens,
    Optional<Path> adapter,
    String executor,
    int greedy,
    WeightType dtype,
    KvType kv,
    KernelChoice kernels) {
  static final String USAGE =
      "usage: logits <model folder or .gguf> --tokens 1,2,3 [--adapter <folder>]"
          + " [--executor cpu|cuda|reference] [--greedy N] [--dtype f32|bf16|int8|fp8]"
          + " [--kv f32|bf16|fp8] [--kernels java|native]";

  private static final int TOKENS_MAX = 1 << 20;

  /**
   * Takes a command line apart.
   *
   * @throws IllegalArgumentException with a message for the operator when it is none
   */
  static LogitsOptions parse(String[] arguments) {
    String model = null;
    String tokens = null;
    String adapter = null;
    String executor = "cpu";
    String greedy = "0";
    String dtype = null;
    String kv = null;
    String kernels = "java";
    for (int i = 0; i < arguments.length; i++) {
      String word = arguments[i];
      switch (word) {
        case "--tokens" -> tokens = value(arguments, ++i);
        case "--adapter" -> adapter = value(arguments, ++i);
        case "--executor" -> executor = value(arguments, ++i);
        case "--greedy" -> greedy = value(arguments, ++i);
        case "--dtype" -> dtype = value(arguments, ++i);
        case "--kv" -> kv = value(arguments, ++i);
        case "--kernels" -> kernels = value(arguments, ++i);
        default -> {
          if (word.startsWith("-") || model != null) {
            throw new IllegalArgumentException("unexpected argument " + word + "; " + USAGE);
          }
          model = word;
        }
      }
    }
    return new LogitsOptions(
        Path.of(required(model, "a model")),
        tokens(required(tokens, "--tokens")),
        Optional.ofNullable(adapter).map(Path::of),
        oneOf("--executor", executor, Set.of("cpu", "cuda", "reference")),
        number("--greedy", greedy, TOKENS_MAX),
        dtype(executor, dtype),
        kv == null ? KvType.of(dtype(executor, dtype)) : kv(kv),
        kernels(executor, kernels));
  }

  /**
   * Checks them against the model.
   *
   * @throws IllegalArgumentException when it has no such token, or not so many positions
   */
  void check(ModelConfig config) {
    for (int token : tokens) {
      if (token >= config.vocabularySize()) {
        throw new IllegalArgumentException(
            "--tokens: " + token + " (expected: below " + config.vocabularySize() + ")");
      }
    }
    if ((long) tokens.length + greedy > config.positionsMax()) {
      throw new IllegalArgumentException(
          "--tokens and --greedy: more than the model's " + config.positionsMax() + " positions");
    }
  }

  private static String value(String[] arguments, int at) {
    if (at == arguments.length) {
      throw new IllegalArgumentException(arguments[at - 1] + " needs a value; " + USAGE);
    }
    return arguments[at];
  }

  private static String required(@Nullable String value, String what) {
    if (value == null) {
      throw new IllegalArgumentException(what + " is missing; " + USAGE);
    }
    return value;
  }

  private static int[] tokens(String list) {
    String[] words = list.split(",", -1);
    int[] tokens = new int[words.length];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = number("--tokens", words[i].strip(), Integer.MAX_VALUE);
    }
    return tokens;
  }

  private static int number(String option, String text, int most) {
    try {
      int number = Integer.parseInt(text);
      if (number >= 0 && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      // The same answer as out of bounds.
    }
    throw new IllegalArgumentException(option + ": " + text + " (expected: 0 to " + most + ")");
  }

  private static WeightType dtype(String executor, @Nullable String given) {
    String dtype = given != null ? given : executor.equals("cuda") ? "bf16" : "f32";
    String own = executor.equals("cuda") ? "fp8" : "f32";
    oneOf("--dtype", dtype, Set.of(own, "bf16", "int8"));
    if (executor.equals("reference") && !dtype.equals("f32")) {
      throw new IllegalArgumentException(
          "--dtype: " + dtype + " is not supported by the reference executor, only f32 is");
    }
    return WeightType.valueOf(dtype.toUpperCase(Locale.ROOT));
  }

  private static KvType kv(String kv) {
    oneOf("--kv", kv, Set.of("f32", "bf16", "fp8"));
    return KvType.valueOf(kv.toUpperCase(Locale.ROOT));
  }

  private static KernelChoice kernels(String executor, String kernels) {
    oneOf("--kernels", kernels, Set.of("java", "native"));
    if (executor.equals("reference") && !kernels.equals("java")) {
      throw new IllegalArgumentException("--kernels: the reference executor has none but Java's");
    }
    return KernelChoice.valueOf(kernels.toUpperCase(Locale.ROOT));
  }

  private static String oneOf(String option, String value, Set<String> values) {
    if (!values.contains(value)) {
      throw new IllegalArgumentException(
          option + ": " + value + " (expected: one of " + new java.util.TreeSet<>(values) + ")");
    }
    return value;
  }
}
