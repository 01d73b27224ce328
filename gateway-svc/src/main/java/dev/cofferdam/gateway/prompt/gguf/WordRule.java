package dev.cofferdam.gateway.prompt.gguf;

import dev.cofferdam.gateway.prompt.PreTokenizer;
import dev.cofferdam.gateway.prompt.PreTokenizer.Step;
import dev.cofferdam.gateway.prompt.TextForm;
import dev.cofferdam.gateway.prompt.WordPattern;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How a byte-level vocabulary's text is cut into words, by the name that a file gives it ({@code
 * tokenizer.ggml.pre}). The names are llama.cpp's; what they stand for is what the tokenizer.json
 * of the families says of which these files are made. (<a
 * href="https://github.com/ggml-org/llama.cpp/blob/master/src/llama-vocab.cpp">llama.cpp,
 * names</a>)
 *
 * @param form what is done to text first
 * @param words how it is cut
 * @param ignoreMerges every word of the vocabulary is one token
 * @param beginsText a begin of text stands before a plain text, unless the file says otherwise
 */
record WordRule(TextForm form, PreTokenizer words, boolean ignoreMerges, boolean beginsText) {
  private static final WordRule OF_LLAMA_3 =
      new WordRule(plain(), cutAt(WordPattern.LLAMA_3), true, true);
  private static final WordRule OF_GPT_2 =
      new WordRule(plain(), cutAt(WordPattern.GPT_2), false, false);

  private static final Map<String, WordRule> BY_NAME =
      Map.ofEntries(
          Map.entry("llama3", OF_LLAMA_3),
          Map.entry("llama-v3", OF_LLAMA_3),
          Map.entry("llama-bpe", OF_LLAMA_3),
          Map.entry("falcon3", OF_LLAMA_3),
          // Qwen's files compose text first; llama.cpp does not, and the models were not trained
          // so.
          Map.entry("qwen2", new WordRule(composed(), cutAt(WordPattern.QWEN_2), false, false)),
          Map.entry(
              "deepseek-r1-qwen", new WordRule(plain(), cutAt(WordPattern.QWEN_2), false, false)),
          Map.entry(
              "smollm",
              new WordRule(plain(), cutAt(WordPattern.NUMBERS, WordPattern.GPT_2), false, false)),
          Map.entry("gpt-2", OF_GPT_2),
          Map.entry("tekken", new WordRule(plain(), cutAt(WordPattern.TEKKEN), true, true)));

  /** The rule of a name, if it is known. */
  static Optional<WordRule> of(String name) {
    return Optional.ofNullable(BY_NAME.get(name));
  }

  private static TextForm plain() {
    return new TextForm(List.of());
  }

  private static TextForm composed() {
    return new TextForm(List.of(new TextForm.Step.Unicode(Normalizer.Form.NFC)));
  }

  private static PreTokenizer cutAt(WordPattern... patterns) {
    return new PreTokenizer(
        Arrays.stream(patterns).map(p -> (Step) new Step.Isolate(p.pattern())).toList());
  }
}
