package dev.cofferdam.worker.batching;

import dev.cofferdam.worker.execution.StepResult;

/**
 * How tokens are chosen. The n-th output token depends on the seed, n and the logits only.
 *
 * @param temperature 0 is greedy
 * @param topP nucleus, in (0, 1]
 * @param topK most likely tokens to keep; 0: all
 * @param seed stream of random numbers
 * @param topLogprobs alternatives to report for each token; -1: no log-probabilities
 */
public record Sampling(float temperature, float topP, int topK, long seed, int topLogprobs) {
  /** Largest temperature. */
  public static final float TEMPERATURE_MAX = 100;

  /**
   * @throws IllegalArgumentException naming the value that does not hold
   */
  public Sampling {
    require(temperature >= 0 && temperature <= TEMPERATURE_MAX, "temperature", "0 to 100");
    require(topP > 0 && topP <= 1, "top_p", "in (0, 1]");
    require(topK >= 0, "top_k", "at least 0");
    require(
        topLogprobs >= -1 && topLogprobs <= StepResult.TOP_LOGPROBS_MAX,
        "top_logprobs",
        "-1 to " + StepResult.TOP_LOGPROBS_MAX);
  }

  private static void require(boolean holds, String name, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(name + ": out of range (expected: " + expected + ")");
    }
  }
}
