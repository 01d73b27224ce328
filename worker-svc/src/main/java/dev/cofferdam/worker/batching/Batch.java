package dev.cofferdam.worker.batching;

import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.worker.batching.BlockSupply.Supply;
import dev.cofferdam.worker.execution.ExecutorGeometry;
import dev.cofferdam.worker.execution.HiddenSum;
import dev.cofferdam.worker.execution.ModelExecutor;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.execution.StepResult;
import dev.cofferdam.worker.kvcache.CacheJournal;
import dev.cofferdam.worker.kvcache.IsolationViolation;
import dev.cofferdam.worker.kvcache.KvCache;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The sequences of a worker and the rhythm of its steps (continuous batching as in Orca, Yu et al.,
 * 2022; chunked prefill as in Sarathi-Serve, Agrawal et al., 2024): decodes first, one row each,
 * then chunks of prompts in the order of their virtual finish tags, until the step's token budget
 * is used up, or the time that they may cost the decodes. So no prompt, however long, holds up
 * another sequence's next token for more than a step.
 *
 * <p>Plain and single-threaded; time comes in as a parameter. The caller's rhythm: {@link #plan},
 * execute, {@link #settle} or {@link #stepFailed}, {@link #scrub}, {@link #report}.
 */
public final class Batch {
  private final ModelExecutor executor;
  private final BatchOptions options;
  private final ExecutorGeometry geometry;
  private final KvCache kv;
  private final CacheJournal journal;
  private final StepPlan plan;
  private final StepResult result;
  private final SampledToken sampled;
  private final AdapterTable adapters;
  private final BlockSupply supply;
  private final RowDealer rows;
  private final BatchStats stats = new BatchStats();

  /** By virtual start tag, earliest first. */
  private final List<Sequence> live = new ArrayList<>();

  private final List<Sequence> planned = new ArrayList<>();
  private final List<Sequence> ended = new ArrayList<>();

  /** A batch with a journal of its own. */
  public Batch(ModelExecutor executor, BatchOptions options) {
    this(executor, options, new CacheJournal(Math.max(1024, 2 * executor.geometry().blocks())));
  }

  /**
   * @param executor runs the steps; its pool is this batch's alone
   * @param journal told of what the prefix cache gains and loses
   */
  public Batch(ModelExecutor executor, BatchOptions options, CacheJournal journal) {
    this.executor = executor;
    this.options = options;
    this.geometry = executor.geometry();
    this.journal = journal;
    this.kv =
        new KvCache(
            geometry.blocks(),
            geometry.blockTokens(),
            geometry.blockBytes(),
            executor,
            options.sealing(),
            journal);
    int blocksOfSequence =
        (geometry.positionsMax() + geometry.blockTokens() - 1) / geometry.blockTokens();
    int entries = Math.multiplyExact(options.slots(), blocksOfSequence);
    this.plan = new StepPlan(options.slots(), options.stepTokensMax(), entries);
    this.result = new StepResult(options.slots());
    this.sampled = new SampledToken(result);
    this.adapters = new AdapterTable(executor);
    this.supply = new BlockSupply(kv, live, stats, options.swapBytes() / geometry.blockBytes());
    this.rows = new RowDealer(live, supply, options);
    publishLevels();
  }

  /** Takes a sequence in. */
  public void add(Sequence sequence) {
    int at = live.size();
    while (at > 0 && live.get(at - 1).request.startTag() > sequence.request.startTag()) {
      at--;
    }
    live.add(at, sequence);
    if (sequence.request.operation() == Operation.EMBED) {
      sequence.hidden = new HiddenSum(geometry.hidden());
    }
    // The first progress says that the lease is in use, though nothing may have been served yet.
    sequence.changed = true;
    publishLevels();
  }

  /**
   * Decides what the next step runs.
   *
   * @return whether there is anything to execute
   */
  public boolean plan(long nowNs) {
    planned.clear();
    boolean suspects = false;
    for (int i = 0; i < live.size(); i++) {
      Sequence sequence = live.get(i);
      sequence.rows = 0;
      try {
        control(sequence, nowNs);
      } catch (IsolationViolation e) {
        violated(sequence, nowNs);
      }
      suspects |= sequence.suspect && sequence.isServed();
    }
    sweep();
    admit(nowNs);
    if (!suspects || !rows.dealToSuspect(nowNs)) {
      rows.deal(nowNs);
    }
    collect(nowNs);
    StepFiller.fill(plan, planned, kv);
    return plan.rows > 0;
  }

  /** Applies what other threads asked for. */
  private void control(Sequence sequence, long nowNs) {
    EndCause cancelled = sequence.cancelCause();
    if (cancelled != null) {
      end(sequence, cancelled, nowNs);
      return;
    }
    boolean paused = sequence.state() == SequenceState.PAUSED;
    if (sequence.pauseWanted() && !paused) {
      pause(sequence);
    } else if (!sequence.pauseWanted() && paused) {
      boolean whole = supply.wake(sequence, nowNs);
      sequence.moveTo(whole ? sequence.pausedFrom : SequenceState.WAITING);
    }
    if (sequence.listener.ready()) {
      sequence.unreadySinceNs = 0;
    } else if (sequence.unreadySinceNs == 0) {
      sequence.unreadySinceNs = Math.max(1, nowNs);
    } else if (nowNs - sequence.unreadySinceNs > options.unreadNsMax()) {
      end(sequence, EndCause.SLOW_READER, nowNs);
    }
  }

  private void pause(Sequence sequence) {
    supply.rest(sequence);
    sequence.pausedFrom = sequence.state();
    sequence.moveTo(SequenceState.PAUSED);
    sequence.countPause();
    stats.preemptions.incrementAndGet();
  }

  /** Lets waiting sequences begin, in the order of their tags, as slots and memory allow. */
  private void admit(long nowNs) {
    int held = 0;
    for (Sequence sequence : live) {
      held += holdsSlot(sequence) ? 1 : 0;
    }
    boolean poolShort = false;
    for (int i = 0; i < live.size() && held < options.slots(); i++) {
      Sequence sequence = live.get(i);
      if (sequence.state() != SequenceState.WAITING || (poolShort && !supply.sure(sequence))) {
        continue;
      }
      Supply supplied = begin(sequence, nowNs);
      if (supplied == Supply.GIVEN) {
        held++;
      } else if (supplied == Supply.NEVER) {
        end(sequence, EndCause.OUT_OF_MEMORY, nowNs);
      } else if (supplied == Supply.POOL_SHORT) {
        // Those behind must not overtake: a large request would starve. What a tenant is sure of,
        // no other could have.
        poolShort = true;
      }
    }
    sweep();
  }

  private static boolean holdsSlot(Sequence sequence) {
    return sequence.state() == SequenceState.PREFILL || sequence.state() == SequenceState.DECODE;
  }

  private Supply begin(Sequence sequence, long nowNs) {
    try {
      if (!adapters.acquire(sequence)) {
        return Supply.LATER;
      }
      stats.adapterVersions = adapters.versions();
      Supply supplied = supply.begin(sequence, nowNs);
      if (supplied != Supply.GIVEN) {
        return supplied;
      }
    } catch (IsolationViolation e) {
      violated(sequence, nowNs);
      return Supply.LATER;
    } catch (RuntimeException e) {
      end(sequence, EndCause.STEP_FAILED, nowNs);
      return Supply.LATER;
    }
    sequence.moveTo(SequenceState.PREFILL);
    if (!sequence.started) {
      sequence.started = true;
      sequence.listener.started(sequence.cachedPromptTokens());
    }
    return Supply.GIVEN;
  }

  /** Collects the sequences with rows; one that must not use its blocks ends here. */
  private void collect(long nowNs) {
    for (int i = 0; i < live.size(); i++) {
      Sequence sequence = live.get(i);
      if (sequence.rows == 0) {
        continue;
      }
      try {
        supply.checkUse(sequence);
        planned.add(sequence);
      } catch (IsolationViolation e) {
        violated(sequence, nowNs);
      }
    }
    sweep();
  }

  private void violated(Sequence sequence, long nowNs) {
    stats.violations.incrementAndGet();
    end(sequence, EndCause.ISOLATION, nowNs);
  }

  /** What {@link #plan} decided. */
  public StepPlan stepPlan() {
    return plan;
  }

  /** To be written by the executor. */
  public StepResult stepResult() {
    return result;
  }

  /**
   * Takes the outcome of a step in.
   *
   * @param busyNs what the step took; divided among its sequences by rows
   */
  public void settle(long busyNs, long nowNs) {
    share(busyNs);
    int decodes = 0;
    for (int s = 0; s < planned.size(); s++) {
      decodes += planned.get(s).state() == SequenceState.DECODE ? 1 : 0;
    }
    rows.settled(decodes, plan.rows - decodes, busyNs);
    for (int s = 0; s < planned.size(); s++) {
      settle(planned.get(s), s, nowNs);
    }
    planned.clear();
    sweep();
  }

  private void settle(Sequence sequence, int s, long nowNs) {
    sequence.suspect = false;
    sequence.computed += sequence.rows;
    if (sequence.state() == SequenceState.PREFILL) {
      sequence.countPrefill(sequence.rows);
      stats.prefillRows.addAndGet(sequence.rows);
    } else {
      stats.decodeRows.addAndGet(sequence.rows);
    }
    sequence.rows = 0;
    sequence.accrue(nowNs);
    if (plan.sample[s] && result.notFinite[s]) {
      supply.distrust(sequence);
      end(sequence, EndCause.NOT_FINITE, nowNs);
      return;
    }
    supply.keepFullBlocks(sequence);
    HiddenSum hidden = sequence.hidden;
    if (hidden != null && hidden.positions() == sequence.length) {
      embedded(sequence, hidden, nowNs);
    }
    if (!plan.sample[s]) {
      return;
    }
    if (sequence.state() == SequenceState.PREFILL) {
      sequence.moveTo(SequenceState.DECODE);
    }
    int token = result.tokenId[s];
    int index = sequence.append(token, nowNs);
    sequence.listener.token(index, sampled.at(s, plan.topLogprobs[s]));
    if (sequence.stopsAt(token)) {
      end(sequence, EndCause.STOP_TOKEN, nowNs);
    } else if (sequence.length >= sequence.lengthMax) {
      end(sequence, EndCause.LENGTH, nowNs);
    }
  }

  private void embedded(Sequence sequence, HiddenSum hidden, long nowNs) {
    Optional<float[]> embedding = hidden.unitMean();
    embedding.ifPresent(sequence.listener::embedding);
    end(sequence, embedding.isPresent() ? EndCause.EMBEDDED : EndCause.NOT_FINITE, nowNs);
  }

  /**
   * A step failed: nothing of it counts but its time. With one sequence in it, that sequence ends;
   * otherwise each of them runs alone next, and the one that fails again is the one to blame.
   */
  public void stepFailed(long busyNs, long nowNs) {
    failed(
        busyNs,
        nowNs,
        sequence -> {
          supply.distrust(sequence);
          end(sequence, EndCause.STEP_FAILED, nowNs);
        });
  }

  /**
   * A step met a block that is not what was sealed. As with any failed step, but the sequence to
   * blame did nothing wrong: it is computed anew, from blocks of its own.
   */
  public void sealBroken(long busyNs, long nowNs) {
    failed(
        busyNs,
        nowNs,
        sequence -> {
          stats.sealsBrokenInSteps++;
          supply.distrust(sequence);
          supply.lose(sequence, nowNs);
          sequence.moveTo(SequenceState.WAITING);
        });
  }

  private void failed(long busyNs, long nowNs, Consumer<Sequence> blame) {
    share(busyNs);
    stats.failedSteps.incrementAndGet();
    boolean alone = planned.size() == 1;
    for (Sequence sequence : planned) {
      sequence.rows = 0;
      sequence.accrue(nowNs);
      sequence.suspect = !alone;
      if (alone) {
        blame.accept(sequence);
      }
    }
    planned.clear();
    sweep();
  }

  private void share(long busyNs) {
    ComputeShares shares = new ComputeShares(busyNs, plan.rows);
    for (Sequence sequence : planned) {
      sequence.charge(shares.next(sequence.rows));
    }
    stats.steps.incrementAndGet();
    stats.busyNs.addAndGet(busyNs);
  }

  private void end(Sequence sequence, EndCause cause, long nowNs) {
    supply.takeBack(sequence, nowNs);
    adapters.release(sequence);
    sequence.rows = 0;
    sequence.end(cause, nowNs);
    ended.add(sequence);
  }

  private void sweep() {
    if (!ended.isEmpty()) {
      live.removeIf(sequence -> sequence.state() == SequenceState.ENDED);
    }
  }

  /**
   * Zeroes what was released, and seals what is to be sealed. Returns whether anything is to be
   * reported.
   *
   * @throws RuntimeException what the executor throws; the blocks stay out of use
   */
  public boolean scrub() {
    kv.zeroReleased();
    kv.sealResting();
    return !ended.isEmpty();
  }

  /**
   * Tells the listeners of ended sequences, whose blocks are zero now.
   *
   * @param scrubNs what {@link #scrub} took; divided among them by the blocks that they released
   */
  public void report(long scrubNs, long nowNs) {
    publishLevels();
    if (!ended.isEmpty()) {
      long blocks = 0;
      for (Sequence sequence : ended) {
        blocks += sequence.releasedBlocks + 1;
      }
      ComputeShares shares = new ComputeShares(scrubNs, blocks);
      for (Sequence sequence : ended) {
        sequence.charge(shares.next(sequence.releasedBlocks + 1));
        sequence.countZeroed(sequence.releasedBlocks);
      }
      stats.busyNs.addAndGet(scrubNs);
      for (Sequence sequence : ended) {
        sequence.listener.ended(sequence.cause(), sequence.usage(nowNs));
      }
      ended.clear();
    }
  }

  private void publishLevels() {
    int running = 0;
    for (int i = 0; i < live.size(); i++) {
      running += holdsSlot(live.get(i)) ? 1 : 0;
    }
    stats.levels(running, live.size(), kv, supply.swapped());
  }

  /** What running sequences were served, for those that were served since the last call. */
  public List<SequenceProgress> progress(long nowNs) {
    List<SequenceProgress> progress = new ArrayList<>();
    for (Sequence sequence : live) {
      if (sequence.changed) {
        sequence.changed = false;
        progress.add(new SequenceProgress(sequence.id(), sequence.usage(nowNs)));
      }
    }
    return progress;
  }

  /** Whether there are sequences at all. */
  public boolean isEmpty() {
    return live.isEmpty() && ended.isEmpty();
  }

  /**
   * Destroys the key of a tenant's KV blocks, forgets what is cached of it, and ends what runs for
   * it: nothing of it can be read again.
   */
  public void destroyKey(TenantId tenant) {
    for (Sequence sequence : live) {
      if (sequence.tenant().equals(tenant)) {
        sequence.cancel(EndCause.REVOKED);
      }
    }
    kv.destroyKey(tenant);
  }

  /**
   * Sets what tenants are sure of from now on.
   *
   * @param bytes KV bytes by tenant
   * @return whether all of it fits; otherwise each tenant gets the same share of its own
   */
  public boolean guarantee(Map<TenantId, Long> bytes) {
    return kv.guarantee(bytes);
  }

  /** Ends everything. */
  public void endAll(EndCause cause) {
    live.forEach(sequence -> sequence.cancel(cause));
  }

  /**
   * Forgets everything that is cached: an empty batch holds nothing then, and all of its pool is
   * zero.
   *
   * @throws IllegalStateException when something is held still
   */
  public void clear() {
    kv.forgetAll();
    kv.zeroReleased();
    publishLevels();
    if (!isEmpty() || kv.pool().free() != kv.pool().size()) {
      throw new IllegalStateException("a batch that is to go holds blocks");
    }
  }

  /** Counts and levels, for any thread. */
  public BatchStats stats() {
    return stats;
  }

  /** What the prefix cache holds, for any thread. */
  public CacheJournal journal() {
    return journal;
  }

  /** KV memory; the step thread's. */
  public KvCache kv() {
    return kv;
  }

  /** Shape of the model and the pool. */
  public ExecutorGeometry geometry() {
    return executor.geometry();
  }
}
