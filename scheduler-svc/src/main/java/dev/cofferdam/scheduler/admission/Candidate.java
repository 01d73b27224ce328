package dev.cofferdam.scheduler.admission;

/**
 * A worker that may serve a request, in the router's opinion.
 *
 * @param workerId the worker
 * @param score in [0, 1]
 * @param cachedTokens input tokens that its prefix cache is believed to hold
 */
public record Candidate(String workerId, double score, int cachedTokens) {}
