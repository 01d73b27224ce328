package dev.cofferdam.gateway.prompt;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Byte-pair encoding (Sennrich et al. 2016): of all adjacent pairs the one with the lowest rank
 * merges first, the leftmost of equals. Immutable.
 */
final class BytePairEncoding {
  /** Above this many symbols a heap beats looking at every pair again. */
  private static final int SHORT_WORD = 64;

  private final MergeTable merges;
  private final Symbols symbols;
  private final WordTable whole;
  private final byte[] mark;

  /**
   * @param symbols what words consist of before anything merges
   * @param tokens bytes of each token by id; null for ids that are no words
   * @param ignoreMerges every word of the vocabulary is one token, whether merges lead to it or not
   * @param mark bytes before which a word may be cut, because no token has them inside; none where
   *     there is no such cut
   */
  BytePairEncoding(
      MergeTable merges,
      Symbols symbols,
      List<byte @Nullable []> tokens,
      boolean ignoreMerges,
      byte[] mark) {
    this.merges = merges;
    this.symbols = symbols;
    this.whole = new WordTable(ignoreMerges ? tokens : reachable(tokens));
    this.mark = mark;
  }

  /** The tokens that merging their own symbols leads to. */
  private List<byte @Nullable []> reachable(List<byte @Nullable []> tokens) {
    List<byte @Nullable []> result = new ArrayList<>(tokens.size());
    for (int id = 0; id < tokens.size(); id++) {
      byte[] word = tokens.get(id);
      boolean own = false;
      if (word != null && word.length > 0) {
        TokenBuffer merged = new TokenBuffer();
        merge(word, 0, word.length, merged);
        own = Arrays.equals(merged.toArray(), new int[] {id});
      }
      result.add(own ? word : null);
    }
    return result;
  }

  /** Appends the tokens of one word, a range of UTF-8. */
  void encode(byte[] bytes, int from, int to, TokenBuffer out) {
    int start = from;
    for (int i = from + 1; mark.length > 0 && i + mark.length <= to; i++) {
      if (isMark(bytes, from, i) && !isMark(bytes, from, i - mark.length)) {
        encodeCut(bytes, start, i, out);
        start = i;
      }
    }
    encodeCut(bytes, start, to, out);
  }

  private boolean isMark(byte[] bytes, int from, int at) {
    return at >= from
        && bytes[at] == mark[0]
        && Arrays.equals(bytes, at, at + mark.length, mark, 0, mark.length);
  }

  private void encodeCut(byte[] bytes, int from, int to, TokenBuffer out) {
    int id = whole.find(bytes, from, to);
    if (id >= 0) {
      out.add(id);
    } else {
      merge(bytes, from, to, out);
    }
  }

  private void merge(byte[] bytes, int from, int to, TokenBuffer out) {
    int[] ids = new int[to - from];
    int symbolCount = symbols.write(bytes, from, to, ids);
    int count =
        symbolCount <= SHORT_WORD ? mergeShort(ids, symbolCount) : mergeLong(ids, symbolCount);
    for (int i = 0; i < count; i++) {
      out.add(ids[i]);
    }
  }

  /** Looks at the ranks of all pairs for each merge; a merge changes those around it only. */
  private int mergeShort(int[] ids, int symbolCount) {
    int[] ranks = new int[symbolCount];
    for (int i = 0; i + 1 < symbolCount; i++) {
      ranks[i] = merges.rank(ids[i], ids[i + 1]);
    }
    int pairs = symbolCount - 1;
    while (pairs > 0) {
      int at = 0;
      for (int i = 1; i < pairs; i++) {
        at = ranks[i] < ranks[at] ? i : at;
      }
      if (ranks[at] == MergeTable.NONE) {
        break;
      }
      ids[at] = merges.result(ids[at], ids[at + 1]);
      pairs--;
      for (int i = at + 1; i <= pairs; i++) {
        ids[i] = ids[i + 1];
        ranks[i - 1] = ranks[i];
      }
      if (at < pairs) {
        ranks[at] = merges.rank(ids[at], ids[at + 1]);
      }
      if (at > 0) {
        ranks[at - 1] = merges.rank(ids[at - 1], ids[at]);
      }
    }
    return Math.min(symbolCount, pairs + 1);
  }

  /** A linked list of what is left, and a heap of (rank, position); stale entries are skipped. */
  private int mergeLong(int[] ids, int n) {
    int[] next = new int[n];
    int[] previous = new int[n];
    PriorityQueue<Long> heap = new PriorityQueue<>(n);
    for (int i = 0; i < n; i++) {
      next[i] = i + 1;
      previous[i] = i - 1;
    }
    for (int i = 0; i + 1 < n; i++) {
      offer(heap, ids, i, i + 1);
    }
    while (true) {
      Long entry = heap.poll();
      if (entry == null) {
        break;
      }
      int left = (int) (long) entry;
      int right = ids[left] < 0 ? n : next[left];
      if (right >= n || merges.rank(ids[left], ids[right]) != (int) (entry >>> 32)) {
        continue;
      }
      ids[left] = merges.result(ids[left], ids[right]);
      ids[right] = -1;
      next[left] = next[right];
      if (next[left] < n) {
        previous[next[left]] = left;
        offer(heap, ids, left, next[left]);
      }
      if (previous[left] >= 0) {
        offer(heap, ids, previous[left], left);
      }
    }
    int count = 0;
    for (int i = 0; i < n; i = next[i]) {
      ids[count++] = ids[i];
    }
    return count;
  }

  private void offer(PriorityQueue<Long> heap, int[] ids, int left, int right) {
    int rank = merges.rank(ids[left], ids[right]);
    if (rank != MergeTable.NONE) {
      heap.add(((long) rank << 32) | left);
    }
  }
}
