package dev.cofferdam.gateway.prompt;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.PriorityQueue;

/**
 * Byte-pair encoding (Sennrich et al. 2016, over bytes as in GPT-2): of all adjacent pairs the one
 * with the lowest rank merges first, the leftmost of equals. Immutable.
 */
final class BytePairEncoding {
  /** Above this many bytes a heap beats looking at every pair again. */
  private static final int SHORT_WORD_BYTES = 64;

  private final MergeTable merges;
  private final int[] byteIds;
  private final WordTable whole;

  /**
   * @param byteIds token of each single byte
   * @param tokens bytes of each token by id; null for ids that are no words
   * @param ignoreMerges every word of the vocabulary is one token, whether merges lead to it or not
   */
  BytePairEncoding(
      MergeTable merges,
      int[] byteIds,
      List<byte @org.jspecify.annotations.Nullable []> tokens,
      boolean ignoreMerges) {
    this.merges = merges;
    this.byteIds = byteIds.clone();
    this.whole = new WordTable(ignoreMerges ? tokens : reachable(tokens));
  }

  /** The tokens that merging their own bytes leads to. */
  private List<byte @org.jspecify.annotations.Nullable []> reachable(
      List<byte @org.jspecify.annotations.Nullable []> tokens) {
    List<byte @org.jspecify.annotations.Nullable []> result = new ArrayList<>(tokens.size());
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

  /** Appends the tokens of one word. */
  void encode(byte[] bytes, int from, int to, TokenBuffer out) {
    int id = whole.find(bytes, from, to);
    if (id >= 0) {
      out.add(id);
    } else {
      merge(bytes, from, to, out);
    }
  }

  private void merge(byte[] bytes, int from, int to, TokenBuffer out) {
    int[] ids = new int[to - from];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = byteIds[bytes[from + i] & 0xff];
    }
    int count = ids.length <= SHORT_WORD_BYTES ? mergeShort(ids) : mergeLong(ids);
    for (int i = 0; i < count; i++) {
      out.add(ids[i]);
    }
  }

  private int mergeShort(int[] ids) {
    int count = ids.length;
    while (count > 1) {
      int best = MergeTable.NONE;
      int at = -1;
      for (int i = 0; i + 1 < count; i++) {
        int rank = merges.rank(ids[i], ids[i + 1]);
        if (rank < best) {
          best = rank;
          at = i;
        }
      }
      if (at < 0) {
        break;
      }
      ids[at] = merges.result(ids[at], ids[at + 1]);
      count--;
      System.arraycopy(ids, at + 2, ids, at + 1, count - at - 1);
    }
    return count;
  }

  /** A linked list of what is left, and a heap of (rank, position); stale entries are skipped. */
  private int mergeLong(int[] ids) {
    int n = ids.length;
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
