package dev.cofferdam.gateway.quota;

/**
 * What a request used.
 *
 * @param promptTokens input tokens
 * @param cachedPromptTokens those of them that the prefix cache held
 * @param outputTokens output tokens
 */
public record Used(long promptTokens, long cachedPromptTokens, long outputTokens) {
  /** Nothing. */
  public static final Used NOTHING = new Used(0, 0, 0);

  /**
   * @throws IllegalArgumentException where a count is negative, or more is cached than there is
   */
  public Used {
    if (promptTokens < 0
        || outputTokens < 0
        || cachedPromptTokens < 0
        || cachedPromptTokens > promptTokens) {
      throw new IllegalArgumentException(
          "used: "
              + promptTokens
              + ", of which "
              + cachedPromptTokens
              + " cached, and "
              + outputTokens);
    }
  }

  /** Input and output. */
  public long tokens() {
    return Math.addExact(promptTokens, outputTokens);
  }
}
