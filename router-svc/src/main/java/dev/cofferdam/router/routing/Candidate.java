package dev.cofferdam.router.routing;

import java.util.List;

/**
 * A worker that may serve a request.
 *
 * @param workerId the worker
 * @param endpoint host:port
 * @param score in [0, 1]
 * @param cachedTokens input tokens that its prefix cache is believed to hold
 * @param explanation one line for each scorer: "name score ×weight reason"
 */
public record Candidate(
    String workerId, String endpoint, double score, int cachedTokens, List<String> explanation) {}
