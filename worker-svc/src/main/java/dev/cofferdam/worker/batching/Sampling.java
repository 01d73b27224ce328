package dev.cofferdam.worker.batching;

import dev.cofferdam.worker.execution.StepResult;
import dev.cofferdam.worker.generation.Penalties;

/**
 * How tokens are chosen. The n-th output token depends on the seed, n, the tokens before it and the
 * logits only.
 *
 * @param temperature 0 is greedy
 * @param topP nucleus, in (0, 1]
 * @param topK most likely tokens to keep; 0: all
 * @param minP share of the most likely token's probability below which a token is dropped; 0: none
 * @param penalties of tokens that were there before
 * @param seed stream of random numbers
 * @param topLogprobs alternatives to report for each token; -1: no log-probabilities
 */
public record Sampling(
    float temperature,
    float topP,
    int topK,
    float minP,
    Penalties penalties,
    long seed,
    int topLogprobs) {
  /** Largest temperature. */
  public static final float TEMPERATURE_MAX = 100;

  /**
   * @throws IllegalArgumentException naming the value that does not hold
   */
  public Sampling {
    require(temperature >= 0 && temperature <= TEMPERATURE_MAX, "temperature", "0 to 100");
    require(topP > 0 && topP <= 1, "top_p", "in (0, 1]");
    require(topK >= 0, "top_k", "at least 0");
    require(minP >= 0 && minP <= 1, "min_p", "0 to 1");
    require(
        topLogprobs >= -1 && topLogprobs <= StepResult.TOP_LOGPROBS_MAX,
        "top_logprobs",
        "-1 to " + StepResult.TOP_LOGPROBS_MAX);
  }

  /** Without min-p and penalties. */
  public Sampling(float temperature, float topP, int topK, long seed, int topLogprobs) {
    this(temperature, topP, topK, 0, Penalties.NONE, seed, topLogprobs);
  }

  private static void require(boolean holds, String name, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(name + ": out of range (expected: " + expected + ")");
    }
  }
}
