package dev.cofferdam.metering.pricing;

import java.time.Instant;

/**
 * What is priced: the use of one event, of one hour, or of whatever else has one moment.
 *
 * @param at its moment, which decides about the prices
 * @param model model id; empty for what belongs to no model
 * @param adapter adapter name, empty for the base model
 * @param workloadClass class of the work; empty for what is kept
 * @param inputTokens input tokens that the prefix cache did not hold
 * @param cachedInputTokens input tokens that it did hold
 * @param outputTokens output tokens
 * @param requests requests
 * @param computeUs computing, in microseconds
 * @param adapterHours hours of adapters that are kept
 * @param storedByteHours bytes that are kept, for hours
 */
public record Use(
    Instant at,
    String model,
    String adapter,
    String workloadClass,
    long inputTokens,
    long cachedInputTokens,
    long outputTokens,
    long requests,
    long computeUs,
    long adapterHours,
    long storedByteHours) {
  /** Units of a meter. */
  public long units(Meter meter) {
    return switch (meter) {
      case INPUT_TOKENS -> inputTokens;
      case CACHED_INPUT_TOKENS -> cachedInputTokens;
      case OUTPUT_TOKENS -> outputTokens;
      case REQUESTS -> requests;
      case GPU_SECONDS -> computeUs;
      case ADAPTER_HOURS -> adapterHours;
      case STORAGE_GIB_HOURS -> storedByteHours;
    };
  }
}
