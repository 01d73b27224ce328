package dev.cofferdam.gateway.prompt.gguf;

import dev.cofferdam.gateway.prompt.UnsupportedModelException;
import dev.cofferdam.gateway.prompt.Vocabulary.Merge;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * The merges of pieces with scores, as SentencePiece's byte-pair encoding has them: two adjacent
 * pieces become one where there is such a piece, that of the best score first, the leftmost of
 * equals. (<a href="https://arxiv.org/abs/1808.06226">Kudo and Richardson 2018</a>)
 */
final class PieceMerges {
  /** Characters that are looked at for splits of pieces; a hundred times what real ones need. */
  private static final long WORK_MAX = 1L << 30;

  private final Map<String, Integer> ids;
  private final List<Double> scores;

  /**
   * @param ids ids of the pieces that text is made of
   * @param scores score of each id
   */
  PieceMerges(Map<String, Integer> ids, List<Double> scores) {
    this.ids = ids;
    this.scores = scores;
  }

  /**
   * @throws UnsupportedModelException where the pieces are longer than any model's
   */
  List<Merge> merges() {
    long work = 0;
    for (String piece : ids.keySet()) {
      work += (long) piece.length() * piece.length();
    }
    if (work > WORK_MAX) {
      throw new UnsupportedModelException("tokenizer.ggml.tokens: too many long pieces");
    }
    Map<Double, Integer> ranks = ranks();
    List<Merge> merges = new ArrayList<>();
    ids.forEach(
        (piece, id) -> {
          int rank = ranks.getOrDefault(scores.get(id), 0);
          for (int cut = 1; cut < piece.length(); cut++) {
            Integer left = ids.get(piece.substring(0, cut));
            Integer right = left == null ? null : ids.get(piece.substring(cut));
            if (left != null && right != null) {
              merges.add(new Merge(left, right, id, rank));
            }
          }
        });
    return merges;
  }

  private Map<Double, Integer> ranks() {
    TreeSet<Double> sorted = new TreeSet<>(Comparator.reverseOrder());
    ids.values().forEach(id -> sorted.add(scores.get(id)));
    Map<Double, Integer> ranks = new HashMap<>();
    sorted.forEach(score -> ranks.put(score, ranks.size()));
    return ranks;
  }
}
