package dev.cofferdam.worker.batching;

import dev.cofferdam.worker.kvcache.ExportedBlock;
import dev.cofferdam.worker.kvcache.KvCache;
import java.util.List;

/**
 * KV blocks of sequences that lost theirs, kept outside of the pool and sealed, whatever the
 * tenant's tier: what lies there is nobody's to read. A block that comes back costs its bytes over
 * the speed of the cipher, one that is computed anew two operations for each weight and token,
 * which is more for every model; so the space alone decides. It is bounded, and a sequence that
 * finds no room is computed anew.
 */
final class SwapSpace {
  private final KvCache kv;
  private final long blocksMax;
  private long blocks;
  private long total;

  SwapSpace(KvCache kv, long blocksMax) {
    this.kv = kv;
    this.blocksMax = blocksMax;
  }

  /** Blocks that were swapped out since the start. */
  long total() {
    return total;
  }

  /** Keeps what a sequence has computed, where there is room; its blocks stay its own. */
  void out(Sequence sequence) {
    int blockTokens = kv.blockTokens();
    int used = (sequence.computed + blockTokens - 1) / blockTokens;
    if (used == 0 || blocks + used > blocksMax) {
      return;
    }
    for (int i = 0; i < used; i++) {
      if (kv.lost(sequence.blocks[i])) {
        return;
      }
    }
    for (int i = 0; i < used; i++) {
      sequence.swapped.add(kv.export(sequence.blocks[i], sequence.ownerOf(i)));
      blocks++;
    }
    sequence.swappedPositions = sequence.computed;
    total += used;
  }

  /** Puts back what was kept of a sequence, behind what the prefix cache gave it. */
  void in(Sequence sequence) {
    List<ExportedBlock> swapped = sequence.swapped;
    int from = sequence.computed / kv.blockTokens();
    for (int i = from; i < swapped.size(); i++) {
      if (!restored(sequence, i)) {
        drop(sequence);
        return;
      }
      sequence.computed = Math.min((i + 1) * kv.blockTokens(), sequence.swappedPositions);
    }
    drop(sequence);
  }

  private boolean restored(Sequence sequence, int i) {
    return kv.restore(sequence.blocks[i], sequence.ownerOf(i), sequence.swapped.get(i));
  }

  /** Forgets what was kept of a sequence. */
  void drop(Sequence sequence) {
    sequence.swapped.forEach(kv::drop);
    blocks -= sequence.swapped.size();
    sequence.swapped.clear();
    sequence.swappedPositions = 0;
  }
}
