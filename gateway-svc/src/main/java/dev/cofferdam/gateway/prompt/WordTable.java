package dev.cofferdam.gateway.prompt;

import java.util.Arrays;
import java.util.List;

/**
 * Words that are one token, looked up by a range of bytes without an allocation. Filled from the
 * vocabulary alone: a cache of words that requests brought would let one tenant time another's
 * words.
 */
final class WordTable {
  private final byte[][] words;
  private final int[] ids;
  private final int mask;

  /**
   * @param tokens bytes of each token by id; null for ids that are no words
   */
  WordTable(List<byte @org.jspecify.annotations.Nullable []> tokens) {
    int capacity = Integer.highestOneBit(Math.max(8, 2 * tokens.size())) << 1;
    this.words = new byte[capacity][];
    this.ids = new int[capacity];
    this.mask = capacity - 1;
    for (int id = 0; id < tokens.size(); id++) {
      byte[] word = tokens.get(id);
      if (word != null && word.length > 0) {
        int slot = slot(word, 0, word.length);
        words[slot] = word;
        ids[slot] = id;
      }
    }
  }

  /** The token of a range of bytes, or -1. */
  int find(byte[] bytes, int from, int to) {
    int slot = slot(bytes, from, to);
    return isFree(slot) ? -1 : ids[slot];
  }

  @SuppressWarnings("UnnecessaryParentheses")
  private int slot(byte[] bytes, int from, int to) {
    int hash = 0;
    for (int i = from; i < to; i++) {
      hash = 31 * hash + bytes[i];
    }
    int slot = (hash ^ (hash >>> 15)) & mask;
    while (!isFree(slot) && !Arrays.equals(words[slot], 0, words[slot].length, bytes, from, to)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  @SuppressWarnings("ReferenceEquality")
  private boolean isFree(int slot) {
    Object word = words[slot];
    return word == null;
  }
}
