package dev.cofferdam.worker.batching;

import dev.cofferdam.worker.kvcache.KvCache;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts and levels of a batch, written by the step thread and read by any. Levels are as of the
 * end of the last step.
 */
public final class BatchStats {
  final AtomicLong steps = new AtomicLong();
  final AtomicLong failedSteps = new AtomicLong();
  final AtomicLong busyNs = new AtomicLong();
  final AtomicLong prefillRows = new AtomicLong();
  final AtomicLong decodeRows = new AtomicLong();
  final AtomicLong preemptions = new AtomicLong();
  final AtomicLong blocksZeroed = new AtomicLong();
  final AtomicLong violations = new AtomicLong();
  final AtomicLong seals = new AtomicLong();
  final AtomicLong sealsBroken = new AtomicLong();
  final AtomicLong blocksSwapped = new AtomicLong();
  final AtomicLong running = new AtomicLong();
  final AtomicLong sequences = new AtomicLong();
  final AtomicLong blocksUnheld = new AtomicLong();
  final AtomicLong blocksCached = new AtomicLong();
  long sealsBrokenInSteps;
  volatile List<String> adapterVersions = List.of();

  /** Nothing counted yet. */
  public BatchStats() {}

  /** Takes note of how things are at the end of a step. */
  void levels(int runningNow, int sequencesNow, KvCache kv, long swapped) {
    running.set(runningNow);
    sequences.set(sequencesNow);
    blocksUnheld.set(kv.unheld());
    blocksCached.set(kv.cached());
    blocksZeroed.set(kv.pool().zeroedTotal());
    seals.set(kv.seals());
    sealsBroken.set(kv.sealsBroken() + sealsBrokenInSteps);
    blocksSwapped.set(swapped);
  }

  /** Adds the counts of another. */
  public void addCounts(BatchStats other) {
    steps.addAndGet(other.steps());
    failedSteps.addAndGet(other.failedSteps());
    busyNs.addAndGet(other.busyNs());
    prefillRows.addAndGet(other.prefillRows());
    decodeRows.addAndGet(other.decodeRows());
    preemptions.addAndGet(other.preemptions());
    blocksZeroed.addAndGet(other.blocksZeroed());
    violations.addAndGet(other.violations());
    seals.addAndGet(other.seals());
    sealsBroken.addAndGet(other.sealsBroken());
    blocksSwapped.addAndGet(other.blocksSwapped());
  }

  /** Adds the levels of another, but for its adapters. */
  public void addLevels(BatchStats other) {
    running.addAndGet(other.running());
    sequences.addAndGet(other.sequences());
    blocksUnheld.addAndGet(other.blocksUnheld());
    blocksCached.addAndGet(other.blocksCached());
  }

  /** Steps that were executed. */
  public long steps() {
    return steps.get();
  }

  /** Steps that failed. */
  public long failedSteps() {
    return failedSteps.get();
  }

  /** Nanoseconds of all steps, and of zeroing what ended sequences released. */
  public long busyNs() {
    return busyNs.get();
  }

  /** Rows of prompts. */
  public long prefillRows() {
    return prefillRows.get();
  }

  /** Rows of output. */
  public long decodeRows() {
    return decodeRows.get();
  }

  /** Times that a sequence was paused or lost its blocks. */
  public long preemptions() {
    return preemptions.get();
  }

  /** KV blocks that were zeroed. */
  public long blocksZeroed() {
    return blocksZeroed.get();
  }

  /** Uses of KV blocks that were stopped because they crossed the border of a tenant. */
  public long violations() {
    return violations.get();
  }

  /** KV blocks that were encrypted. */
  public long seals() {
    return seals.get();
  }

  /** Encrypted KV blocks that failed their authentication; their content was dropped. */
  public long sealsBroken() {
    return sealsBroken.get();
  }

  /** KV blocks that were moved out of the pool for sequences to go on from later. */
  public long blocksSwapped() {
    return blocksSwapped.get();
  }

  /** Sequences with KV blocks that are being served. */
  public int running() {
    return (int) running.get();
  }

  /** Sequences in all. */
  public int sequences() {
    return (int) sequences.get();
  }

  /** KV blocks that no sequence holds, cached ones included. */
  public int blocksUnheld() {
    return (int) blocksUnheld.get();
  }

  /** KV blocks in the prefix cache. */
  public int blocksCached() {
    return (int) blocksCached.get();
  }

  /** Versions of the adapters in memory. */
  public List<String> adapterVersions() {
    return adapterVersions;
  }
}
