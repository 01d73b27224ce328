package dev.cofferdam.gateway.dispatch;

/**
 * How tokens are chosen.
 *
 * @param temperature 0 is greedy
 * @param topP nucleus, in (0, 1]
 * @param topK the k most likely, 0 for all
 * @param minP share of the most likely token's probability that another needs, 0 for none
 * @param penalties of tokens that were there before
 * @param seed always there, so that another worker can continue exactly
 * @param topLogprobs alternatives to report for each token, -1 for no log-probabilities
 */
public record Sampling(
    float temperature,
    float topP,
    int topK,
    float minP,
    Penalties penalties,
    long seed,
    int topLogprobs) {

  /** The same with another seed. */
  public Sampling withSeed(long another) {
    return new Sampling(temperature, topP, topK, minP, penalties, another, topLogprobs);
  }

  /**
   * What makes tokens less likely.
   *
   * @param presence of every token of the output, -2 to 2
   * @param frequency for each time that the output has a token, -2 to 2
   * @param repetition divisor for every token of input and output, 1 for none
   */
  public record Penalties(float presence, float frequency, float repetition) {
    /** Changes nothing. */
    public static final Penalties NONE = new Penalties(0, 0, 1);
  }
}
