package dev.cofferdam.worker.kvcache;

import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.worker.execution.BlockKey;
import dev.cofferdam.worker.execution.BlockMemory;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which blocks are sealed, and under which key. A tenant's key is made when it is first needed,
 * lives in this process's memory alone, and is destroyed with the last block under it. Every seal
 * has a number of its own that is never used again, so that no nonce repeats under a key.
 *
 * <p>Not thread-safe: the step thread's.
 */
final class BlockVault {
  /** A key and how much is under it: blocks of the pool, and exported ones. */
  static final class Safe {
    final TenantId tenant;
    final BlockKey key;
    private int contents;

    private Safe(TenantId tenant, BlockKey key) {
      this.tenant = tenant;
      this.key = key;
    }
  }

  private final BlockMemory memory;
  private final Sealing sealing;
  private final SecureRandom random = new SecureRandom();
  private final Map<TenantId, Safe> safes = new HashMap<>();

  /** By block: whose key it is kept under; null: it is kept plain. */
  private final @Nullable Safe[] safeOf;

  /** By block: the number of its seal; 0: it is open. */
  private final long[] seal;

  /** By block: running sequences that read or write it. */
  private final int[] readers;

  /** By block: whether it will not be written any more. */
  private final boolean[] full;

  /** By block: whether its seal was found broken, and its content is gone. */
  private final boolean[] lost;

  /** Blocks that may have to be sealed. */
  private final int[] pending;

  private final boolean[] isPending;
  private int pendingCount;
  private long seals;
  private long broken;

  BlockVault(int blocks, BlockMemory memory, Sealing sealing) {
    this.memory = memory;
    this.sealing = sealing;
    safeOf = new Safe[blocks];
    seal = new long[blocks];
    readers = new int[blocks];
    full = new boolean[blocks];
    lost = new boolean[blocks];
    pending = new int[blocks];
    isPending = new boolean[blocks];
  }

  /** A zeroed block was given to a tenant's running sequence. */
  void given(int block, TenantId tenant, boolean encrypted) {
    readers[block] = 1;
    if (encrypted) {
      safeOf[block] = safe(tenant);
    }
  }

  /** A tenant's key, with one content more under it. */
  Safe safe(TenantId tenant) {
    Safe safe = safes.computeIfAbsent(tenant, t -> new Safe(t, BlockKey.random(random)));
    safe.contents++;
    return safe;
  }

  /** One content less under a key; it is destroyed with the last one. */
  void forget(Safe safe) {
    if (--safe.contents == 0) {
      safe.key.destroy();
      safes.remove(safe.tenant, safe);
    }
  }

  /** A number that no seal had before. */
  long nextSeal() {
    return ++seals;
  }

  /**
   * A running sequence is to read a block. Opens it where steps do not do so themselves.
   *
   * @return whether it can be read; otherwise its content is gone, and it is not counted as read
   */
  boolean read(int block) {
    Safe safe = safeOf[block];
    boolean stepsOpenIt = sealing == Sealing.ALWAYS && full[block];
    if (safe != null && seal[block] != 0 && !stepsOpenIt) {
      lost[block] = !memory.openBlock(block, safe.key, seal[block]);
      seal[block] = 0;
      broken += lost[block] ? 1 : 0;
    }
    if (lost[block]) {
      return false;
    }
    readers[block]++;
    return true;
  }

  /** Whether the content of a block is gone. */
  boolean lost(int block) {
    return lost[block];
  }

  /** A running sequence reads a block no more. */
  void leave(int block) {
    if (--readers[block] == 0) {
      mayNeedSeal(block);
    }
  }

  /** A block is full: nobody writes it any more. */
  void filled(int block) {
    full[block] = true;
    if (sealing == Sealing.ALWAYS) {
      mayNeedSeal(block);
    }
  }

  private void mayNeedSeal(int block) {
    if (safeOf[block] != null && !isPending[block]) {
      isPending[block] = true;
      pending[pendingCount++] = block;
    }
  }

  /** The content of a block of a tenant, sealed; the block stays as it is. */
  ExportedBlock export(int block, TenantId tenant) {
    Safe own = safeOf[block];
    if (own != null && seal[block] != 0) {
      own.contents++;
      return new ExportedBlock(own, seal[block], memory.exportSealed(block));
    }
    Safe safe = safe(tenant);
    long number = nextSeal();
    return new ExportedBlock(safe, number, memory.exportBlock(block, safe.key, number));
  }

  /** Fills a tenant's open block with what was exported of it. Returns whether that was whole. */
  boolean restore(int block, TenantId tenant, ExportedBlock exported) {
    boolean whole =
        exported.safe.tenant.equals(tenant)
            && memory.importBlock(block, exported.safe.key, exported.seal, exported.content);
    broken += whole ? 0 : 1;
    return whole;
  }

  /** Seals what is to be sealed now. Returns how many blocks. */
  int sealPending() {
    int sealed = 0;
    for (int i = 0; i < pendingCount; i++) {
      int block = pending[i];
      isPending[block] = false;
      Safe safe = safeOf[block];
      boolean rests = readers[block] == 0 || (sealing == Sealing.ALWAYS && full[block]);
      if (safe != null && seal[block] == 0 && rests && !safe.key.isDestroyed()) {
        long number = nextSeal();
        memory.sealBlock(block, safe.key, number);
        seal[block] = number;
        sealed++;
      }
    }
    pendingCount = 0;
    if (sealed > 0) {
      memory.endSealing();
    }
    return sealed;
  }

  /** Zeroes blocks, and forgets what was known of them. */
  void zero(int[] blocks, int count) {
    memory.zeroBlocks(blocks, count);
    for (int i = 0; i < count; i++) {
      int block = blocks[i];
      Safe safe = safeOf[block];
      safeOf[block] = null;
      seal[block] = 0;
      readers[block] = 0;
      full[block] = false;
      lost[block] = false;
      if (safe != null) {
        forget(safe);
      }
    }
  }

  /** Destroys a tenant's key: what is sealed under it is lost. */
  void destroy(TenantId tenant) {
    Safe safe = safes.remove(tenant);
    if (safe != null) {
      safe.key.destroy();
    }
  }

  /** Key of a block that is kept under one; null otherwise. */
  @Nullable BlockKey keyOf(int block) {
    Safe safe = safeOf[block];
    return safe == null ? null : safe.key;
  }

  /** Number of a block's seal; 0: it is open. */
  long sealOf(int block) {
    return seal[block];
  }

  /** Running sequences that read a block. */
  int readers(int block) {
    return readers[block];
  }

  /** Keys that exist. */
  int keys() {
    return safes.size();
  }

  /** Seals made since the start, those of exports among them. */
  long seals() {
    return seals;
  }

  /** Seals that were found broken. */
  long broken() {
    return broken;
  }
}
