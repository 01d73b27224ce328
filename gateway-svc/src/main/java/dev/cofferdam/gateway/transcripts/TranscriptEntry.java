package dev.cofferdam.gateway.transcripts;

import dev.cofferdam.vocabulary.RequestId;

/**
 * What is known of a transcript without opening it.
 *
 * @param id the request
 * @param createdEpochMs milliseconds since the epoch of its end
 * @param expiresEpochMs milliseconds since the epoch from which nobody reads it
 */
public record TranscriptEntry(RequestId id, long createdEpochMs, long expiresEpochMs) {}
