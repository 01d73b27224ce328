package dev.cofferdam.worker.batching;

import dev.cofferdam.worker.kvcache.Sealing;

/**
 * Sizes and bounds of a batch.
 *
 * @param slots sequences in a step
 * @param stepTokensMax rows of a step
 * @param prefillChunkTokens rows that a prompt gets before it is the next one's turn
 * @param unreadNsMax nanoseconds that a sequence waits for its reader before it is ended
 * @param decodeSlowdownMax how many times their time without it others' next tokens may take while
 *     a long prompt is computed, at least 1; infinite: no bound
 * @param sealing how the KV of tenants that ask for encryption is kept
 * @param swapBytes bytes for KV blocks of sequences that lost them and are to go on; 0: they are
 *     computed anew
 */
public record BatchOptions(
    int slots,
    int stepTokensMax,
    int prefillChunkTokens,
    long unreadNsMax,
    double decodeSlowdownMax,
    Sealing sealing,
    long swapBytes) {

  /**
   * @throws IllegalArgumentException naming the value that does not hold
   */
  public BatchOptions {
    require(slots >= 1, "slots", slots, "at least 1");
    require(stepTokensMax >= slots, "stepTokensMax", stepTokensMax, "at least slots");
    require(prefillChunkTokens >= 1, "prefillChunkTokens", prefillChunkTokens, "at least 1");
    require(unreadNsMax > 0, "unreadNsMax", unreadNsMax, "above 0");
    if (!(decodeSlowdownMax >= 1)) {
      throw new IllegalArgumentException(
          "decodeSlowdownMax: " + decodeSlowdownMax + " (expected: at least 1)");
    }
    require(swapBytes >= 0, "swapBytes", swapBytes, "at least 0");
  }

  /** Encrypted at rest where it is asked for, nothing swapped, and prompts at full speed. */
  public BatchOptions(int slots, int stepTokensMax, int prefillChunkTokens, long unreadNsMax) {
    this(
        slots,
        stepTokensMax,
        prefillChunkTokens,
        unreadNsMax,
        Double.POSITIVE_INFINITY,
        Sealing.AT_REST,
        0);
  }

  private static void require(boolean holds, String name, long value, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(name + ": " + value + " (expected: " + expected + ")");
    }
  }
}
