package dev.cofferdam.scheduler.fairness;

import java.util.Arrays;
import java.util.PrimitiveIterator;
import java.util.PriorityQueue;

/**
 * A 4-ary min-heap of small numbers (ids) by tag, then tie, that knows the place of each, so that
 * any of them can be moved or taken out in O(log n). Plain arrays: no allocation but to grow.
 *
 * <p>What decides its speed is what a step down reads, and whether the processor can guess it: tags
 * are kept as whole numbers of the same order, so that the least of four children is found without
 * a branch; behind the last place there are always three that are greater than all; ties stand
 * beside the ids and are read only where tags are equal.
 *
 * <p>Not thread-safe.
 */
final class TagHeap {
  private static final int ARITY_BITS = 2;

  /** Children of a place p are at ARITY·p + 1 to ARITY·p + ARITY. */
  static final int ARITY = 1 << ARITY_BITS;

  private static final int NOWHERE = -1;
  private static final long BEHIND_ALL = Long.MAX_VALUE;
  private static final int CAPACITY_MIN = 16;

  private long[] keys = new long[CAPACITY_MIN];
  private int[] ids = new int[CAPACITY_MIN];
  private int[] placeOf = {};
  private long[] tieOf = {};
  private int size;

  TagHeap() {
    Arrays.fill(keys, BEHIND_ALL);
  }

  int size() {
    return size;
  }

  boolean isEmpty() {
    return size == 0;
  }

  /** The id at a place; that at 0 is the least. */
  int idAt(int place) {
    return ids[place];
  }

  double tagAt(int place) {
    return Double.longBitsToDouble(flipped(keys[place]));
  }

  boolean has(int id) {
    return id < placeOf.length && placeOf[id] != NOWHERE;
  }

  /**
   * Puts an id in, or moves it to another tag.
   *
   * @param tag a number, not infinite
   */
  void put(int id, double tag, long tie) {
    if (id >= placeOf.length) {
      grow(id);
    }
    // Zero has one sign.
    long key = flipped(Double.doubleToRawLongBits(tag + 0.0));
    tieOf[id] = tie;
    int place = placeOf[id];
    if (place == NOWHERE) {
      if (size + ARITY >= keys.length) {
        int known = keys.length;
        keys = Arrays.copyOf(keys, 2 * known);
        Arrays.fill(keys, known, keys.length, BEHIND_ALL);
        ids = Arrays.copyOf(ids, 2 * known);
      }
      up(size++, id, key);
    } else if (place > 0 && before(key, id, (place - 1) >> ARITY_BITS)) {
      up(place, id, key);
    } else {
      down(place, id, key);
    }
  }

  private void grow(int id) {
    int known = placeOf.length;
    placeOf = Arrays.copyOf(placeOf, Math.max(2 * known, id + 1));
    Arrays.fill(placeOf, known, placeOf.length, NOWHERE);
    tieOf = Arrays.copyOf(tieOf, placeOf.length);
  }

  /** Takes an id out, if it is in. */
  void remove(int id) {
    int place = id < placeOf.length ? placeOf[id] : NOWHERE;
    if (place == NOWHERE) {
      return;
    }
    placeOf[id] = NOWHERE;
    size--;
    long key = keys[size];
    keys[size] = BEHIND_ALL;
    if (place == size) {
      return;
    }
    int last = ids[size];
    if (place > 0 && before(key, last, (place - 1) >> ARITY_BITS)) {
      up(place, last, key);
    } else {
      down(place, last, key);
    }
  }

  /** The ids, least first. The heap must not be changed meanwhile. */
  PrimitiveIterator.OfInt inOrder() {
    PriorityQueue<Integer> open =
        new PriorityQueue<>((a, b) -> a.equals(b) ? 0 : before(keys[a], ids[a], b) ? -1 : 1);
    if (size > 0) {
      open.add(0);
    }
    return new PrimitiveIterator.OfInt() {
      @Override
      public boolean hasNext() {
        return !open.isEmpty();
      }

      @Override
      public int nextInt() {
        int place = open.remove();
        int first = (place << ARITY_BITS) + 1;
        for (int child = first; child < Math.min(first + ARITY, size); child++) {
          open.add(child);
        }
        return ids[place];
      }
    };
  }

  private void up(int from, int id, long key) {
    int place = from;
    while (place > 0) {
      int parent = (place - 1) >> ARITY_BITS;
      if (!before(key, id, parent)) {
        break;
      }
      set(place, ids[parent], keys[parent]);
      place = parent;
    }
    set(place, id, key);
  }

  private void down(int from, int id, long key) {
    int place = from;
    int first = (place << ARITY_BITS) + 1;
    while (first < size) {
      int least = leastFrom(first);
      long leastKey = keys[least];
      if (leastKey > key || (leastKey == key && tieOf[ids[least]] > tieOf[id])) {
        break;
      }
      set(place, ids[least], leastKey);
      place = least;
      first = (place << ARITY_BITS) + 1;
    }
    set(place, id, key);
  }

  /** The least of four neighbours, the first of which is in the heap. */
  private int leastFrom(int first) {
    long key0 = keys[first];
    long key1 = keys[first + 1];
    long key2 = keys[first + 2];
    long key3 = keys[first + 3];
    long left = Math.min(key0, key1);
    long right = Math.min(key2, key3);
    if (key0 == key1 || left == right || key2 == key3) {
      return leastByTie(first);
    }
    int leftPlace = key1 < key0 ? first + 1 : first;
    int rightPlace = key3 < key2 ? first + 3 : first + 2;
    return right < left ? rightPlace : leftPlace;
  }

  private int leastByTie(int first) {
    int least = first;
    for (int child = first + 1; child < Math.min(first + ARITY, size); child++) {
      if (before(keys[child], ids[child], least)) {
        least = child;
      }
    }
    return least;
  }

  private void set(int place, int id, long key) {
    keys[place] = key;
    ids[place] = id;
    placeOf[id] = place;
  }

  private boolean before(long key, int id, int place) {
    return key < keys[place] || (key == keys[place] && tieOf[id] < tieOf[ids[place]]);
  }

  /** Bits of a number to a key of the same order, and back. */
  private static long flipped(long bits) {
    return bits ^ ((bits >> 63) & Long.MAX_VALUE);
  }
}
