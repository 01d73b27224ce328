package dev.cofferdam.gateway.quota;

/**
 * Prices of one model, in millionths of the currency for a million tokens.
 *
 * @param inputMicros input tokens that the prefix cache did not hold
 * @param cachedInputMicros input tokens that it did hold
 * @param outputMicros output tokens
 */
public record Rates(long inputMicros, long cachedInputMicros, long outputMicros) {
  /** Costs nothing. */
  public static final Rates FREE = new Rates(0, 0, 0);

  private static final long TOKENS = 1_000_000;

  /** What was used costs, in millionths of the currency, rounded up. */
  public long micros(Used used) {
    long input = used.promptTokens() - used.cachedPromptTokens();
    long sum =
        Math.addExact(
            Math.addExact(
                Math.multiplyExact(input, inputMicros),
                Math.multiplyExact(used.cachedPromptTokens(), cachedInputMicros)),
            Math.multiplyExact(used.outputTokens(), outputMicros));
    return Math.ceilDiv(sum, TOKENS);
  }

  /** The most that this many tokens can cost, whatever the prefix cache holds. */
  public long microsAtMost(long promptTokens, long outputTokens) {
    return inputMicros >= cachedInputMicros
        ? micros(new Used(promptTokens, 0, outputTokens))
        : micros(new Used(promptTokens, promptTokens, outputTokens));
  }
}
