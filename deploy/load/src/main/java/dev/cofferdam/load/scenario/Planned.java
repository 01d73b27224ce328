package dev.cofferdam.load.scenario;

/**
 * A request that is to be sent.
 *
 * @param number its place in the plan, from 0
 * @param stream its stream
 * @param atUs when it is meant to start, in microseconds from the begin of the scenario
 * @param inputWords words of its question
 * @param outputTokens tokens of its answer
 * @param seed of its question's words
 */
public record Planned(
    int number, Stream stream, long atUs, int inputWords, int outputTokens, long seed) {}
