package dev.cofferdam.worker.usage;

import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.worker.batching.EndCause;
import dev.cofferdam.worker.batching.SequenceUsage;
import dev.cofferdam.worker.lease.Lease;

/**
 * What one attempt used, and how it ended.
 *
 * @param lease what was granted
 * @param usage what was used
 * @param outputTokensDelivered output tokens that were handed to the caller, a stop token included
 * @param cause how it ended
 * @param endedEpochMs milliseconds since the epoch
 */
public record AttemptRecord(
    Lease lease,
    SequenceUsage usage,
    int outputTokensDelivered,
    EndCause cause,
    long endedEpochMs) {

  /**
   * Input tokens to be billed: all where this attempt read them as input, none where it never began
   * or went on with output that the client has already, and none of a shadow. An earlier attempt
   * may have read them, too; the ledger bills them once for a request.
   */
  public int promptTokensBilled() {
    return readPrompt() ? usage.promptTokens() : 0;
  }

  /** Those of the billed input tokens that the prefix cache held. */
  public int cachedPromptTokensBilled() {
    return readPrompt() ? usage.cachedPromptTokens() : 0;
  }

  /** Output tokens to be billed: those that were handed to the caller, and none of a shadow. */
  public int outputTokensBilled() {
    return lease.operation() == Operation.SHADOW ? 0 : outputTokensDelivered;
  }

  private boolean readPrompt() {
    return lease.operation() != Operation.SHADOW
        && lease.generatedTokens() == 0
        && (usage.prefillTokens() > 0 || usage.cachedPromptTokens() > 0);
  }
}
