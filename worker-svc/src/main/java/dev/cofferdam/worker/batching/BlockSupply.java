package dev.cofferdam.worker.batching;

import dev.cofferdam.worker.kvcache.BlockPool;
import dev.cofferdam.worker.kvcache.IsolationViolation;
import dev.cofferdam.worker.kvcache.KvCache;
import java.util.List;

/**
 * Gives KV blocks to sequences and takes them back. When memory is short, sequences with later
 * virtual start tags lose theirs and are computed anew when there is room: they continue with
 * exactly the tokens that they would have had. Only sequences of the same tenant pay for a tenant's
 * quota.
 */
final class BlockSupply {
  /** What became of a wish for blocks. */
  enum Supply {
    /** The sequence has them. */
    GIVEN,
    /** Not in this step; for a reason of its own, so that others may go first. */
    LATER,
    /** Not in this step: the pool is short, for everybody. */
    POOL_SHORT,
    /** Never. */
    NEVER
  }

  private final KvCache kv;
  private final List<Sequence> live;
  private final BatchStats stats;

  /**
   * @param live all sequences, the earliest virtual start tag first
   */
  BlockSupply(KvCache kv, List<Sequence> live, BatchStats stats) {
    this.kv = kv;
    this.live = live;
    this.stats = stats;
  }

  /**
   * Gives a waiting sequence the blocks of all its tokens, the cached ones among them shared. Only
   * paused sequences give up theirs for it.
   */
  Supply begin(Sequence sequence, long nowNs) {
    int wanted = blocksFor(sequence.length);
    long quota = sequence.request.kvBytesMax();
    if (blocksFor(sequence.lengthMax) > kv.blocksMax(quota)) {
      return Supply.NEVER;
    }
    sequence.accrue(nowNs);
    if (sequence.usesPrefixCache()) {
      int matched =
          kv.match(
              sequence.tenant(),
              sequence.root(),
              sequence.digests(),
              sequence.tokens,
              sequence.length,
              sequence.blocks);
      sequence.startFrom(matched, kv.blockTokens());
    }
    while (kv.available(sequence.tenant(), quota) < wanted - sequence.blockCount) {
      if (!takeFromPaused(sequence, nowNs)) {
        return giveUp(sequence, nowNs);
      }
    }
    while (sequence.blockCount < wanted) {
      int block = kv.allocate(sequence.tenant(), quota);
      if (block == BlockPool.NONE) {
        return giveUp(sequence, nowNs);
      }
      sequence.addBlock(block);
    }
    return Supply.GIVEN;
  }

  private Supply giveUp(Sequence sequence, long nowNs) {
    boolean quotaBound = quotaBound(sequence);
    takeBack(sequence, nowNs);
    return quotaBound ? Supply.LATER : Supply.POOL_SHORT;
  }

  /** Whether it is the tenant's quota that is used up, and not the pool. */
  private boolean quotaBound(Sequence sequence) {
    return kv.available(sequence.tenant(), sequence.request.kvBytesMax())
        < kv.available(sequence.tenant(), 0);
  }

  /** Makes sure that a running sequence has blocks for so many positions. */
  Supply extend(Sequence sequence, int positions, long nowNs) {
    while (sequence.blockCount < blocksFor(positions)) {
      int block = kv.allocate(sequence.tenant(), sequence.request.kvBytesMax());
      if (block == BlockPool.NONE) {
        if (!takeFromLater(sequence, nowNs)) {
          return Supply.LATER;
        }
      } else {
        sequence.accrue(nowNs);
        sequence.addBlock(block);
      }
    }
    return Supply.GIVEN;
  }

  /** Makes a paused sequence, or else the one with the latest tag, give up its blocks. */
  private boolean takeFromLater(Sequence needy, long nowNs) {
    if (takeFromPaused(needy, nowNs)) {
      return true;
    }
    boolean quotaBound = quotaBound(needy);
    for (int i = live.size() - 1; i >= 0 && live.get(i) != needy; i--) {
      if (mayTakeFrom(live.get(i), needy, quotaBound)) {
        recomputeLater(live.get(i), nowNs);
        return true;
      }
    }
    return false;
  }

