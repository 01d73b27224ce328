package dev.cofferdam.router.affinity;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.List;

/**
 * Which workers hold which prefix blocks. The keys are digests that only the owning tenant's key
 * can make, so that an entry can match requests of its own tenant alone, and nothing can be read
 * out of the index. Bounded: digests that were not used for long leave first. A stale entry costs
 * speed, never correctness: the worker looks for itself. Of each digest 64 bits are kept; where two
 * agree in them (once in 10¹² look-ups among ten million), that is a stale entry, too.
 *
 * <p>Memory: 16 to 32 bytes a digest, 20 at ten million, and {@value #SETS_MAX} sets of holders
 * with a bit for each worker and some 100 bytes more at most.
 *
 * <p>Thread-safe.
 */
public final class PrefixIndex {
  private static final int SETS_MAX = 1 << 17;

  /** Tables grow one at a time, so that no growth takes long. */
  private static final int TABLE_BITS = 6;

  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final int digestsMax;
  private final HolderSets holders = new HolderSets(SETS_MAX);
  private final DigestTable[] tables = new DigestTable[1 << TABLE_BITS];
  private int evicting;
  private int entries;

  /** Entries that nobody holds any more; they are used again, or evicted first. */
  private int orphans;

  /**
   * @param digestsMax bound of the index
   */
  public PrefixIndex(int digestsMax) {
    this.digestsMax = digestsMax;
    for (int i = 0; i < tables.length; i++) {
      tables[i] = new DigestTable();
    }
  }

  /** A worker, by its number in the fleet, holds these blocks now. */
  public synchronized void add(int worker, List<byte[]> digests) {
    for (byte[] digest : digests) {
      long print = print(digest);
      DigestTable table = table(print);
      int place = table.find(print);
      if (place == DigestTable.NONE) {
        while (entries >= digestsMax) {
          evict();
        }
        int set = holders.with(HolderSets.NOBODY, worker);
        holders.retain(set);
        table.insert(print, set);
        entries++;
      } else {
        change(table, place, holders.with(table.set(place), worker));
      }
    }
  }

  /** A worker holds these blocks no more. */
  public synchronized void remove(int worker, List<byte[]> digests) {
    for (byte[] digest : digests) {
      long print = print(digest);
      DigestTable table = table(print);
      int place = table.find(print);
      if (place == DigestTable.NONE) {
        continue;
      }
      int rest = holders.without(table.set(place), worker);
      if (holders.isEmpty(rest)) {
        delete(table, place);
      } else {
        change(table, place, rest);
      }
    }
  }

  /** A worker is gone, or begins anew. */
  public synchronized void clear(int worker) {
    orphans += holders.removeEverywhere(worker);
  }

  /**
   * Number of the first blocks of a chain that each worker holds without a gap, by the worker's
   * number in the fleet.
   *
   * @param workers numbers below this are asked for
   */
  public synchronized int[] match(List<byte[]> chain, int workers) {
    int[] blocks = new int[workers];
    long[] unbroken = new long[0];
    int last = HolderSets.NOBODY;
    int depth = 0;
    for (; depth < chain.size(); depth++) {
      long print = print(chain.get(depth));
      DigestTable table = table(print);
      int place = table.find(print);
      if (place == DigestTable.NONE) {
        break;
      }
      table.use(place);
      int set = table.set(place);
      if (set == last) {
        continue;
      }
      if (depth == 0) {
        unbroken = holders.words(set).clone();
      } else {
        drop(unbroken, holders.words(set), depth, blocks);
      }
      last = set;
    }
    drop(unbroken, new long[0], depth, blocks);
    return blocks;
  }

  /** Whoever is not in the set holds {@code depth} blocks and drops out. */
  private static void drop(long[] unbroken, long[] set, int depth, int[] blocks) {
    for (int i = 0; i < unbroken.length; i++) {
      long gone = i < set.length ? unbroken[i] & ~set[i] : unbroken[i];
      unbroken[i] &= ~gone;
      for (; gone != 0; gone &= gone - 1) {
        int worker = (i << 6) + Long.numberOfTrailingZeros(gone);
        if (worker < blocks.length) {
          blocks[worker] = depth;
        }
      }
    }
  }

  /** Digests that somebody holds. */
  public synchronized int size() {
    return entries - orphans;
  }

  /** Bytes of the tables and, about, of the sets of holders. */
  public synchronized long bytes() {
    long bytes = 0;
    for (DigestTable table : tables) {
      bytes += table.bytes();
    }
    return bytes + holders.bytes();
  }

  private void change(DigestTable table, int place, int set) {
    int before = table.set(place);
    table.set(place, set);
    if (set != before) {
      if (holders.isEmpty(before)) {
        orphans--;
      }
      holders.retain(set);
      holders.release(before);
    }
  }

  private void delete(DigestTable table, int place) {
    int set = table.set(place);
    if (holders.isEmpty(set)) {
      orphans--;
    }
    holders.release(set);
    table.delete(place);
    entries--;
  }

  private void evict() {
    while (true) {
      DigestTable table = tables[evicting];
      int victim = table.nextVictim(holders);
      if (victim != DigestTable.NONE) {
        delete(table, victim);
        return;
      }
      evicting = evicting + 1 & tables.length - 1;
    }
  }

  private DigestTable table(long print) {
    return tables[(int) (print >>> Long.SIZE - TABLE_BITS)];
  }

  /** 64 bits of a digest, mixed (the finalizer of MurmurHash3); never 0. */
  private static long print(byte[] digest) {
    long bits = (long) LONG.get(digest, 0);
    bits = (bits ^ bits >>> 33) * 0xff51afd7ed558ccdL;
    bits = (bits ^ bits >>> 33) * 0xc4ceb9fe1a85ec53L;
    bits ^= bits >>> 33;
    return bits == 0 ? 1 : bits;
  }
}
