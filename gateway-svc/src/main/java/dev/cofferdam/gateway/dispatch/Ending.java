package dev.cofferdam.gateway.dispatch;

import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.quota.LimitState;
import dev.cofferdam.vocabulary.ErrorCode;
import java.util.List;
import java.util.Optional;

/**
 * How a request ended. Milliseconds count from its beginning; -1 where something did not happen or
 * is not known.
 *
 * @param outcome how
 * @param code why, where it was not answered
 * @param placement the last worker
 * @param attempts placements that led to a worker
 * @param usage tokens
 * @param queueWaitMs waited in queues, over all attempts
 * @param ttftMs until the first text
 * @param latencyMs until the end
 * @param kvBlocksAllocated over all attempts
 * @param kvBlocksZeroed over all attempts
 * @param kvEncrypted whether each worker that served it kept its KV encrypted
 * @param recalled how the input was found, where the answer is one that was given before
 * @param limits what the limiter left
 */
public record Ending(
    AuditFact.Outcome outcome,
    Optional<ErrorCode> code,
    Optional<Placement> placement,
    int attempts,
    Told.Usage usage,
    long queueWaitMs,
    long ttftMs,
    long latencyMs,
    long kvBlocksAllocated,
    long kvBlocksZeroed,
    boolean kvEncrypted,
    Optional<ResponseCache.Match> recalled,
    Optional<LimitState> limits) {

  /**
   * Milliseconds for each output token after the first, where there was more than one; else -1.
   * Source: OpenTelemetry's conventions for generative AI, "time per output token".
   */
  public double perOutputTokenMs() {
    long after = usage.outputTokens() - 1;
    return ttftMs < 0 || after < 1 ? -1 : Math.max(0, latencyMs - ttftMs) / (double) after;
  }

  /** Lines that say why the last worker was chosen. */
  public List<String> explanation() {
    return placement.map(Placement::explanation).orElse(List.of());
  }
}
