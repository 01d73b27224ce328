package dev.cofferdam.worker.execution.cuda;

/**
 * How often each token of a history is in its output. Holds scratch memory; one thread at a time.
 * Allocates nothing after construction.
 */
final class PenaltyCounts {
  private final int[] times;
  private final boolean[] seen;
  private final int[] tokens;
  private int count;

  PenaltyCounts(int vocabularySize) {
    times = new int[vocabularySize];
    seen = new boolean[vocabularySize];
    tokens = new int[vocabularySize];
  }

  /** Counts; returns the number of tokens that occur. */
  int count(int[] history, int promptLength, int length) {
    count = 0;
    for (int i = 0; i < length; i++) {
      int token = history[i];
      if (!seen[token]) {
        seen[token] = true;
        times[token] = 0;
        tokens[count++] = token;
      }
      if (i >= promptLength) {
        times[token]++;
      }
    }
    for (int i = 0; i < count; i++) {
      seen[tokens[i]] = false;
    }
    return count;
  }

  /** The {@code i}-th token that occurs. */
  int token(int i) {
    return tokens[i];
  }

  /** How often the output has it; 0: it is in the input alone. */
  int times(int i) {
    return times[tokens[i]];
  }
}
