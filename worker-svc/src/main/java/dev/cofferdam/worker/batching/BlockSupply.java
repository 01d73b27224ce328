package dev.cofferdam.worker.batching;

import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.worker.kvcache.BlockPool;
import dev.cofferdam.worker.kvcache.IsolationViolation;
import dev.cofferdam.worker.kvcache.KvCache;
import dev.cofferdam.worker.kvcache.PublicPrefix;
import java.util.List;

/**
 * Gives KV blocks to sequences and takes them back. When memory is short, sequences with later
 * virtual start tags lose theirs. They go on when there is room, from what was swapped out or by
 * computing anew where the swap space was full, with exactly the tokens that they would have had.
 * Only sequences of the same tenant pay for a tenant's quota, and nobody loses what it is sure of
 * to another.
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
  private final SwapSpace swap;

  /**
   * @param live all sequences, the earliest virtual start tag first
   * @param swapBlocks blocks that may be kept outside of the pool
   */
  BlockSupply(KvCache kv, List<Sequence> live, BatchStats stats, long swapBlocks) {
    this.kv = kv;
    this.live = live;
    this.stats = stats;
    this.swap = new SwapSpace(kv, swapBlocks);
  }

  /** Blocks that were swapped out since the start. */
  long swapped() {
    return swap.total();
  }

  /**
   * Gives a waiting sequence the blocks of all its tokens, the cached ones among them shared. Only
   * paused sequences give up theirs for it.
   */
  Supply begin(Sequence sequence, long nowNs) {
    int wanted = blocksFor(sequence.length);
    long quota = sequence.request.kvBytesMax();
    if (blocksFor(sequence.lengthMax) > kv.blocksMax(sequence.tenant(), quota)) {
      return Supply.NEVER;
    }
    sequence.accrue(nowNs);
    sequence.startFrom(match(sequence), kv.blockTokens());
    while (kv.available(sequence.tenant(), quota) < wanted - sequence.blockCount) {
      if (!takeFromPaused(sequence, nowNs)) {
        return giveUp(sequence, nowNs);
      }
    }
    while (sequence.blockCount < wanted) {
      int block = allocate(sequence);
      if (block == BlockPool.NONE) {
        return giveUp(sequence, nowNs);
      }
      sequence.addBlock(block);
    }
    swap.in(sequence);
    noteFullBlocks(sequence);
    return Supply.GIVEN;
  }

  /** Whether a waiting sequence has room in what its tenant is sure of. */
  boolean sure(Sequence sequence) {
    return kv.sure(sequence.tenant()) >= blocksFor(sequence.length);
  }

  /** Shares what is cached of a sequence: its public beginning, then what is the tenant's own. */
  private int match(Sequence sequence) {
    int shared = sequence.publicBlocks();
    int matched = 0;
    if (shared > 0) {
      PublicPrefix prefix = sequence.publicPrefix();
      matched =
          kv.match(
              TenantId.PUBLIC,
              prefix.root(),
              prefix.digests(),
              sequence.tokens,
              0,
              sequence.length,
              sequence.blocks);
    }
    if (matched < shared || !sequence.usesPrefixCache()) {
      return matched;
    }
    return kv.match(
        sequence.tenant(),
        sequence.root(),
        sequence.digests(),
        sequence.tokens,
        matched,
        sequence.length,
        sequence.blocks);
  }

  /** The next block of a sequence. */
  private int allocate(Sequence sequence) {
    TenantId owner = sequence.ownerOf(sequence.blockCount);
    return owner.equals(TenantId.PUBLIC)
        ? kv.allocate(owner, 0, false)
        : kv.allocate(owner, sequence.request.kvBytesMax(), sequence.request.kvEncrypted());
  }

  private Supply giveUp(Sequence sequence, long nowNs) {
    boolean quotaBound = quotaBound(sequence);
    releaseBlocks(sequence, nowNs);
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
      int block = allocate(sequence);
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
        goOnLater(live.get(i), needy, nowNs);
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
        goOnLater(victim, needy, nowNs);
        return true;
      }
    }
    return false;
  }

  /**
   * Sequences that have rows in this step already keep their blocks. Of a tenant with no more than
   * it is sure of, others gain only the public blocks: those are nobody's, and who holds them must
   * not keep an earlier sequence from them for good.
   */
  private boolean mayTakeFrom(Sequence victim, Sequence needy, boolean quotaBound) {
    return victim.blockCount > 0
        && victim.rows == 0
        && (victim.tenant().equals(needy.tenant())
            || (!quotaBound && (kv.mayGive(victim.tenant()) || victim.publicBlocks() > 0)));
  }

  private void goOnLater(Sequence victim, Sequence needy, long nowNs) {
    try {
      swap.out(victim);
    } catch (IsolationViolation e) {
      stats.violations.incrementAndGet();
      swap.drop(victim);
    }
    victim.countPreemption(needy.tenant());
    stats.preemptions.incrementAndGet();
    if (victim.state() == SequenceState.PAUSED) {
      victim.pausedFrom = SequenceState.WAITING;
    } else {
      victim.moveTo(SequenceState.WAITING);
    }
    lose(victim, nowNs);
  }

  /** Takes the blocks of a sequence that goes on later. */
  void lose(Sequence sequence, long nowNs) {
    releaseBlocks(sequence, nowNs);
    sequence.countZeroed(sequence.releasedBlocks);
    sequence.releasedBlocks = 0;
    kv.zeroReleased();
  }

  /** Takes back all that a sequence has: its blocks, and what was swapped out. */
  void takeBack(Sequence sequence, long nowNs) {
    swap.drop(sequence);
    releaseBlocks(sequence, nowNs);
  }

  private void releaseBlocks(Sequence sequence, long nowNs) {
    release(sequence, sequence.resting ? 0 : sequence.blockCount, nowNs);
  }

  /**
   * Releases all blocks of a sequence, the last one first, so that the beginning of a cached chain
   * outlives its end. A block that is not the sequence's own stays untouched.
   *
   * @param read how many of its blocks, from the beginning on, it reads at present
   */
  private void release(Sequence sequence, int read, long nowNs) {
    sequence.accrue(nowNs);
    for (int i = sequence.blockCount - 1; i >= 0; i--) {
      int block = sequence.blocks[i];
      TenantId owner = sequence.ownerOf(i);
      try {
        if (i < read ? kv.release(block, owner) : kv.releaseUnread(block, owner)) {
          sequence.releasedBlocks++;
        }
      } catch (IsolationViolation e) {
        stats.violations.incrementAndGet();
      }
    }
    sequence.blockCount = 0;
    sequence.computed = 0;
    sequence.offered = 0;
    sequence.filled = 0;
  }

  /**
   * A sequence keeps its blocks and does not read them for a while.
   *
   * @throws IsolationViolation when one of them is not its own; nothing has changed then
   */
  void rest(Sequence sequence) {
    checkOwn(sequence);
    sequence.resting = true;
    for (int i = 0; i < sequence.blockCount; i++) {
      kv.rest(sequence.blocks[i], sequence.ownerOf(i));
    }
  }

  /**
   * A sequence that rested reads its blocks again.
   *
   * @return whether it can; otherwise it has lost them and is to begin anew
   * @throws IsolationViolation when one of them is not its own; it rests on then
   */
  boolean wake(Sequence sequence, long nowNs) {
    checkOwn(sequence);
    sequence.resting = false;
    int read = 0;
    while (read < sequence.blockCount && kv.wake(sequence.blocks[read], sequence.ownerOf(read))) {
      read++;
    }
    if (read < sequence.blockCount) {
      distrust(sequence);
      release(sequence, read, nowNs);
      return false;
    }
    return true;
  }

  private void checkOwn(Sequence sequence) {
    for (int i = 0; i < sequence.blockCount; i++) {
      kv.pool().check(sequence.blocks[i], sequence.ownerOf(i));
    }
  }

  /**
   * Takes the blocks of a sequence out of the prefix cache: what it computed is not to be trusted.
   */
  void distrust(Sequence sequence) {
    try {
      for (int i = 0; i < sequence.blockCount; i++) {
        kv.forget(sequence.blocks[i], sequence.ownerOf(i));
      }
    } catch (IsolationViolation e) {
      stats.violations.incrementAndGet();
    }
  }

  private void noteFullBlocks(Sequence sequence) {
    while ((sequence.filled + 1) * kv.blockTokens() <= sequence.computed) {
      kv.filled(sequence.blocks[sequence.filled], sequence.ownerOf(sequence.filled++));
    }
  }

  /** Takes note of the blocks that became full, and offers them to the tenant's prefix cache. */
  void keepFullBlocks(Sequence sequence) {
    noteFullBlocks(sequence);
    int blockTokens = kv.blockTokens();
    while ((sequence.offered + 1) * blockTokens <= sequence.computed) {
      int i = sequence.offered++;
      if (i < sequence.publicBlocks()) {
        keepPublic(sequence, i);
      } else if (sequence.usesPrefixCache()) {
        sequence.extendDigests(blockTokens);
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
  }

  /** What everybody may share is evicted last. */
  private void keepPublic(Sequence sequence, int i) {
    PublicPrefix prefix = sequence.publicPrefix();
    kv.keep(
        TenantId.PUBLIC,
        Double.MAX_VALUE,
        i == 0 ? prefix.root() : prefix.digests().get(i - 1),
        prefix.digests().get(i),
        sequence.tokens,
        i * kv.blockTokens(),
        sequence.blocks[i]);
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
        pool.check(sequence.blocks[i], sequence.ownerOf(i));
      } else {
        pool.checkWritable(sequence.blocks[i], sequence.ownerOf(i));
      }
    }
  }

  private int blocksFor(int positions) {
    return (positions + kv.blockTokens() - 1) / kv.blockTokens();
  }
}
