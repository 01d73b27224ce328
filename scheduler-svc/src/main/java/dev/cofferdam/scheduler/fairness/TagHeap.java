package dev.cofferdam.scheduler.fairness;

import java.util.Arrays;
import java.util.Comparator;
import java.util.PrimitiveIterator;
import java.util.PriorityQueue;

/**
 * A 4-ary min-heap of small numbers (ids) by tag, then tie, that knows the place of each, so that
 * any of them can be moved or taken out in O(log n). Plain arrays: no allocation but to grow.
 *
 * <p>Not thread-safe.
 */
final class TagHeap {
  private static final int ARITY_BITS = 2;

  /** Children of a place p are at ARITY·p + 1 to ARITY·p + ARITY. */
  static final int ARITY = 1 << ARITY_BITS;

  private static final int NOWHERE = -1;

  private double[] tags = new double[ARITY];
  private long[] ties = new long[ARITY];
  private int[] ids = new int[ARITY];
  private int[] placeOf = {};
  private int size;

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
    return tags[place];
  }

  boolean has(int id) {
    return id < placeOf.length && placeOf[id] != NOWHERE;
  }

  /** Puts an id in, or moves it to another tag. */
  void put(int id, double tag, long tie) {
    if (id >= placeOf.length) {
      int known = placeOf.length;
      placeOf = Arrays.copyOf(placeOf, Math.max(2 * known, id + 1));
      Arrays.fill(placeOf, known, placeOf.length, NOWHERE);
    }
    int place = placeOf[id];
    if (place == NOWHERE) {
      if (size == ids.length) {
        tags = Arrays.copyOf(tags, 2 * size);
        ties = Arrays.copyOf(ties, 2 * size);
        ids = Arrays.copyOf(ids, 2 * size);
      }
      up(size++, id, tag, tie);
    } else if (before(tag, tie, tags[place], ties[place])) {
      up(place, id, tag, tie);
    } else {
      down(place, id, tag, tie);
    }
  }

  /** Takes an id out, if it is in. */
  void remove(int id) {
    int place = id < placeOf.length ? placeOf[id] : NOWHERE;
    if (place == NOWHERE) {
      return;
    }
    placeOf[id] = NOWHERE;
    size--;
    if (place == size) {
      return;
    }
    double tag = tags[size];
    long tie = ties[size];
    if (before(tag, tie, tags[place], ties[place])) {
      up(place, ids[size], tag, tie);
    } else {
      down(place, ids[size], tag, tie);
    }
  }

  /** The ids, least first. The heap must not be changed meanwhile. */
  PrimitiveIterator.OfInt inOrder() {
    PriorityQueue<Integer> open =
        new PriorityQueue<>(
            Comparator.comparingDouble((Integer place) -> tags[place])
                .thenComparingLong(place -> ties[place]));
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

  private void up(int from, int id, double tag, long tie) {
    int place = from;
    while (place > 0) {
      int parent = (place - 1) >> ARITY_BITS;
      if (!before(tag, tie, tags[parent], ties[parent])) {
        break;
      }
      set(place, ids[parent], tags[parent], ties[parent]);
      place = parent;
    }
    set(place, id, tag, tie);
  }

  private void down(int from, int id, double tag, long tie) {
    int place = from;
    while (true) {
      int first = (place << ARITY_BITS) + 1;
      if (first >= size) {
        break;
      }
      int least = first;
      int end = Math.min(first + ARITY, size);
      for (int child = first + 1; child < end; child++) {
        if (before(tags[child], ties[child], tags[least], ties[least])) {
          least = child;
        }
      }
      if (!before(tags[least], ties[least], tag, tie)) {
        break;
      }
      set(place, ids[least], tags[least], ties[least]);
      place = least;
    }
    set(place, id, tag, tie);
  }

  private void set(int place, int id, double tag, long tie) {
    tags[place] = tag;
    ties[place] = tie;
    ids[place] = id;
    placeOf[id] = place;
  }

  private static boolean before(double tag, long tie, double otherTag, long otherTie) {
    return tag < otherTag || (tag == otherTag && tie < otherTie);
  }
}
