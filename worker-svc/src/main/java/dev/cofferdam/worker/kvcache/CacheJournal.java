package dev.cofferdam.worker.kvcache;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Which digests the prefix cache holds, and how that changed, for readers on other threads that
 * each keep a cursor. Bounded: a reader that is further behind than the log reaches gets everything
 * anew. Thread-safe.
 */
public final class CacheJournal {
  private record Change(boolean added, Digest digest) {}

  /**
   * What happened after a cursor.
   *
   * @param cursor where to read on
   * @param reset everything told before is void
   * @param added digests that are held now
   * @param removed digests that are held no more
   */
  public record Changes(long cursor, boolean reset, List<Digest> added, List<Digest> removed) {
    /** Whether there is nothing to tell. */
    public boolean isEmpty() {
      return !reset && added.isEmpty() && removed.isEmpty();
    }
  }

  private final int changesMax;
  private final Set<Digest> held = new LinkedHashSet<>();
  private final ArrayDeque<Change> log = new ArrayDeque<>();
  private long end;

  /**
   * @param changesMax changes that are kept for readers
   */
  public CacheJournal(int changesMax) {
    this.changesMax = changesMax;
  }

  synchronized void added(Digest digest) {
    if (held.add(digest)) {
      append(new Change(true, digest));
    }
  }

  synchronized void removed(Digest digest) {
    if (held.remove(digest)) {
      append(new Change(false, digest));
    }
  }

  private void append(Change change) {
    log.addLast(change);
    end++;
    if (log.size() > changesMax) {
      log.removeFirst();
    }
  }

  /** What happened after a cursor; a negative cursor knows nothing. */
  public synchronized Changes after(long cursor) {
    long start = end - log.size();
    if (cursor < start) {
      return new Changes(end, true, List.copyOf(held), List.of());
    }
    Set<Digest> added = new LinkedHashSet<>();
    Set<Digest> removed = new LinkedHashSet<>();
    long at = start;
    for (Change change : log) {
      if (at++ >= cursor) {
        (change.added ? removed : added).remove(change.digest);
        (change.added ? added : removed).add(change.digest);
      }
    }
    return new Changes(end, false, new ArrayList<>(added), new ArrayList<>(removed));
  }
}
