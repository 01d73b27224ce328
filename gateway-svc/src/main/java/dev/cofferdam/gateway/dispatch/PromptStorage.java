package dev.cofferdam.gateway.dispatch;

/**
 * Keeps what tenants want kept of their requests. Called once for each request that was admitted
 * and has ended, where {@link Generation#kept}. Neither blocks nor fails.
 */
public interface PromptStorage {
  /** Keeps nothing. */
  PromptStorage NONE = (generation, ending, answer) -> {};

  /**
   * Keeps a request.
   *
   * @param answer as the model wrote it, with placeholders for personal data
   */
  void keep(Generation generation, Ending ending, String answer);
}
