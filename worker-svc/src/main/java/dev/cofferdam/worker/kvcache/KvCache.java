package dev.cofferdam.worker.kvcache;

import dev.cofferdam.vocabulary.TenantId;
import java.util.List;

/**
 * KV memory as sequences see it: allocation within quotas, sharing inside a tenant, eviction, and
 * zeroing before a block changes hands. When room is needed, the tenant's own idle blocks go first,
 * then those of the tenant with the least weight: what one tenant does costs itself first.
 *
 * <p>Not thread-safe: the step thread's.
 */
public final class KvCache {
  private final BlockPool pool;
  private final PrefixCache prefixes;
  private final BlockZeroer zeroer;
  private final int blockTokens;
  private final long blockBytes;

  /**
   * @param blocks blocks in the pool
   * @param blockTokens tokens of a block
   * @param blockBytes bytes of a block
   * @param zeroer fills blocks with zeros
   * @param journal told of what the prefix cache gains and loses
   */
  public KvCache(
      int blocks, int blockTokens, long blockBytes, BlockZeroer zeroer, CacheJournal journal) {
    this.pool = new BlockPool(blocks);
    this.prefixes = new PrefixCache(pool, blockTokens, journal);
    this.zeroer = zeroer;
    this.blockTokens = blockTokens;
    this.blockBytes = blockBytes;
  }

  /**
   * A zeroed block for a tenant, with the caller as its holder.
   *
   * @param kvBytesMax largest number of KV bytes of the tenant, cached ones included; 0: no bound
   * @return the block, or {@link BlockPool#NONE} when the quota or the pool is used up
   */
  public int allocate(TenantId tenant, long kvBytesMax) {
    int quota = quotaBlocks(kvBytesMax);
    if (pool.ownedBy(tenant) >= quota) {
      pool.zeroSoiled(zeroer);
      while (pool.ownedBy(tenant) >= quota) {
        if (!prefixes.evictOf(tenant)) {
          return BlockPool.NONE;
        }
        pool.zeroSoiled(zeroer);
      }
    }
    if (pool.free() == 0 && pool.zeroSoiled(zeroer) == 0) {
      if (!prefixes.evictOf(tenant) && !prefixes.evictLeastWeighted()) {
        return BlockPool.NONE;
      }
      pool.zeroSoiled(zeroer);
    }
    return pool.allocate(tenant);
  }

  /** Blocks that {@link #allocate} could give to a tenant now. */
  public int available(TenantId tenant, long kvBytesMax) {
    int inPool = pool.free() + pool.soiled() + prefixes.idle();
    int inQuota = quotaBlocks(kvBytesMax) - pool.ownedBy(tenant) + prefixes.idleOf(tenant);
    return Math.max(0, Math.min(inPool, inQuota));
  }

  /** The most blocks that a tenant could ever have. */
  public int blocksMax(long kvBytesMax) {
    return Math.min(pool.size(), quotaBlocks(kvBytesMax));
  }

  private int quotaBlocks(long kvBytesMax) {
    return kvBytesMax <= 0
        ? Integer.MAX_VALUE
        : (int) Math.min(Integer.MAX_VALUE, kvBytesMax / blockBytes);
  }

  /**
   * Shares the longest cached beginning of a prompt; at least one token stays to be computed.
   *
   * @see PrefixCache#match
   */
  public int match(
      TenantId tenant, Digest root, List<Digest> digests, int[] tokens, int length, int[] into) {
    return prefixes.match(tenant, root, digests, tokens, (length - 1) / blockTokens, into);
  }

  /** Keeps a full block for later prompts of the tenant. */
  public void keep(
      TenantId tenant,
      double weight,
      Digest parent,
      Digest digest,
      int[] tokens,
      int from,
      int block) {
    prefixes.insert(tenant, weight, parent, digest, tokens, from, block);
  }

  /** A sequence lets go of a block. Returns whether it is to be zeroed; a cached one stays. */
  public boolean release(int block, TenantId tenant) {
    return prefixes.release(block, tenant);
  }

  /** Takes a block out of the prefix cache; its holders keep it. */
  public void forget(int block, TenantId tenant) {
    prefixes.forget(block, tenant);
  }

  /** Zeroes everything that was released. Returns how many blocks. */
  public int zeroReleased() {
    return pool.zeroSoiled(zeroer);
  }

  /** The blocks, for checks and counts. */
  public BlockPool pool() {
    return pool;
  }

  /** Tokens of a block. */
  public int blockTokens() {
    return blockTokens;
  }

  /** Blocks that no sequence holds: free ones, those about to be zeroed, idle cached ones. */
  public int unheld() {
    return pool.free() + pool.soiled() + prefixes.idle();
  }

  /** Blocks in the prefix cache. */
  public int cached() {
    return prefixes.size();
  }

  /** Cached blocks that no sequence holds. */
  public int idle() {
    return prefixes.idle();
  }
}
