package dev.cofferdam.gateway.dispatch;

/**
 * How tokens are chosen.
 *
 * @param temperature 0 is greedy
 * @param topP nucleus, in (0, 1]
 * @param topK the k most likely, 0 for all
 * @param seed always there, so that another worker can continue exactly
 * @param topLogprobs alternatives to report for each token, -1 for no log-probabilities
 */
public record Sampling(float temperature, float topP, int topK, long seed, int topLogprobs) {}
