package dev.cofferdam.worker.kvcache;

import dev.cofferdam.vocabulary.TenantId;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Full blocks that are kept for the next prompt of the same tenant. An entry is found by (tenant,
 * keyed digest), and then its tokens and its parent's digest are compared too: neither a collision
 * nor a known digest reaches another block, and never another tenant's. The cache is one holder of
 * each of its blocks; a block that nobody else holds is <em>idle</em>, and idle blocks are evicted
 * least recently used first, the end of a chain before its beginning.
 *
 * <p>Not thread-safe: the step thread's.
 */
public final class PrefixCache {
  private record Key(TenantId tenant, Digest digest) {}

  private static final class Entry {
    final Key key;
    final Digest parent;
    final int[] tokens;
    final int block;
    long idleSince;
    @Nullable Entry older;
    @Nullable Entry newer;

    Entry(Key key, Digest parent, int[] tokens, int block) {
      this.key = key;
      this.parent = parent;
      this.tokens = tokens;
      this.block = block;
    }
  }

  /** A tenant's entries; the idle ones in a doubly linked list from the least recently used on. */
  private static final class Shelf {
    double weight;
    int entries;
    int idle;
    @Nullable Entry oldest;
    @Nullable Entry newest;
  }

  private final BlockPool pool;
  private final int blockTokens;
  private final CacheJournal journal;
  private final Map<Key, Entry> entries = new HashMap<>();
  private final @Nullable Entry[] byBlock;
  private final Map<TenantId, Shelf> shelves = new HashMap<>();
  private int idleCount;
  private long ticks;

  /**
   * @param pool the blocks
   * @param blockTokens tokens of a block
   * @param journal told of every change
   */
  public PrefixCache(BlockPool pool, int blockTokens, CacheJournal journal) {
    this.pool = pool;
    this.blockTokens = blockTokens;
    this.journal = journal;
    this.byBlock = new Entry[pool.size()];
  }

  /**
   * Finds the longest cached continuation of a sequence's blocks and makes the caller a holder of
   * them.
   *
   * @param root what precedes the first block
   * @param digests digests of the sequence's full blocks, first block first
   * @param tokens the sequence
   * @param from blocks at the beginning that the caller has already
   * @param blocksMax most blocks wanted, those included
   * @param into receives the blocks
   * @return how many blocks the caller has now
   */
  public int match(
      TenantId tenant,
      Digest root,
      List<Digest> digests,
      int[] tokens,
      int from,
      int blocksMax,
      int[] into) {
    Digest parent = from == 0 ? root : digests.get(from - 1);
    int matched = from;
    while (matched < Math.min(blocksMax, digests.size())) {
      Entry entry = entries.get(new Key(tenant, digests.get(matched)));
      if (entry == null || !entry.parent.equals(parent) || !holds(entry, tokens, matched)) {
        break;
      }
      pool.retain(entry.block, tenant);
      unlink(entry);
      into[matched] = entry.block;
      parent = digests.get(matched++);
    }
    return matched;
  }

  private boolean holds(Entry entry, int[] tokens, int index) {
    int from = index * blockTokens;
    return from + blockTokens <= tokens.length
        && Arrays.equals(entry.tokens, 0, blockTokens, tokens, from, from + blockTokens);
  }

  /**
   * Keeps a full block that the caller holds; does nothing when a block is known by this digest.
   *
   * @param weight share of the tenant: blocks of tenants with less of it are evicted first
   * @param parent digest of the block before, or the root
   * @param from index of the block's first token in {@code tokens}
   */
  public void insert(
      TenantId tenant,
      double weight,
      Digest parent,
      Digest digest,
      int[] tokens,
      int from,
      int block) {
    Key key = new Key(tenant, digest);
    if (byBlock[block] != null || entries.containsKey(key)) {
      return;
    }
    pool.retain(block, tenant);
    Entry entry =
        new Entry(key, parent, Arrays.copyOfRange(tokens, from, from + blockTokens), block);
    entries.put(key, entry);
    byBlock[block] = entry;
    Shelf shelf = shelves.computeIfAbsent(tenant, unused -> new Shelf());
    shelf.weight = weight;
    shelf.entries++;
    if (!tenant.equals(TenantId.PUBLIC)) {
      journal.added(digest);
    }
  }

