package dev.cofferdam.worker.kvcache;

import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.worker.execution.BlockKey;
import dev.cofferdam.worker.execution.BlockMemory;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * KV memory as sequences see it: allocation within quotas, sharing inside a tenant, eviction,
 * encryption, and zeroing before a block changes hands. When room is needed, the tenant's own idle
 * blocks go first, then those of the tenant with the least weight: what one tenant does costs
 * itself first.
 *
 * <p>Not thread-safe: the step thread's.
 */
public final class KvCache {
  private final BlockPool pool;
  private final PrefixCache prefixes;
  private final BlockVault vault;
  private final int blockTokens;
  private final long blockBytes;

  /**
   * @param blocks blocks in the pool
   * @param blockTokens tokens of a block
   * @param blockBytes bytes of a block
   * @param memory the blocks' content
   * @param sealing how blocks of tenants that ask for encryption are kept
   * @param journal told of what the prefix cache gains and loses
   */
  public KvCache(
      int blocks,
      int blockTokens,
      long blockBytes,
      BlockMemory memory,
      Sealing sealing,
      CacheJournal journal) {
    this.pool = new BlockPool(blocks);
    this.prefixes = new PrefixCache(pool, blockTokens, journal);
    this.vault = new BlockVault(blocks, memory, sealing);
    this.blockTokens = blockTokens;
    this.blockBytes = blockBytes;
  }

  /**
   * Sets what tenants are sure of from now on: memory that no other tenant's sequences or cached
   * blocks take while the tenant itself has less. Where that is more than the pool, each tenant
   * gets the same share of its own. What others have cached beyond it goes at once; what their
   * sequences hold is free when they end.
   *
   * @param bytes by tenant, in whole blocks
   * @return whether all of it fits
   */
  public boolean guarantee(Map<TenantId, Long> bytes) {
    double sum = 0;
    for (long wanted : bytes.values()) {
      sum += (double) (wanted / blockBytes);
    }
    double share = sum <= pool.size() ? 1 : pool.size() / sum;
    Map<TenantId, Integer> blocks = new HashMap<>();
    bytes.forEach(
        (tenant, wanted) ->
            blocks.put(tenant, (int) Math.floor(share * (double) (wanted / blockBytes))));
    pool.guarantee(blocks);
    pool.zeroSoiled(vault);
    while (pool.freeFor(TenantId.PUBLIC) < 0 && prefixes.evictLeastWeighted()) {
      pool.zeroSoiled(vault);
    }
    return share == 1;
  }

  /**
   * A zeroed block for a tenant, with the caller as its holder and reader.
   *
   * @param kvBytesMax largest number of KV bytes of the tenant, cached ones included; 0: no bound
   * @param encrypted whether it is to be kept encrypted
   * @return the block, or {@link BlockPool#NONE} when the quota or the pool is used up, or what is
   *     left of it is kept for others
   */
  public int allocate(TenantId tenant, long kvBytesMax, boolean encrypted) {
    int quota = quotaBlocks(kvBytesMax);
    if (pool.ownedBy(tenant) >= quota) {
      pool.zeroSoiled(vault);
      while (pool.ownedBy(tenant) >= quota) {
        if (!prefixes.evictOf(tenant)) {
          return BlockPool.NONE;
        }
        pool.zeroSoiled(vault);
      }
    }
    while (pool.freeFor(tenant) <= 0) {
      if (pool.zeroSoiled(vault) == 0
          && !prefixes.evictOf(tenant)
          && !prefixes.evictLeastWeighted()) {
        return BlockPool.NONE;
      }
    }
    int block = pool.allocate(tenant);
    if (block != BlockPool.NONE) {
      vault.given(block, tenant, encrypted);
    }
    return block;
  }

  /** Blocks that {@link #allocate} could give to a tenant now. */
  public int available(TenantId tenant, long kvBytesMax) {
    if (!pool.guaranteed().isEmpty()) {
      pool.zeroSoiled(vault);
    }
    int inPool = pool.free() + pool.soiled() + prefixes.idle();
    for (TenantId other : pool.guaranteed()) {
      if (!other.equals(tenant)) {
        // What it has cannot shrink below this by eviction, and what it lacks is kept for it.
        int idle = prefixes.idleOf(other);
        int evictable = Math.clamp(pool.ownedBy(other) - pool.guaranteed(other), 0, idle);
        inPool -= idle - evictable + pool.unused(other);
      }
    }
    int inQuota = quotaBlocks(kvBytesMax) - pool.ownedBy(tenant) + prefixes.idleOf(tenant);
    return Math.max(0, Math.min(inPool, inQuota));
  }

  /** The most blocks that a tenant could ever have. */
  public int blocksMax(TenantId tenant, long kvBytesMax) {
    int inPool = pool.size();
    for (TenantId other : pool.guaranteed()) {
      inPool -= other.equals(tenant) ? 0 : pool.guaranteed(other);
    }
    return Math.min(inPool, quotaBlocks(kvBytesMax));
  }

