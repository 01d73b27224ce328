package dev.cofferdam.worker.usage;

import dev.cofferdam.worker.batching.EndCause;
import dev.cofferdam.worker.batching.SequenceUsage;
import dev.cofferdam.worker.lease.Lease;

/**
 * What one attempt used, and how it ended.
 *
 * @param lease what was granted
 * @param usage what was used
 * @param outputTokensDelivered output tokens that were handed to the caller, a stop token included;
 *     these are billed, and no others
 * @param cause how it ended
 * @param endedEpochMs milliseconds since the epoch
 */
public record AttemptRecord(
    Lease lease,
    SequenceUsage usage,
    int outputTokensDelivered,
    EndCause cause,
    long endedEpochMs) {

  /** Input tokens to be billed: all on the first attempt, none on later ones. */
  public int promptTokensBilled() {
    return lease.attempt() == 1 ? usage.promptTokens() : 0;
  }

  /** Those of the billed input tokens that the prefix cache held. */
  public int cachedPromptTokensBilled() {
    return lease.attempt() == 1 ? usage.cachedPromptTokens() : 0;
  }
}
