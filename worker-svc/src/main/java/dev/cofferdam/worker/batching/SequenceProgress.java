package dev.cofferdam.worker.batching;

/**
 * What a running sequence was served so far.
 *
 * @param id the sequence
 * @param usage since its acceptance
 */
public record SequenceProgress(SequenceId id, SequenceUsage usage) {}
