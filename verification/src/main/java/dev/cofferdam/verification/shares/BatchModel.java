package dev.cofferdam.verification.shares;

import dev.cofferdam.scheduler.admission.PoolRequest;
import dev.cofferdam.verification.simulation.VirtualTime;
import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.worker.batching.Batch;
import dev.cofferdam.worker.batching.BatchOptions;
import dev.cofferdam.worker.batching.EndCause;
import dev.cofferdam.worker.batching.SampledToken;
import dev.cofferdam.worker.batching.Sampling;
import dev.cofferdam.worker.batching.Sequence;
import dev.cofferdam.worker.batching.SequenceId;
import dev.cofferdam.worker.batching.SequenceListener;
import dev.cofferdam.worker.batching.SequenceRequest;
import dev.cofferdam.worker.batching.SequenceUsage;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.kvcache.Sealing;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * A worker: its own batch, with the settings that it has by default, on a machine in virtual time.
 * A step takes there as long as a memory-bound forward pass with some compute for each token: 20
 * ms, 0.05 ms for each sequence that decodes, 0.1 ms for each token of a prompt.
 */
final class BatchModel {
  private static final int STEP_TOKENS_MAX = 256;
  private static final int PREFILL_CHUNK_TOKENS = 32;
  private static final double DECODE_SLOWDOWN_MAX = 1.5;
  private static final long STEP_US = 20_000;
  private static final long DECODE_US = 50;
  private static final long PREFILL_US = 100;

  private final VirtualTime time;
  private final BiConsumer<Work, Integer> served;
  private final Consumer<List<Work>> settled;
  private final Batch batch;
  private final Map<Long, Running> running = new HashMap<>();
  private long seeds;
  private boolean stepping;

  /** What runs, by the seed of its sampling. */
  private record Running(Work work, Sequence sequence) {}

  /**
   * @param slots sequences in a step
   * @param served told of each piece of service: input tokens as they are, output tokens negative
   * @param settled told of everything that was in a step, after it
   */
  BatchModel(
      VirtualTime time, int slots, BiConsumer<Work, Integer> served, Consumer<List<Work>> settled) {
    this.time = time;
    this.served = served;
    this.settled = settled;
    this.batch =
        new Batch(
            new TimedExecutor(),
            new BatchOptions(
                slots,
                STEP_TOKENS_MAX,
                PREFILL_CHUNK_TOKENS,
                Long.MAX_VALUE,
                DECODE_SLOWDOWN_MAX,
                Sealing.AT_REST,
                0));
  }

  void add(Work work) {
    long seed = ++seeds;
    Sequence sequence =
        new Sequence(
            sequence(work, seed),
            TimedExecutor.GEOMETRY.positionsMax(),
            TimedExecutor.GEOMETRY.blockTokens(),
            nowNs(),
            new Listener(seed, work));
    running.put(seed, new Running(work, sequence));
    batch.add(sequence);
    wake();
  }

  private static SequenceRequest sequence(Work work, long seed) {
    PoolRequest request = work.request;
    return new SequenceRequest(
        new SequenceId(request.key().request(), request.key().attempt()),
        Operation.GENERATE,
        request.tenant(),
        request.weight(),
        work.startTag,
        new int[request.promptTokens()],
        request.promptTokens(),
        work.output,
        new Sampling(0, 1, 0, seed, -1),
        new int[0],
        0,
        false,
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  void paused(Work work, boolean paused) {
    for (Running one : running.values()) {
      if (one.work == work && paused) {
        one.sequence.pause(work.request.tenant());
      } else if (one.work == work) {
        one.sequence.resume();
      }
    }
    work.paused = paused;
    wake();
  }

  private long nowNs() {
    return 1_000 * time.nowUs();
  }

  private void wake() {
    if (!stepping && batch.plan(nowNs())) {
      stepping = true;
      StepPlan plan = batch.stepPlan();
      long us = STEP_US;
      for (int s = 0; s < plan.sequences; s++) {
        int rows = plan.rowStart[s + 1] - plan.rowStart[s];
        us += reads(plan, s) ? rows * PREFILL_US : DECODE_US;
      }
      long busyUs = us;
      time.after(busyUs, () -> settle(plan, busyUs));
    }
  }

  /** Whether a sequence has rows of its prompt in a step. */
  private static boolean reads(StepPlan plan, int s) {
    return plan.positions[plan.rowStart[s]] < plan.promptLength[s];
  }

  private void settle(StepPlan plan, long busyUs) {
    List<Work> planned = new ArrayList<>();
    for (int s = 0; s < plan.sequences; s++) {
      Running one = running.get(plan.seed[s]);
      if (one != null) {
        planned.add(one.work);
        if (reads(plan, s)) {
          int rows = plan.rowStart[s + 1] - plan.rowStart[s];
          one.work.prefilled += rows;
          served.accept(one.work, rows);
        }
      }
    }
    batch.settle(1_000 * busyUs, nowNs());
    batch.scrub();
    batch.report(0, nowNs());
    settled.accept(planned);
    stepping = false;
    wake();
  }

  /** Hears of a sequence what its client would. */
  private final class Listener implements SequenceListener {
    private final long seed;
    private final Work work;

    Listener(long seed, Work work) {
      this.seed = seed;
      this.work = work;
    }

    @Override
    public boolean ready() {
      return true;
    }

    @Override
    public void started(int cachedPromptTokens) {}

    @Override
    public void token(int index, SampledToken token) {
      if (index == 0) {
        work.firstTokenUs = time.nowUs();
      }
      work.generated++;
      served.accept(work, -1);
    }

    @Override
    public void embedding(float[] values) {}

    @Override
    public void ended(EndCause cause, SequenceUsage usage) {
      if (cause != EndCause.LENGTH) {
        throw new IllegalStateException("a request ended by " + cause);
      }
      running.remove(seed);
    }
  }
}
