package dev.cofferdam.worker.generation;

/**
 * Applies penalties to logits in place, and takes them back. Holds scratch memory; one thread at a
 * time. Allocates nothing after construction.
 */
public final class PenalizedLogits {
  private final int[] outputCounts;
  private final boolean[] seen;
  private final int[] tokens;
  private final float[] before;
  private int count;

  /** For logits of so many token ids. */
  public PenalizedLogits(int vocabularySize) {
    outputCounts = new int[vocabularySize];
    seen = new boolean[vocabularySize];
    tokens = new int[vocabularySize];
    before = new float[vocabularySize];
  }

  /**
   * Applies penalties.
   *
   * @param logits the first at {@code offset}
   * @param history input and output so far
   * @param promptLength how many of them are input
   * @param length how many of them count
   */
  public void apply(
      float[] logits,
      int offset,
      Penalties penalties,
      int[] history,
      int promptLength,
      int length) {
    count = 0;
    for (int i = 0; i < length; i++) {
      int token = history[i];
      if (!seen[token]) {
        seen[token] = true;
        outputCounts[token] = 0;
        before[count] = logits[offset + token];
        tokens[count++] = token;
      }
      if (i >= promptLength) {
        outputCounts[token]++;
      }
    }
    for (int i = 0; i < count; i++) {
      int token = tokens[i];
      seen[token] = false;
      logits[offset + token] = penalized(before[i], outputCounts[token], penalties);
    }
  }

  private static float penalized(float logit, int times, Penalties penalties) {
    float repeated = logit > 0 ? logit / penalties.repetition() : logit * penalties.repetition();
    return times == 0 ? repeated : repeated - penalties.presence() - times * penalties.frequency();
  }

  /** Takes the last {@link #apply} back. */
  public void undo(float[] logits, int offset) {
    for (int i = 0; i < count; i++) {
      logits[offset + tokens[i]] = before[i];
    }
    count = 0;
  }
}
