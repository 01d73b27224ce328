package dev.cofferdam.worker.execution;

import java.util.random.RandomGenerator;

/**
 * A sequence of given tokens for tests of executors: what is fed is known beforehand, whatever is
 * sampled.
 */
public final class Conversation {
  public final int[] tokens;
  public final int[] blocks;
  public final int adapterSlot;

  /** Tokens already in the pool. */
  public int done;

  public Conversation(int[] tokens, int[] blocks, int adapterSlot) {
    this.tokens = tokens;
    this.blocks = blocks;
    this.adapterSlot = adapterSlot;
  }

  public static int[] tokens(RandomGenerator random, int count, int vocabularySize) {
    return random.ints(count, 0, vocabularySize).toArray();
  }

  /**
   * Appends the next {@code count} tokens to a plan, and asks for a greedy sample with all
   * alternatives.
   */
  public void appendTo(StepPlan plan, int count) {
    int s = plan.sequences++;
    plan.rowStart[s] = plan.rows;
    plan.adapterSlot[s] = adapterSlot;
    plan.sample[s] = true;
    plan.temperature[s] = 0;
    plan.topP[s] = 1;
    plan.topLogprobs[s] = StepResult.TOP_LOGPROBS_MAX;
    plan.blockStart[s] = s == 0 ? 0 : plan.blockStart[s - 1] + 64;
    System.arraycopy(blocks, 0, plan.blockTable, plan.blockStart[s], blocks.length);
    for (int i = 0; i < count; i++) {
      plan.tokenIds[plan.rows] = tokens[done];
      plan.positions[plan.rows++] = done++;
    }
    plan.rowStart[s + 1] = plan.rows;
  }

  /** An empty plan, with room for 64 blocks of each sequence. */
  public static StepPlan plan(int sequencesMax, int rowsMax) {
    return new StepPlan(sequencesMax, rowsMax, 64 * sequencesMax);
  }
}
