package dev.cofferdam.gateway.prompt;

/**
 * Merges by their pair of token ids: open addressing over primitive arrays, because it is asked for
 * every adjacent pair of every word.
 */
final class MergeTable {
  /** Answer for a pair that never merges; larger than every rank. */
  static final int NONE = Integer.MAX_VALUE;

  private final long[] pairs;
  private final int[] ranks;
  private final int[] results;
  private final int mask;

  MergeTable(int count) {
    int capacity = Integer.highestOneBit(Math.max(8, 2 * count)) << 1;
    this.pairs = new long[capacity];
    this.ranks = new int[capacity];
    this.results = new int[capacity];
    this.mask = capacity - 1;
    java.util.Arrays.fill(pairs, -1);
  }

  /** Adds a merge; the last one of a pair counts, as in Hugging Face's library. */
  void put(int left, int right, int rank, int result) {
    int slot = slot(left, right);
    pairs[slot] = key(left, right);
    ranks[slot] = rank;
    results[slot] = result;
  }

  /** Rank of a pair, smaller first, or {@link #NONE}. */
  int rank(int left, int right) {
    int slot = slot(left, right);
    return pairs[slot] < 0 ? NONE : ranks[slot];
  }

  /** Token that a pair merges to; only for pairs that have a rank. */
  int result(int left, int right) {
    return results[slot(left, right)];
  }

  private int slot(int left, int right) {
    long key = key(left, right);
    long hash = key * 0x9E3779B97F4A7C15L;
    int slot = (int) (hash >>> 32) & mask;
    while (pairs[slot] >= 0 && pairs[slot] != key) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private static long key(int left, int right) {
    return ((long) left << 32) | right;
  }
}