  /** Blocks that a tenant is given whatever others want. */
  public int sure(TenantId tenant) {
    return pool.unused(tenant) + prefixes.idleOf(tenant);
  }

  /** Whether others gain something when a tenant lets go of a block. */
  public boolean mayGive(TenantId tenant) {
    return pool.ownedBy(tenant) > pool.guaranteed(tenant);
  }

  private int quotaBlocks(long kvBytesMax) {
    return kvBytesMax <= 0
        ? Integer.MAX_VALUE
        : (int) Math.min(Integer.MAX_VALUE, kvBytesMax / blockBytes);
  }

  /**
   * Shares the longest cached beginning of a prompt, or what follows blocks that the caller has
   * already, with the caller as a holder and reader; at least one token stays to be computed. A
   * block whose seal is broken is cached no more.
   *
   * @see PrefixCache#match
   */
  public int match(
      TenantId tenant,
      Digest root,
      List<Digest> digests,
      int[] tokens,
      int from,
      int length,
      int[] into) {
    int blocksMax = (length - 1) / blockTokens;
    int found = prefixes.match(tenant, root, digests, tokens, from, blocksMax, into);
    int readable = from;
    while (readable < found && vault.read(into[readable])) {
      readable++;
    }
    if (readable < found) {
      prefixes.forget(into[readable], tenant);
      for (int i = found - 1; i >= readable; i--) {
        prefixes.release(into[i], tenant);
      }
    }
    return readable;
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
    boolean soiled = prefixes.release(block, tenant);
    vault.leave(block);
    return soiled;
  }

  /** A sequence lets go of a block that it does not read at present. */
  public boolean releaseUnread(int block, TenantId tenant) {
    return prefixes.release(block, tenant);
  }

  /** A sequence stays a holder of a block that it does not read for a while. */
  public void rest(int block, TenantId tenant) {
    pool.check(block, tenant);
    vault.leave(block);
  }

  /** A sequence reads a block again. Returns whether it can; otherwise the content is lost. */
  public boolean wake(int block, TenantId tenant) {
    pool.check(block, tenant);
    return vault.read(block);
  }

  /** The content of a block that the caller holds, sealed, to be kept outside of the pool. */
  public ExportedBlock export(int block, TenantId tenant) {
    pool.check(block, tenant);
    return vault.export(block, tenant);
  }

  /** Whether the content of a block is gone, because its seal was broken. */
  public boolean lost(int block) {
    return vault.lost(block);
  }

  /**
   * Fills a block that the caller alone holds with what was exported.
   *
   * @return whether it was whole, and the same tenant's; otherwise the block is all zeros
   */
  public boolean restore(int block, TenantId tenant, ExportedBlock exported) {
    pool.checkWritable(block, tenant);
    return vault.restore(block, tenant, exported);
  }

  /** An exported content is needed no more. */
  public void drop(ExportedBlock exported) {
    vault.forget(exported.safe);
  }

  /** A block is full and will not be written any more. */
  public void filled(int block, TenantId tenant) {
    pool.check(block, tenant);
    vault.filled(block);
  }

  /** Seals blocks that nobody reads any more or that became full, as the sealing demands. */
  public void sealResting() {
    vault.sealPending();
  }

  /** Destroys a tenant's key and what is cached of it: its sealed blocks cannot be read again. */
  public void destroyKey(TenantId tenant) {
    prefixes.forgetAll(tenant);
    vault.destroy(tenant);
  }

  /** Takes everything out of the prefix cache; other holders keep theirs. */
  public void forgetAll() {
    prefixes.forgetAll();
  }

  /** Key of a block that is kept encrypted; null for others. */
  public @Nullable BlockKey keyOf(int block) {
    return vault.keyOf(block);
  }

  /** Number of a block's seal; 0: it is open. */
  public long sealOf(int block) {
    return vault.sealOf(block);
  }

  /** Takes a block out of the prefix cache; its holders keep it. */
  public void forget(int block, TenantId tenant) {
    prefixes.forget(block, tenant);
  }

  /** Zeroes everything that was released. Returns how many blocks. */
  public int zeroReleased() {
    return pool.zeroSoiled(vault);
  }

  /** The blocks, for checks and counts. */
  public BlockPool pool() {
    return pool;
  }

  /** Running sequences that read a block. */
  public int readers(int block) {
    return vault.readers(block);
  }

  /** Keys that exist: of tenants with blocks that are kept encrypted. */
  public int keys() {
    return vault.keys();
  }

  /** Seals made since the start. */
  public long seals() {
    return vault.seals();
  }

  /** Seals that were found broken since the start. */
  public long sealsBroken() {
    return vault.broken();
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
