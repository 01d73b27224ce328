package dev.cofferdam.worker.batching;

import dev.cofferdam.vocabulary.TenantId;
import java.util.Map;

/**
 * What a sequence used on this worker.
 *
 * @param promptTokens input tokens of the request
 * @param cachedPromptTokens those of them that came from the prefix cache
 * @param prefillTokens rows that were computed before the first token, recomputed ones included
 * @param outputTokens tokens that were sampled here
 * @param prefillNs from its acceptance to its first token, or to its end without one
 * @param decodeNs from its first token to its last
 * @param computeNs its share of the steps' busy time; the shares add up to the busy time exactly
 * @param kvBlockNs KV blocks held, times nanoseconds
 * @param kvBlocksAllocated blocks that were allocated for it
 * @param kvBlocksZeroed those that were zeroed when it let go of them
 * @param preemptions times that it was paused or lost its blocks
 * @param preemptedBy how often for which tenant
 */
public record SequenceUsage(
    int promptTokens,
    int cachedPromptTokens,
    long prefillTokens,
    int outputTokens,
    long prefillNs,
    long decodeNs,
    long computeNs,
    long kvBlockNs,
    int kvBlocksAllocated,
    int kvBlocksZeroed,
    int preemptions,
    Map<TenantId, Integer> preemptedBy) {

  /** The usage of a request that never ran. */
  public static SequenceUsage none(int promptTokens) {
    return new SequenceUsage(promptTokens, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, Map.of());
  }

  /** Milliseconds to the first token. */
  public long prefillMs() {
    return prefillNs / 1_000_000;
  }

  /** Milliseconds from the first token to the last. */
  public long decodeMs() {
    return decodeNs / 1_000_000;
  }

  /** Compute in microseconds. */
  public long computeUs() {
    return computeNs / 1_000;
  }

  /** KV blocks times milliseconds. */
  public long kvBlockMs() {
    return kvBlockNs / 1_000_000;
  }
}
