package dev.cofferdam.worker.batching;

import dev.cofferdam.vocabulary.RequestId;

/**
 * One attempt of a request on this worker.
 *
 * @param request the request
 * @param attempt 1 for the first placement
 */
public record SequenceId(RequestId request, int attempt) {}
