package dev.cofferdam.scheduler.fairness;

import java.util.Arrays;
import java.util.NoSuchElementException;
import java.util.PrimitiveIterator;
import java.util.PriorityQueue;
import java.util.function.IntToDoubleFunction;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/**
 * The least of many small numbers (ids) by tag: a tournament in which each id has a place of its
 * own, of four neighbours the least goes on to the next round, and the last round has one. Any id
 * can be put in, moved or taken out in O(log n).
 *
 * <p>What decides its speed is what it waits for. Tag and id are one whole number, so that nothing
 * else is read to compare; where an id's rounds are is known beforehand, so that none of these
 * reads waits for another (in a heap, the next one is known only when four were compared); and
 * there is no branch for the processor to guess. No allocation but to grow.
 *
 * <p>A tag has 40 bits beside the id's 24: it is kept as its distance from an epoch, with 29
 * significant bits, rounded down. Tags in a distance below 2 · {@link #WINDOW} are so kept within
 * 2<sup>−8</sup>, any other within 2<sup>−28</sup> of its distance. Ids whose tags are equal then
 * are in their own order. Who puts tags in moves the epoch on as the tags go on.
 *
 * <p>Source: D. Knuth, "The Art of Computer Programming", volume 3, 5.4.1 (selection trees).
 *
 * <p>Not thread-safe.
 */
final class Tournament {
  private static final int ID_BITS = 24;

  /** Ids are below it. */
  static final int IDS_MAX = 1 << ID_BITS;

  /** How far beyond the epoch most tags are at most, before it is to be moved. */
  static final double WINDOW = 1 << 20;

  private static final long ID_MASK = IDS_MAX - 1;

  /** Of an id that is not in; greater than any other. */
  private static final long ABSENT = Long.MAX_VALUE;

  private static final int ARITY_BITS = 2;
  private static final int ARITY = 1 << ARITY_BITS;
  private static final int CAPACITY_MIN = 16;

  /** Of each round, one behind the other; the first one has a key for each id. */
  private long[] keys = {};

  /** Where each round begins in the keys. */
  private int[] roundAt = {};

  /** The last round, which has one key only. */
  private int lastRound;

  private int capacity;
  private double epoch;

  Tournament() {
    growTo(CAPACITY_MIN);
  }

  boolean isEmpty() {
    return keys[roundAt[lastRound]] == ABSENT;
  }

  boolean has(int id) {
    return id < capacity && keys[id] != ABSENT;
  }

  /** The least id. It is not empty. */
  int least() {
    return (int) (keys[roundAt[lastRound]] & ID_MASK);
  }

  /**
   * Puts an id in, or moves it to another tag.
   *
   * @param tag a number, not infinite
   */
  void put(int id, double tag) {
    if (id >= capacity) {
      growTo(Math.max(2 * capacity, id + 1));
    }
    play(id, key(id, tag));
  }

  /** Takes an id out, if it is in. */
  void remove(int id) {
    if (has(id)) {
      play(id, ABSENT);
    }
  }

  /**
   * What decides the order of an id with some tag among the others.
   *
   * @return less for what is before
   */
  long key(int id, double tag) {
    // Zero has one sign.
    return (flipped(Double.doubleToRawLongBits(tag - epoch + 0.0)) & ~ID_MASK) | id;
  }

  /** The key of an id that is in. */
  long key(int id) {
    return keys[id];
  }

  /** What tags are a distance from. */
  double epoch() {
    return epoch;
  }

  /**
   * Moves the epoch; O(n).
   *
   * @param tags of all ids that are in
   */
  void startFrom(double newEpoch, IntToDoubleFunction tags) {
    epoch = newEpoch;
    for (int id = 0; id < capacity; id++) {
      if (keys[id] != ABSENT) {
        keys[id] = key(id, tags.applyAsDouble(id));
      }
    }
    playAll();
  }

