package dev.cofferdam.gateway.retrieval;

/**
 * A passage that was found.
 *
 * @param document id of its document
 * @param collection of its document
 * @param title of its document
 * @param place in the document, from 0
 * @param text the passage
 * @param score how well it fits, comparable within one answer only
 */
public record Passage(
    String document, String collection, String title, int place, String text, float score) {}
