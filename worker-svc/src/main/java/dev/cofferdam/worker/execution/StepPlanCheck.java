package dev.cofferdam.worker.execution;

/**
 * Refuses plans that would read or write outside of a sequence's blocks. Runs before every step, in
 * production too: a stopped step is better than a leak.
 */
public final class StepPlanCheck {
  private final ExecutorGeometry geometry;
  private final ExecutorOptions options;

  /** Last step in which a block was written. */
  private final int[] writtenInStep;

  private int step;

  public StepPlanCheck(ExecutorGeometry geometry, ExecutorOptions options) {
    this.geometry = geometry;
    this.options = options;
    this.writtenInStep = new int[geometry.blocks()];
  }

  /**
   * Checks a plan.
   *
   * @throws IllegalArgumentException when it is not one that this executor can run; nothing has
   *     been written then
   */
  public void check(StepPlan plan) {
    step++;
    require(plan.sequences >= 0 && plan.sequences <= options.sequencesMax(), "sequences");
    require(plan.rows >= 0 && plan.rows <= options.rowsMax(), "rows");
    require(plan.sequences == 0 || plan.rowStart[0] == 0, "rowStart");
    require(
        plan.sequences == 0 ? plan.rows == 0 : plan.rowStart[plan.sequences] == plan.rows,
        "rowStart");
    for (int s = 0; s < plan.sequences; s++) {
      checkSequence(plan, s);
    }
  }

  private void checkSequence(StepPlan plan, int s) {
    int from = plan.rowStart[s];
    int to = plan.rowStart[s + 1];
    require(from < to && to <= plan.rows, "rowStart");
    int first = plan.positions[from];
    int last = first + (to - from) - 1;
    require(first >= 0 && last >= first && last < geometry.positionsMax(), "positions");
    for (int row = from; row < to; row++) {
      require(plan.positions[row] == first + (row - from), "positions");
      require(
          plan.tokenIds[row] >= 0 && plan.tokenIds[row] < geometry.vocabularySize(), "tokenIds");
    }
    int lastBlock = last / geometry.blockTokens();
    int start = plan.blockStart[s];
    require(start >= 0 && start <= plan.blockTable.length - lastBlock - 1, "blockStart");
    for (int i = 0; i <= lastBlock; i++) {
      int block = plan.blockTable[start + i];
      require(block >= 0 && block < geometry.blocks(), "blockTable");
      boolean open = plan.seal[start + i] == 0;
      require(open || plan.blockKey[s] != null, "blockKey");
      if (i >= first / geometry.blockTokens()) {
        require(open, "seal: a sealed block is written");
        claim(block);
      }
    }
    require(
        plan.adapterSlot[s] >= 0 && plan.adapterSlot[s] <= geometry.adapterSlots(), "adapterSlot");
    HiddenSum hidden = plan.hidden[s];
    require(hidden == null || first <= hidden.positions(), "hidden: positions are missing");
    require(
        plan.topLogprobs[s] >= -1 && plan.topLogprobs[s] <= StepResult.TOP_LOGPROBS_MAX,
        "topLogprobs");
  }

  /** A block that a step writes belongs to one sequence alone, and appears once in its table. */
  private void claim(int block) {
    require(writtenInStep[block] != step, "blockTable: two writers of a block");
    writtenInStep[block] = step;
  }

  private static void require(boolean condition, String field) {
    if (!condition) {
      throw new IllegalArgumentException("step plan: " + field);
    }
  }
}
