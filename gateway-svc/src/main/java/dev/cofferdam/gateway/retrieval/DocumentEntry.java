package dev.cofferdam.gateway.retrieval;

/**
 * What is known of a document beside its text.
 *
 * @param id unique within the tenant
 * @param collection what it belongs to
 * @param title for people, and for the prompt
 * @param bytes UTF-8 bytes of the text
 * @param passages into which it was cut
 * @param changedEpochS seconds since the epoch when it was put
 */
public record DocumentEntry(
    String id, String collection, String title, long bytes, int passages, long changedEpochS) {}
