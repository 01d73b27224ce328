package dev.cofferdam.worker.execution;

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

  /** Adapter slot of each sequence; 0 is the base model. */
  public final int[] adapterSlot;

  /** Whether a token is to be sampled from the last row of each sequence. */
  public final boolean[] sample;

  /** Temperature of each sequence; 0 is greedy. */
  public final float[] temperature;

  /** Nucleus of each sequence, in (0, 1]. */
  public final float[] topP;

  /** Number of most likely tokens to keep; 0: all. */
  public final int[] topK;

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
    adapterSlot = new int[sequencesMax];
    sample = new boolean[sequencesMax];
    temperature = new float[sequencesMax];
    topP = new float[sequencesMax];
    topK = new int[sequencesMax];
    seed = new long[sequencesMax];
    outputIndex = new int[sequencesMax];
    topLogprobs = new int[sequencesMax];
  }
}
