package dev.cofferdam.metering.ledger;

import dev.cofferdam.vocabulary.TenantId;
import java.time.Instant;

/**
 * Sums over a period, as the books of one period have them.
 *
 * @param tenant the tenant
 * @param model model id
 * @param adapter adapter name, empty for the base model
 * @param workloadClass class of the work
 * @param start start of the period in which the events ended
 * @param booked start of the period of the same length in whose books they stand: the same, or a
 *     later one where the first was closed when they came
 * @param requests requests that started
 * @param promptTokens billed input tokens
 * @param cachedPromptTokens those of them from the prefix cache
 * @param outputTokens billed output tokens
 * @param computeUs compute microseconds
 * @param kvBlockMs KV block-milliseconds
 */
public record Rollup(
    TenantId tenant,
    String model,
    String adapter,
    String workloadClass,
    Instant start,
    Instant booked,
    long requests,
    long promptTokens,
    long cachedPromptTokens,
    long outputTokens,
    long computeUs,
    long kvBlockMs) {
  /** Whether it was added when the period was closed. */
  public boolean isCorrection() {
    return booked.isAfter(start);
  }
}
