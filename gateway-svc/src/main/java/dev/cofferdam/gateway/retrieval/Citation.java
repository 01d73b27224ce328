package dev.cofferdam.gateway.retrieval;

/**
 * A passage that was put into a prompt.
 *
 * @param number its number there, from 1
 * @param passage which
 */
public record Citation(int number, Passage passage) {}
