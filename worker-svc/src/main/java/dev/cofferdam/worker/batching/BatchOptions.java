package dev.cofferdam.worker.batching;

/**
 * Sizes and bounds of a batch.
 *
 * @param slots sequences in a step
 * @param stepTokensMax rows of a step
 * @param prefillChunkTokens rows that a prompt gets before it is the next one's turn
 * @param unreadNsMax nanoseconds that a sequence waits for its reader before it is ended
 */
public record BatchOptions(int slots, int stepTokensMax, int prefillChunkTokens, long unreadNsMax) {

  /**
   * @throws IllegalArgumentException naming the value that does not hold
   */
  public BatchOptions {
    require(slots >= 1, "slots", slots, "at least 1");
    require(stepTokensMax >= slots, "stepTokensMax", stepTokensMax, "at least slots");
    require(prefillChunkTokens >= 1, "prefillChunkTokens", prefillChunkTokens, "at least 1");
    require(unreadNsMax > 0, "unreadNsMax", unreadNsMax, "above 0");
  }

  private static void require(boolean holds, String name, long value, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(name + ": " + value + " (expected: " + expected + ")");
    }
  }
}
