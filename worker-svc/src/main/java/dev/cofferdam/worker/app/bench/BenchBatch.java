package dev.cofferdam.worker.app.bench;

import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.PrefixDigests;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.worker.adapter.LoraAdapter;
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
import dev.cofferdam.worker.batching.Stepper;
import dev.cofferdam.worker.execution.ModelExecutor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * A fresh batch over an executor, with planner and sampler, without gRPC. Greedy, random prompts,
 * nothing cached. It leaves the pool zeroed once all its sequences have ended.
 */
final class BenchBatch implements SequenceListener {
  private static final TenantId TENANT = new TenantId("bench");

  private final TimedExecutor timed;
  private final Batch batch;
  private final Stepper stepper;
  private final SplittableRandom random = new SplittableRandom(1);
  private final Optional<PrefixDigests> prefix;
  private final boolean encrypted;
  private int requests;
  private int tokens;
  private boolean ending;
  private long lastTokenNs;
  private int firstTokens;

  /**
   * Makes a batch.
   *
   * @param slots sequences in a step
   * @param stepTokensMax rows of a step
   * @param prefillChunkTokens rows that a prompt gets before it is the next one's turn
   */
  BenchBatch(ModelExecutor executor, int slots, int stepTokensMax, int prefillChunkTokens) {
    this(
        executor,
        new BatchOptions(slots, stepTokensMax, prefillChunkTokens, Long.MAX_VALUE),
        Optional.empty(),
        false);
  }

  /**
   * Makes a batch of one tenant.
   *
   * @param prefix the tenant's prefix cache
   * @param encrypted whether the tenant's KV is encrypted
   */
  BenchBatch(
      ModelExecutor executor,
      BatchOptions options,
      Optional<PrefixDigests> prefix,
      boolean encrypted) {
    this.prefix = prefix;
    this.encrypted = encrypted;
    timed = new TimedExecutor(executor);
    batch = new Batch(timed, options);
    stepper =
        new Stepper(
            batch,
            timed,
            System::nanoTime,
            e -> {
              throw new IllegalStateException("a step failed", e);
            });
  }

  /** Adds a sequence with a random prompt, that ends by its length. */
  void add(int promptTokens, int outputTokens) {
    add(randomPrompt(promptTokens), outputTokens, Optional.empty());
  }

  /** Random tokens. */
  int[] randomPrompt(int tokens) {
    return random.ints(tokens, 0, timed.geometry().vocabularySize()).toArray();
  }

  /** Adds a sequence that ends by its length. */
  void add(int[] prompt, int outputTokens) {
    add(prompt, outputTokens, Optional.empty());
  }

  private void add(int[] prompt, int outputTokens, Optional<LoraAdapter> adapter) {
    batch.add(
        new Sequence(
            new SequenceRequest(
                new SequenceId(new RequestId(String.format("%032x", ++requests)), 1),
                Operation.GENERATE,
                TENANT,
                1,
                0,
                prompt.clone(),
                prompt.length,
                outputTokens,
                new Sampling(0, 1, 0, 0, -1),
                new int[0],
                0,
                encrypted,
                adapter,
                prefix,
                Optional.empty()),
            timed.geometry().positionsMax(),
            timed.geometry().blockTokens(),
            System.nanoTime(),
            this));
  }

  /** One step. */
  void step() {
    stepper.step();
  }

  /** Steps until every sequence has ended. */
  void finish() {
    while (!batch.isEmpty()) {
      stepper.step();
    }
  }

  /** Steps until so many sequences have their first token. */
  void prefill(int sequences) {
    while (firstTokens < sequences) {
      stepper.step();
    }
  }

  /** The 99th percentile of so many steps' nanoseconds. */
  long stepNsP99(int steps) {
    long[] times = new long[steps];
    for (int i = 0; i < steps; i++) {
      long begun = System.nanoTime();
      step();
      times[i] = System.nanoTime() - begun;
    }
    Arrays.sort(times);
    return times[(int) Math.ceil(0.99 * steps) - 1];
  }

  /** Ends all sequences, drops what is cached, and zeroes it all. Returns the zeroing's time. */
  long clear() {
    ending = true;
    batch.endAll(EndCause.CANCELLED);
    step();
    batch.destroyKey(TENANT);
    long begun = System.nanoTime();
    batch.scrub();
    return System.nanoTime() - begun;
  }

  /** Tokens of all sequences so far. */
  int tokens() {
    return tokens;
  }

  /** When the last token was told. */
  long lastTokenNs() {
    return lastTokenNs;
  }

  /** Nanoseconds in the executor so far. */
  long executeNs() {
    return timed.executeNs;
  }

  /** Nanoseconds of sealing and opening blocks so far, outside of steps. */
  long sealNs() {
    return timed.sealNs;
  }

  /** The batch itself. */
  Batch batch() {
    return batch;
  }

  /** Tokens per second of so many sequences side by side, prompts left aside. */
  static double decodeRate(
      ModelExecutor executor, int sequences, int promptTokens, int outputTokens) {
    return decodeRate(executor, sequences, promptTokens, outputTokens, List.of());
  }

  /** The same with an adapter for each of the first sequences. */
  static double decodeRate(
      ModelExecutor executor,
      int sequences,
      int promptTokens,
      int outputTokens,
      List<LoraAdapter> adapters) {
    BenchBatch batch = new BenchBatch(executor, sequences, Math.max(sequences, 256), 256);
    for (int i = 0; i < sequences; i++) {
      batch.add(
          batch.randomPrompt(promptTokens), outputTokens, adapters.stream().skip(i).findFirst());
    }
    batch.prefill(sequences);
    int before = batch.tokens;
    long begun = System.nanoTime();
    batch.finish();
    double seconds = (System.nanoTime() - begun) / 1e9;
    batch.timed.unloadAdapters();
    return (batch.tokens - before) / seconds;
  }

  /** Seconds from a prompt's arrival to its first token, alone. */
  static double firstTokenSeconds(ModelExecutor executor, int promptTokens) {
    BenchBatch batch = new BenchBatch(executor, 1, 256, 256);
    batch.add(promptTokens, 1);
    long begun = System.nanoTime();
    batch.finish();
    return (System.nanoTime() - begun) / 1e9;
  }

  @Override
  public boolean ready() {
    return true;
  }

  @Override
  public void started(int cachedPromptTokens) {}

  @Override
  public void token(int index, SampledToken token) {
    tokens++;
    firstTokens += index == 0 ? 1 : 0;
    lastTokenNs = System.nanoTime();
  }

  @Override
  public void embedding(float[] values) {
    throw new IllegalStateException("nobody asked for an embedding");
  }

  @Override
  public void ended(EndCause cause, SequenceUsage usage) {
    if (cause != EndCause.LENGTH && !ending) {
      throw new IllegalStateException("a sequence of the bench ended by " + cause);
    }
  }
}
