package dev.cofferdam.gateway.prompt;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Words that are one token, looked up by a range of bytes without an allocation. Filled from the
 * vocabulary alone: a cache of words that requests brought would let one tenant time another's
 * words.
 */
final class WordTable {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;

  /** Words up to this many bytes are their key; of others it is a hash. */
  private static final int SHORT_BYTES = 7;

  /** 0 where a slot is free. */
  private final long[] keys;

  private final int[] ids;
  private final byte[][] words;
  private final int shift;

  /**
   * @param tokens bytes of each token by id; null for ids that are no words
   */
  WordTable(List<byte @Nullable []> tokens) {
    int capacity = Integer.highestOneBit(Math.max(8, 2 * tokens.size())) << 1;
    this.keys = new long[capacity];
    this.ids = new int[capacity];
    this.words = new byte[capacity][];
    this.shift = Long.SIZE - Integer.numberOfTrailingZeros(capacity);
    Arrays.fill(ids, -1);
    Arrays.fill(words, new byte[0]);
    for (int id = 0; id < tokens.size(); id++) {
      byte[] word = tokens.get(id);
      if (word != null && word.length > 0) {
        int slot = slot(word, 0, word.length);
        keys[slot] = key(word, 0, word.length);
        ids[slot] = id;
        words[slot] = word;
      }
    }
  }

  /** The token of a range of bytes that is not empty, or -1. */
  int find(byte[] bytes, int from, int to) {
    return ids[slot(bytes, from, to)];
  }

  private int slot(byte[] bytes, int from, int to) {
    long key = key(bytes, from, to);
    int slot = (int) ((key * GOLDEN) >>> shift);
    while (keys[slot] != 0 && !(keys[slot] == key && isWord(slot, bytes, from, to))) {
      slot = (slot + 1) & (keys.length - 1);
    }
    return slot;
  }

  private boolean isWord(int slot, byte[] bytes, int from, int to) {
    byte[] word = words[slot];
    return to - from <= SHORT_BYTES || Arrays.equals(word, 0, word.length, bytes, from, to);
  }

  /** The length in the highest byte; negative for a hash. */
  private static long key(byte[] bytes, int from, int to) {
    int length = to - from;
    if (length <= SHORT_BYTES) {
      return (long) length << 56 | upTo8(bytes, from, length);
    }
    long hash = length;
    for (int i = from; i < to - Long.BYTES; i += Long.BYTES) {
      hash = Long.rotateLeft((hash ^ (long) LONG.get(bytes, i)) * GOLDEN, 32);
    }
    return (hash ^ (long) LONG.get(bytes, to - Long.BYTES)) * GOLDEN | Long.MIN_VALUE;
  }

  private static long upTo8(byte[] bytes, int from, int length) {
    if (from + Long.BYTES <= bytes.length) {
      return (long) LONG.get(bytes, from) & (-1L >>> (Long.SIZE - length * Byte.SIZE));
    }
    long value = 0;
    for (int i = length - 1; i >= 0; i--) {
      value = value << 8 | (bytes[from + i] & 0xff);
    }
    return value;
  }
}