  /** A sequence lets go of a block. Returns whether the block became soiled; a cached one stays. */
  public boolean release(int block, TenantId tenant) {
    boolean soiled = pool.release(block, tenant);
    Entry entry = byBlock[block];
    if (entry != null && pool.holders(block) == 1) {
      link(entry);
    }
    return soiled;
  }

  /** Forgets a block that must not be found again; its other holders keep it. */
  public void forget(int block, TenantId tenant) {
    pool.check(block, tenant);
    Entry entry = byBlock[block];
    if (entry != null) {
      remove(entry);
    }
  }

  /** Forgets all blocks of a tenant; their other holders keep them. */
  public void forgetAll(TenantId tenant) {
    for (Entry entry : byBlock) {
      if (entry != null && entry.key.tenant().equals(tenant)) {
        remove(entry);
      }
    }
  }

  /** Forgets all blocks; their other holders keep them. */
  public void forgetAll() {
    for (Entry entry : byBlock) {
      if (entry != null) {
        remove(entry);
      }
    }
  }

  /** Evicts the tenant's least recently used idle block. Returns whether there was one. */
  public boolean evictOf(TenantId tenant) {
    Shelf shelf = shelves.get(tenant);
    if (shelf == null || shelf.oldest == null) {
      return false;
    }
    remove(shelf.oldest);
    return true;
  }

  /**
   * Evicts an idle block of the tenant with the least weight, the least recently used one among
   * equals, of those that have more than they are sure of. Returns whether there was one.
   */
  public boolean evictLeastWeighted() {
    Shelf victim = null;
    for (Map.Entry<TenantId, Shelf> entry : shelves.entrySet()) {
      TenantId tenant = entry.getKey();
      Shelf shelf = entry.getValue();
      if (shelf.oldest != null
          && pool.ownedBy(tenant) > pool.guaranteed(tenant)
          && (victim == null || before(shelf, victim))) {
        victim = shelf;
      }
    }
    if (victim == null || victim.oldest == null) {
      return false;
    }
    remove(victim.oldest);
    return true;
  }

  private static boolean before(Shelf a, Shelf b) {
    if (a.weight != b.weight) {
      return a.weight < b.weight;
    }
    return a.oldest != null && b.oldest != null && a.oldest.idleSince < b.oldest.idleSince;
  }

  /** Idle blocks of a tenant. */
  public int idleOf(TenantId tenant) {
    Shelf shelf = shelves.get(tenant);
    return shelf == null ? 0 : shelf.idle;
  }

  /** Idle blocks of all tenants. */
  public int idle() {
    return idleCount;
  }

  /** Blocks in the cache. */
  public int size() {
    return entries.size();
  }

  private void remove(Entry entry) {
    TenantId tenant = entry.key.tenant();
    unlink(entry);
    entries.remove(entry.key);
    byBlock[entry.block] = null;
    journal.removed(entry.key.digest());
    pool.release(entry.block, tenant);
    shelves.computeIfPresent(tenant, (unused, shelf) -> --shelf.entries == 0 ? null : shelf);
  }

  private void link(Entry entry) {
    Shelf shelf = shelf(entry);
    entry.idleSince = ++ticks;
    entry.older = shelf.newest;
    if (shelf.newest == null) {
      shelf.oldest = entry;
    } else {
      shelf.newest.newer = entry;
    }
    shelf.newest = entry;
    shelf.idle++;
    idleCount++;
  }

  /** Takes an entry out of the idle ones, where it is among them. */
  private void unlink(Entry entry) {
    if (entry.idleSince == 0) {
      return;
    }
    Shelf shelf = shelf(entry);
    Entry older = entry.older;
    Entry newer = entry.newer;
    if (older == null) {
      shelf.oldest = newer;
    } else {
      older.newer = newer;
    }
    if (newer == null) {
      shelf.newest = older;
    } else {
      newer.older = older;
    }
    entry.older = null;
    entry.newer = null;
    entry.idleSince = 0;
    shelf.idle--;
    idleCount--;
  }

  private Shelf shelf(Entry entry) {
    Shelf shelf = shelves.get(entry.key.tenant());
    if (shelf == null) {
      throw new IllegalStateException("a cached block of a tenant without cached blocks");
    }
    return shelf;
  }
}
