package dev.cofferdam.gateway.prompt.huggingface;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Trains a small byte-pair vocabulary: the most frequent pair merges first. */
final class TinyBpe {
  /** Some text in several scripts, with repetitions to learn. */
  static final String CORPUS =
      """
      The quick brown fox jumps over the lazy dog, and the dog isn't pleased; they'll say they've seen it before. We're \
      counting: 1 12 123 1234 12345 2024 1999 3.14 100,000. the then there these them other another weather together \
      international internationalisation functions functional return returns returned value values evaluate
          public static void main(String[] args) { return value == null ? 0 : value.length(); }

      \t\tindent
      Übergröße façade naïve café déjà vu señor mañana Straße Ærøskøbing smörgåsbord. Привет, как дела? Очень хорошо, \
      спасибо большое. Это хорошо. Καλημέρα κόσμε, καλησπέρα. שלום עולם שלום. مرحبا بالعالم مرحبا. नमस्ते दुनिया नमस्ते। \
      สวัสดีชาวโลก สวัสดี 你好，世界。你好吗？我很好。世界你好 こんにちは世界、こんにちは。カタカナ 안녕하세요 세계 안녕하세요 \
      🎉🎉 😀😀 👩‍👩‍👧 ½ ² Ⅷ ٣٤٥ ≠ → … — “quotes” ‘single’
      """
          .repeat(2);

  final List<String> symbols;
  final List<String[]> merges = new ArrayList<>();

  /**
   * @param words the corpus in words, spelled as the vocabulary spells them
   * @param alphabet symbols that exist in any case
   */
  TinyBpe(List<String> words, List<String> alphabet, int mergesMax) {
    Set<String> known = new LinkedHashSet<>(alphabet);
    Map<List<String>, Integer> counts = new LinkedHashMap<>();
    for (String word : words) {
      List<String> parts = new ArrayList<>();
      word.codePoints().forEach(c -> parts.add(Character.toString(c)));
      counts.merge(parts, 1, Integer::sum);
    }
    for (int i = 0; i < mergesMax; i++) {
      Map<List<String>, Integer> pairs = new LinkedHashMap<>();
      counts.forEach(
          (parts, count) -> {
            for (int p = 0; p + 1 < parts.size(); p++) {
              if (known.contains(parts.get(p)) && known.contains(parts.get(p + 1))) {
                pairs.merge(parts.subList(p, p + 2), count, Integer::sum);
              }
            }
          });
      List<String> best =
          pairs.entrySet().stream()
              .filter(e -> e.getValue() > 1)
              .max(Map.Entry.comparingByValue())
              .map(Map.Entry::getKey)
              .orElse(List.of());
      if (best.isEmpty()) {
        break;
      }
      String left = best.get(0);
      String right = best.get(1);
      known.add(left + right);
      merges.add(new String[] {left, right});
      counts = merged(counts, left, right);
    }
    symbols = List.copyOf(known);
  }

  private static Map<List<String>, Integer> merged(
      Map<List<String>, Integer> counts, String left, String right) {
    Map<List<String>, Integer> result = new HashMap<>();
    counts.forEach(
        (parts, count) -> {
          List<String> out = new ArrayList<>();
          for (int i = 0; i < parts.size(); i++) {
            boolean pair =
                i + 1 < parts.size() && parts.get(i).equals(left) && parts.get(i + 1).equals(right);
            out.add(pair ? left + right : parts.get(i));
            i += pair ? 1 : 0;
          }
          result.merge(out, count, Integer::sum);
        });
    return new LinkedHashMap<>(result);
  }
}