  private boolean takeFromPaused(Sequence needy, long nowNs) {
    boolean quotaBound = quotaBound(needy);
    for (int i = live.size() - 1; i >= 0; i--) {
      Sequence victim = live.get(i);
      if (victim.state() == SequenceState.PAUSED
          && victim != needy
          && mayTakeFrom(victim, needy, quotaBound)) {
        recomputeLater(victim, nowNs);
        return true;
      }
    }
    return false;
  }

  /** Sequences that have rows in this step already keep their blocks. */
  private static boolean mayTakeFrom(Sequence victim, Sequence needy, boolean quotaBound) {
    return victim.blockCount > 0
        && victim.rows == 0
        && (!quotaBound || victim.tenant().equals(needy.tenant()));
  }

  private void recomputeLater(Sequence victim, long nowNs) {
    takeBack(victim, nowNs);
    victim.countPreemption();
    stats.preemptions.incrementAndGet();
    if (victim.state() == SequenceState.PAUSED) {
      victim.pausedFrom = SequenceState.WAITING;
    } else {
      victim.moveTo(SequenceState.WAITING);
    }
    victim.countZeroed(victim.releasedBlocks);
    victim.releasedBlocks = 0;
    kv.zeroReleased();
  }

  /**
   * Takes all blocks of a sequence back, the last one first, so that the beginning of a cached
   * chain outlives its end. A block that is not the sequence's own stays untouched.
   */
  void takeBack(Sequence sequence, long nowNs) {
    sequence.accrue(nowNs);
    for (int i = sequence.blockCount - 1; i >= 0; i--) {
      try {
        if (kv.release(sequence.blocks[i], sequence.tenant())) {
          sequence.releasedBlocks++;
        }
      } catch (IsolationViolation e) {
        stats.violations.incrementAndGet();
      }
    }
    sequence.blockCount = 0;
    sequence.computed = 0;
    sequence.offered = 0;
  }

  /**
   * Takes the blocks of a sequence out of the prefix cache: what it computed is not to be trusted.
   */
  void distrust(Sequence sequence) {
    try {
      for (int i = 0; i < sequence.blockCount; i++) {
        kv.forget(sequence.blocks[i], sequence.tenant());
      }
    } catch (IsolationViolation e) {
      stats.violations.incrementAndGet();
    }
  }

  /** Offers the blocks that became full to the tenant's prefix cache. */
  void offerFullBlocks(Sequence sequence) {
    if (!sequence.usesPrefixCache()) {
      return;
    }
    int blockTokens = kv.blockTokens();
    if ((sequence.offered + 1) * blockTokens > sequence.computed) {
      return;
    }
    sequence.extendDigests(blockTokens);
    while ((sequence.offered + 1) * blockTokens <= sequence.computed) {
      int i = sequence.offered++;
      kv.keep(
          sequence.tenant(),
          sequence.request.weight(),
          sequence.parentOf(i),
          sequence.digests().get(i),
          sequence.tokens,
          i * blockTokens,
          sequence.blocks[i]);
    }
  }

  /**
   * Asserts that a sequence may read all of its blocks and write those of its next rows.
   *
   * @throws IsolationViolation when it may not
   */
  void checkUse(Sequence sequence) {
    BlockPool pool = kv.pool();
    int firstWritten = sequence.computed / kv.blockTokens();
    int used = blocksFor(sequence.computed + sequence.rows);
    for (int i = 0; i < used; i++) {
      if (i < firstWritten) {
        pool.check(sequence.blocks[i], sequence.tenant());
      } else {
        pool.checkWritable(sequence.blocks[i], sequence.tenant());
      }
    }
  }

  private int blocksFor(int positions) {
    return (positions + kv.blockTokens() - 1) / kv.blockTokens();
  }
}
