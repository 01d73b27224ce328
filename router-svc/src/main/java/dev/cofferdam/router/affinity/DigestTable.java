package dev.cofferdam.router.affinity;

/**
 * Digests, by 64 bits of each, with the id of a holder set and a mark of recent use: open
 * addressing with linear probing, 12 bytes a place, at most three quarters of the places taken.
 * Eviction is by the clock algorithm: a hand goes round, spares what was used since it last came
 * by, and takes the first that was not.
 *
 * <p>Not thread-safe.
 */
final class DigestTable {
  /** Bytes of a place. */
  static final int PLACE_BYTES = Long.BYTES + Integer.BYTES;

  /** No place. */
  static final int NONE = -1;

  private static final int RECENT = 1 << 31;
  private static final int PLACES_MIN = 16;

  /** 0 where the place is free. */
  private long[] prints = new long[PLACES_MIN];

  private int[] sets = new int[PLACES_MIN];
  private int size;
  private int hand;

  /** The place of a digest, or {@link #NONE}. */
  int find(long print) {
    int mask = prints.length - 1;
    for (int place = (int) print & mask; prints[place] != 0; place = place + 1 & mask) {
      if (prints[place] == print) {
        return place;
      }
    }
    return NONE;
  }

  /** Holder set of a place. */
  int set(int place) {
    return sets[place] & ~RECENT;
  }

  /** The digest of a place was used. */
  void use(int place) {
    sets[place] |= RECENT;
  }

  /** Gives a place another holder set; that is a use. */
  void set(int place, int set) {
    sets[place] = set | RECENT;
  }

  /** Takes in a digest that is not there. */
  void insert(long print, int set) {
    if (4 * (size + 1) > 3 * prints.length) {
      grow();
    }
    put(print, set | RECENT);
    size++;
  }

  private void put(long print, int value) {
    int mask = prints.length - 1;
    int place = (int) print & mask;
    while (prints[place] != 0) {
      place = place + 1 & mask;
    }
    prints[place] = print;
    sets[place] = value;
  }

  private void grow() {
    long[] oldPrints = prints;
    int[] oldSets = sets;
    prints = new long[2 * oldPrints.length];
    sets = new int[prints.length];
    hand = 0;
    for (int place = 0; place < oldPrints.length; place++) {
      if (oldPrints[place] != 0) {
        put(oldPrints[place], oldSets[place]);
      }
    }
  }

  /** Frees a place; those behind it that would not be found any more move up. */
  void delete(int place) {
    int mask = prints.length - 1;
    int hole = place;
    for (int next = hole + 1 & mask; prints[next] != 0; next = next + 1 & mask) {
      int home = (int) prints[next] & mask;
      if ((next - home & mask) >= (next - hole & mask)) {
        prints[hole] = prints[next];
        sets[hole] = sets[next];
        hole = next;
      }
    }
    prints[hole] = 0;
    sets[hole] = 0;
    size--;
  }

  /**
   * Moves the hand on.
   *
   * @param holders tells which places have no holder any more; those are not spared
   * @return a place that may be freed, or {@link #NONE} at the end of the table, where the next
   *     call begins anew
   */
  int nextVictim(HolderSets holders) {
    while (hand < prints.length) {
      if (prints[hand] != 0) {
        if (sets[hand] >= 0 || holders.isEmpty(set(hand))) {
          return hand;
        }
        sets[hand] &= ~RECENT;
      }
      hand++;
    }
    hand = 0;
    return NONE;
  }

  /** Digests in the table. */
  int size() {
    return size;
  }

  /** Bytes of its places. */
  long bytes() {
    return (long) prints.length * PLACE_BYTES;
  }
}
