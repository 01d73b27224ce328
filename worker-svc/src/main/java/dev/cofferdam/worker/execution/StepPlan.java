package dev.cofferdam.worker.execution;

import dev.cofferdam.worker.generation.Penalties;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One step, flat: the rows of all sequences one after the other. Arrays are allocated once and
 * refilled for each step.
 *
 * <p>Sequence {@code s} has rows {@code rowStart[s]} (inclusive) to {@code rowStart[s + 1]}
 * (exclusive); its blocks are {@code blockTable[blockStart[s]]} and following, the block of
 * position {@code p} being the {@code p / blockTokens}-th. Every position below the first row's is
 * already in the pool.
 */
public final class StepPlan {
  /** What stands in {@link #history} for a sequence without penalties. */
  public static final int[] NO_HISTORY = {};

  /** Sequences in this step. */
  public int sequences;

  /** Rows (tokens) in this step. */
  public int rows;

  /** Token of each row. */
  public final int[] tokenIds;

  /** Position of each row. */
  public final int[] positions;

  /** First row of each sequence, and the number of rows behind the last. */
  public final int[] rowStart;

  /** First entry of each sequence in {@link #blockTable}. */
  public final int[] blockStart;

  /** Block ids of all sequences. */
  public final int[] blockTable;

  /** Number of the seal of each entry's block; 0: it is open. A block that is written is open. */
  public final long[] seal;

  /** Key of each sequence's sealed blocks; null where all of its blocks are open. */
  public final @Nullable BlockKey[] blockKey;

  /** Adapter slot of each sequence; 0 is the base model. */
  public final int[] adapterSlot;

  /** Whether a token is to be sampled from the last row of each sequence. */
  public final boolean[] sample;

  /**
   * Where the hidden states of each sequence's rows are added, those of positions that are not in
   * it yet; null: they are not wanted. Changed by a step that succeeds only.
   */
  public final @Nullable HiddenSum[] hidden;

  /** Temperature of each sequence; 0 is greedy. */
  public final float[] temperature;

  /** Nucleus of each sequence, in (0, 1]. */
  public final float[] topP;

  /** Number of most likely tokens to keep; 0: all. */
  public final int[] topK;

  /** Share of the most likely token's probability below which a token is dropped; 0: none. */
  public final float[] minP;

  /** Penalties of each sequence. */
  public final Penalties[] penalties;

  /** Input and output so far of each sequence that has penalties; read only. */
  public final int[][] history;

  /** Entries of {@link #history} that count. */
  public final int[] historyLength;

  /** Entries of {@link #history} that are input. */
  public final int[] promptLength;

  /** Seed of each sequence. */
  public final long[] seed;

  /**
   * Index of the token to be sampled in its request's output: the counter of the random generator.
   */
  public final int[] outputIndex;

  /** Alternatives to report for each sequence; -1: no log-probabilities. */
  public final int[] topLogprobs;

  public StepPlan(int sequencesMax, int rowsMax, int blockEntriesMax) {
    tokenIds = new int[rowsMax];
    positions = new int[rowsMax];
    rowStart = new int[sequencesMax + 1];
    blockStart = new int[sequencesMax];
    blockTable = new int[blockEntriesMax];
    seal = new long[blockEntriesMax];
    blockKey = new BlockKey[sequencesMax];
    adapterSlot = new int[sequencesMax];
    sample = new boolean[sequencesMax];
    hidden = new HiddenSum[sequencesMax];
    temperature = new float[sequencesMax];
    topP = new float[sequencesMax];
    topK = new int[sequencesMax];
    minP = new float[sequencesMax];
    penalties = new Penalties[sequencesMax];
    Arrays.fill(penalties, Penalties.NONE);
    history = new int[sequencesMax][];
    Arrays.fill(history, NO_HISTORY);
    historyLength = new int[sequencesMax];
    promptLength = new int[sequencesMax];
    seed = new long[sequencesMax];
    outputIndex = new int[sequencesMax];
    topLogprobs = new int[sequencesMax];
  }
}
