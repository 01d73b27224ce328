package dev.cofferdam.scheduler.fairness;

/**
 * What a token costs in weighted tokens, the unit of virtual time.
 *
 * @param prompt an input token that is computed
 * @param cached an input token that the prefix cache holds
 * @param output an output token
 */
public record TokenWeights(double prompt, double cached, double output) {
  /** An output token costs twice an input token, a cached one a tenth. */
  public static final TokenWeights DEFAULT = new TokenWeights(1, 0.1, 2);

  /**
   * @throws IllegalArgumentException naming every weight that is negative or no number
   */
  public TokenWeights {
    StringBuilder problems = new StringBuilder();
    check(problems, "prompt", prompt);
    check(problems, "cached", cached);
    check(problems, "output", output);
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException("token weights:" + problems);
    }
  }

  /** Weighted tokens of what was or will be served. */
  public double cost(double promptTokens, double cachedTokens, double outputTokens) {
    return promptTokens * prompt + cachedTokens * cached + outputTokens * output;
  }

  private static void check(StringBuilder problems, String name, double value) {
    if (!(value >= 0 && value < 1e6)) {
      problems
          .append(' ')
          .append(name)
          .append(": ")
          .append(value)
          .append(" (expected: 0 to 1000000)");
    }
  }
}