  /**
   * Adds up something of the ids before a key, which it asks for in no order.
   *
   * @param each not below 0
   * @return at most {@code max}; who would be beyond that is not asked
   */
  int sumBefore(long key, int max, IntUnaryOperator each) {
    return sumBefore(lastRound, 0, key, max, each);
  }

  private int sumBefore(int round, int place, long key, int max, IntUnaryOperator each) {
    if (keys[roundAt[round] + place] >= key) {
      return 0;
    }
    if (round == 0) {
      return Math.min(max, each.applyAsInt(place));
    }
    int sum = 0;
    for (int from = 0; from < ARITY && sum < max; from++) {
      sum += sumBefore(round - 1, (place << ARITY_BITS) + from, key, max - sum, each);
    }
    return sum;
  }

  /** The ids, in no order of their tags. It must not be changed meanwhile. */
  IntStream ids() {
    return IntStream.range(0, capacity).filter(this::has);
  }

  /** The ids, least first. It must not be changed meanwhile. */
  PrimitiveIterator.OfInt inOrder() {
    PriorityQueue<Lead> open = new PriorityQueue<>();
    open(open, lastRound, 0);
    return new PrimitiveIterator.OfInt() {
      @Override
      public boolean hasNext() {
        return !open.isEmpty();
      }

      @Override
      public int nextInt() {
        Lead least = open.poll();
        if (least == null) {
          throw new NoSuchElementException();
        }
        int id = (int) (least.key & ID_MASK);
        // Whom it met on its way from the first round is next, or somebody whom that one met.
        for (int round = least.round - 1; round >= 0; round--) {
          int own = id >> (ARITY_BITS * round);
          for (int other = 1; other < ARITY; other++) {
            open(open, round, own ^ other);
          }
        }
        return id;
      }
    };
  }

  /** A key that leads its part of the tournament up to a round. */
  private record Lead(long key, int round) implements Comparable<Lead> {
    @Override
    public int compareTo(Lead other) {
      return Long.compare(key, other.key);
    }
  }

  private void open(PriorityQueue<Lead> open, int round, int place) {
    long key = keys[roundAt[round] + place];
    if (key != ABSENT) {
      open.add(new Lead(key, round));
    }
  }

  /** Gives an id another key, and plays its rounds again. */
  private void play(int id, long key) {
    final long[] all = keys;
    final int[] starts = roundAt;
    final int last = lastRound;
    int place = id;
    long least = key;
    for (int round = 0; round < last; round++) {
      int start = starts[round];
      all[start + place] = least;
      long one = all[start + (place ^ 1)];
      long two = all[start + (place ^ 2)];
      long three = all[start + (place ^ 3)];
      least = Math.min(Math.min(least, one), Math.min(two, three));
      place >>= ARITY_BITS;
    }
    all[starts[last]] = least;
  }

  private void playAll() {
    for (int round = 0; round < lastRound; round++) {
      int next = roundAt[round + 1];
      for (int at = roundAt[round]; at < roundAt[round + 1]; at += ARITY) {
        long left = Math.min(keys[at], keys[at + 1]);
        long right = Math.min(keys[at + 2], keys[at + 3]);
        keys[next++] = Math.min(left, right);
      }
    }
  }

  private void growTo(int ids) {
    int[] starts = new int[Integer.SIZE];
    int round = 0;
    int width = ids;
    while (width > 1) {
      width = (width + ARITY - 1) >> ARITY_BITS;
      starts[round + 1] = starts[round] + (width << ARITY_BITS);
      round++;
    }
    long[] grown = new long[starts[round] + 1];
    Arrays.fill(grown, ABSENT);
    System.arraycopy(keys, 0, grown, 0, capacity);
    keys = grown;
    roundAt = starts;
    lastRound = round;
    capacity = ids;
    playAll();
  }

  /** Bits of a number to a whole number of the same order. */
  private static long flipped(long bits) {
    return bits ^ ((bits >> 63) & Long.MAX_VALUE);
  }
}
