package dev.cofferdam.metering.ledger;

import dev.cofferdam.vocabulary.TenantId;
import java.time.Instant;

/**
 * Sums over a period.
 *
 * @param tenant the tenant
 * @param model model id
 * @param adapter adapter name, empty for the base model
 * @param workloadClass class of the work
 * @param start the period's start
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
    long requests,
    long promptTokens,
    long cachedPromptTokens,
    long outputTokens,
    long computeUs,
    long kvBlockMs) {}
