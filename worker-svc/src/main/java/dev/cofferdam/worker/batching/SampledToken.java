package dev.cofferdam.worker.batching;

import dev.cofferdam.worker.execution.StepResult;

/** A view of one token in a step's result; valid until the next step. */
public final class SampledToken {
  private final StepResult result;
  private int row;
  private int alternatives;

  SampledToken(StepResult result) {
    this.result = result;
  }

  SampledToken at(int row, int alternatives) {
    this.row = row;
    this.alternatives = alternatives;
    return this;
  }

  /** The token. */
  public int id() {
    return result.tokenId[row];
  }

  /** Whether log-probabilities were asked for. */
  public boolean hasLogprobs() {
    return alternatives >= 0;
  }

  /** Its log-probability before temperature. */
  public float logprob() {
    return result.logprob[row];
  }

  /** Number of alternatives. */
  public int alternatives() {
    return Math.max(0, alternatives);
  }

  /** The i-th most likely token. */
  public int alternativeId(int i) {
    return result.topTokenIds[row * StepResult.TOP_LOGPROBS_MAX + i];
  }

  /** Log-probability of the i-th most likely token. */
  public float alternativeLogprob(int i) {
    return result.topLogprobs[row * StepResult.TOP_LOGPROBS_MAX + i];
  }
}
