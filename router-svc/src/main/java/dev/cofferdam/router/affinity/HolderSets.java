package dev.cofferdam.router.affinity;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * The different sets of workers that hold the same blocks, each kept once under an id: blocks of
 * one chain mostly have the same holders, so that an index entry is an id instead of a set. Id 0 is
 * the set that nobody is in. Sets are counted by what refers to them, and go with the last
 * reference.
 *
 * <p>Not thread-safe.
 */
final class HolderSets {
  /** The set that nobody is in. */
  static final int NOBODY = 0;

  /** Headers of a set's objects, and its entry in the map of ids. */
  private static final int OVERHEAD_BYTES = 100;

  private final int setsMax;
  private final Map<Members, Integer> ids = new HashMap<>();
  private final ArrayDeque<Integer> free = new ArrayDeque<>();
  private Members[] members = new Members[64];
  private int[] references = new int[64];
  private int used = 1;

  /** A bit for each worker; without trailing zero words, so that equal sets are equal. */
  private record Members(long[] words) {
    private static final Members NONE = new Members(new long[0]);

    private boolean has(int worker) {
      return worker >> 6 < words.length && (words[worker >> 6] & 1L << worker) != 0;
    }

    private Members with(int worker) {
      long[] next = Arrays.copyOf(words, Math.max(words.length, (worker >> 6) + 1));
      next[worker >> 6] |= 1L << worker;
      return new Members(next);
    }

    private Members without(int worker) {
      long[] next = words.clone();
      next[worker >> 6] &= ~(1L << worker);
      int length = next.length;
      while (length > 0 && next[length - 1] == 0) {
        length--;
      }
      return length == 0 ? NONE : new Members(Arrays.copyOf(next, length));
    }

    private boolean isEmpty() {
      return words.length == 0;
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Members that && Arrays.equals(words, that.words);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(words);
    }
  }

  /**
   * @param setsMax bound of the sets of more than one worker
   */
  HolderSets(int setsMax) {
    this.setsMax = setsMax;
    members[NOBODY] = Members.NONE;
    ids.put(Members.NONE, NOBODY);
  }

  /**
   * The set with one worker more; the same set where it is in there already, or where there are as
   * many sets as there may be.
   */
  int with(int id, int worker) {
    Members set = members[id];
    if (set.has(worker)) {
      return id;
    }
    Members wanted = set.with(worker);
    Integer known = ids.get(wanted);
    if (known != null) {
      return known;
    }
    return !set.isEmpty() && ids.size() >= setsMax ? id : create(wanted);
  }

  /** The set with one worker less. Where there are too many sets, nobody's. */
  int without(int id, int worker) {
    Members set = members[id];
    if (!set.has(worker)) {
      return id;
    }
    Members wanted = set.without(worker);
    Integer known = ids.get(wanted);
    if (known != null) {
      return known;
    }
    return ids.size() >= setsMax ? NOBODY : create(wanted);
  }

  private int create(Members set) {
    int id = free.isEmpty() ? used++ : free.removeLast();
    if (id == members.length) {
      members = Arrays.copyOf(members, 2 * id);
      references = Arrays.copyOf(references, 2 * id);
    }
    members[id] = set;
    references[id] = 0;
    ids.put(set, id);
    return id;
  }

  /** Something refers to a set from now on. */
  void retain(int id) {
    references[id]++;
  }

  /** Something refers to a set no more. */
  void release(int id) {
    if (--references[id] == 0 && id != NOBODY) {
      ids.remove(members[id], id);
      members[id] = Members.NONE;
      free.addLast(id);
    }
  }

  /**
   * Takes a worker out of every set, and so out of everything that refers to them.
   *
   * @return how many references have nobody now
   */
  int removeEverywhere(int worker) {
    int emptied = 0;
    for (int id = 1; id < used; id++) {
      Members set = members[id];
      if (!set.has(worker)) {
        continue;
      }
      Members rest = set.without(worker);
      ids.remove(set, id);
      members[id] = rest;
      // A set that equals another now goes on under its own id, until its last reference goes.
      ids.putIfAbsent(rest, id);
      if (rest.isEmpty()) {
        emptied += references[id];
      }
    }
    return emptied;
  }

  /** Whether nobody is in a set. */
  boolean isEmpty(int id) {
    return members[id].isEmpty();
  }

  /** A bit for each worker of a set, in 64s; not to be changed. */
  long[] words(int id) {
    return members[id].words;
  }

  /** Bytes of the sets, about. */
  long bytes() {
    long bytes = 0;
    for (int id = 1; id < used; id++) {
      bytes += Long.BYTES * (long) members[id].words.length + OVERHEAD_BYTES;
    }
    return bytes;
  }
}
