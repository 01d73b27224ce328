package dev.cofferdam.vocabulary;

import java.util.Locale;

/** What a request has a worker do. */
public enum Operation {
  /** Generate output tokens. */
  GENERATE,
  /** Read the input and make its embedding; no output. */
  EMBED,
  /**
   * Generate output tokens that nobody gets and nobody pays for, to compare a model with another.
   */
  SHADOW;

  /** Lower-case name, as in events and metrics. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Output tokens for which its bound leaves room at least. */
  public int outputTokensMin() {
    return this == EMBED ? 0 : 1;
  }

  /** Whether a bound of output tokens makes sense for it. */
  public boolean fits(int outputTokensMax) {
    return this == EMBED ? outputTokensMax == 0 : outputTokensMax >= 1;
  }
}
