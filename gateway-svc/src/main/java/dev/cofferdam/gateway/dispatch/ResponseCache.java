package dev.cofferdam.gateway.dispatch;

import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * Answers that may be given again to the same tenant for the same input under the same policy.
 * Never fails: what cannot be found is not there.
 */
public interface ResponseCache {
  /** Keeps nothing. */
  ResponseCache NONE =
      new ResponseCache() {
        @Override
        public CompletionStage<Optional<Response>> find(Generation generation) {
          return java.util.concurrent.CompletableFuture.completedFuture(Optional.empty());
        }

        @Override
        public void keep(Generation generation, Response response) {
          // Nothing is kept.
        }
      };

  /**
   * A whole answer.
   *
   * @param text as the model wrote it, with placeholders for personal data
   * @param outputTokens its tokens
   * @param reason why it ended
   */
  record Response(String text, int outputTokens, Told.Reason reason) {}

  /** The answer to a generation that is {@link Generation#recallable}. */
  CompletionStage<Optional<Response>> find(Generation generation);

  /** Keeps the answer to a generation that is {@link Generation#recallable}. */
  void keep(Generation generation, Response response);
}
