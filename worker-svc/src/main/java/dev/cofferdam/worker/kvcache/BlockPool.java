package dev.cofferdam.worker.kvcache;

import dev.cofferdam.vocabulary.TenantId;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The blocks of KV memory, each with one owner or none. A block is <em>free</em> (no owner, all
 * zeros), <em>held</em> (an owner, and one or more holders of that owner: sequences and the prefix
 * cache), or <em>soiled</em> (nobody holds it any more; it keeps its owner until it is zero). The
 * only way from one owner to another leads through zeros.
 *
 * <p>A tenant may be sure of a number of blocks: as many as it has fewer than that are kept free
 * for it, and nobody else is given them.
 *
 * <p>Every use names the tenant, and is checked in production. Not thread-safe: the step thread's.
 */
public final class BlockPool {
  /** No block. */
  public static final int NONE = -1;

  private final @Nullable TenantId[] owners;
  private final int[] holders;
  private final int[] free;
  private final int[] soiled;
  private final Map<TenantId, Integer> blocksByOwner = new HashMap<>();
  private Map<TenantId, Integer> guaranteed = Map.of();

  /** Sum of what guaranteed tenants have fewer than they are sure of. */
  private int keptFree;

  private int freeCount;
  private int soiledCount;
  private long zeroedTotal;
  private long violations;

  /** A pool of so many blocks, all of them zero and free. */
  public BlockPool(int blocks) {
    owners = new TenantId[blocks];
    holders = new int[blocks];
    free = new int[blocks];
    soiled = new int[blocks];
    for (int i = 0; i < blocks; i++) {
      free[i] = blocks - 1 - i;
    }
    freeCount = blocks;
  }

  /**
   * Sets what tenants are sure of from now on. Blocks that others have stay theirs; none of them is
   * given to others again until all that is unused is free.
   *
   * @param blocks by tenant; together at most all
   */
  public void guarantee(Map<TenantId, Integer> blocks) {
    guaranteed = Map.copyOf(blocks);
    keptFree = 0;
    guaranteed.keySet().forEach(tenant -> keptFree += unused(tenant));
  }

  /** Blocks that a tenant is sure of. */
  public int guaranteed(TenantId tenant) {
    return guaranteed.getOrDefault(tenant, 0);
  }

  /** Tenants that are sure of blocks. */
  Set<TenantId> guaranteed() {
    return guaranteed.keySet();
  }

  /** Blocks that a tenant has fewer than it is sure of. */
  int unused(TenantId tenant) {
    return Math.max(0, guaranteed(tenant) - ownedBy(tenant));
  }

  /** Blocks that a tenant may be given at once; negative when others are short of theirs. */
  public int freeFor(TenantId tenant) {
    return freeCount - (keptFree - unused(tenant));
  }

  private void count(TenantId owner, int change) {
    keptFree -= unused(owner);
    blocksByOwner.merge(owner, change, (a, b) -> a + b == 0 ? null : a + b);
    keptFree += unused(owner);
  }

  /** Gives a free block to a tenant, with one holder; {@link #NONE} when none is free for it. */
  public int allocate(TenantId owner) {
    if (freeCount == 0 || freeFor(owner) <= 0) {
      return NONE;
    }
    int block = free[freeCount - 1];
    if (owners[block] != null || holders[block] != 0) {
      throw violation("a free block has an owner");
    }
    freeCount--;
    owners[block] = owner;
    holders[block] = 1;
    count(owner, 1);
    return block;
  }

  /** One holder more, of the same tenant. */
  public void retain(int block, TenantId tenant) {
    check(block, tenant);
    holders[block]++;
  }

  /** One holder less. Returns whether it was the last: the block is soiled then. */
  public boolean release(int block, TenantId tenant) {
    check(block, tenant);
    if (--holders[block] > 0) {
      return false;
    }
    soiled[soiledCount++] = block;
    return true;
  }

  /**
   * Asserts that a tenant may read a block.
   *
   * @throws IsolationViolation when it is another tenant's, or nobody holds it
   */
  public void check(int block, TenantId tenant) {
    if (block < 0 || block >= owners.length) {
      throw violation("no such block");
    }
    TenantId owner = owners[block];
    if (owner == null || holders[block] < 1) {
      throw violation("the block is not held");
    }
    if (!owner.equals(tenant)) {
      throw violation("the block is another tenant's");
    }
  }

  /**
   * Asserts that a tenant may write a block: it is the tenant's, and has one holder.
   *
   * @throws IsolationViolation when it may not
   */
  public void checkWritable(int block, TenantId tenant) {
    check(block, tenant);
    if (holders[block] != 1) {
      throw violation("the block is shared and must not be written");
    }
  }

  /**
   * Zeroes all soiled blocks and frees them. A failure of the vault leaves them soiled.
   *
   * @return how many
   */
  int zeroSoiled(BlockVault vault) {
    int count = soiledCount;
    if (count == 0) {
      return 0;
    }
    vault.zero(soiled, count);
    for (int i = 0; i < count; i++) {
      int block = soiled[i];
      TenantId owner = owners[block];
      if (owner == null || holders[block] != 0) {
        throw violation("a soiled block is held");
      }
      count(owner, -1);
      owners[block] = null;
      free[freeCount++] = block;
    }
    soiledCount = 0;
    zeroedTotal += count;
    return count;
  }

  private IsolationViolation violation(String message) {
    violations++;
    return new IsolationViolation(message);
  }

  /** Owner of a block; null for a free one. */
  public @Nullable TenantId owner(int block) {
    return owners[block];
  }

  /** Holders of a block. */
  public int holders(int block) {
    return holders[block];
  }

  /** Blocks in all. */
  public int size() {
    return owners.length;
  }

  /** Blocks that can be given out at once. */
  public int free() {
    return freeCount;
  }

  /** Blocks that nobody holds and that are not yet zero. */
  public int soiled() {
    return soiledCount;
  }

  /** Blocks of a tenant, soiled ones included. */
  public int ownedBy(TenantId tenant) {
    return blocksByOwner.getOrDefault(tenant, 0);
  }

  /** Blocks that were zeroed since the start. */
  public long zeroedTotal() {
    return zeroedTotal;
  }

  /** Violations that were stopped since the start. */
  public long violations() {
    return violations;
  }
}
