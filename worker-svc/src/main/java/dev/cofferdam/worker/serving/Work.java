package dev.cofferdam.worker.serving;

import dev.cofferdam.vocabulary.PrefixDigests;
import dev.cofferdam.worker.batching.Sampling;
import dev.cofferdam.worker.lease.Lease;

/**
 * A granted request. The arrays are handed over.
 *
 * @param lease what was granted
 * @param tokenIds input tokens, then the output tokens that the client has already
 * @param sampling how tokens are chosen
 * @param stopTokenIds the output ends after any of these
 * @param prefixKey the tenant's prefix key of {@value PrefixDigests#BYTES} bytes, or empty
 * @param adapterFolder where the lease's adapter lies; empty: under its name
 * @param settles whether the caller will say how much of the output is billed
 */
@SuppressWarnings("ArrayRecordComponent") // never compared; handed over
public record Work(
    Lease lease,
    int[] tokenIds,
    Sampling sampling,
    int[] stopTokenIds,
    byte[] prefixKey,
    String adapterFolder,
    boolean settles) {}
