package dev.cofferdam.gateway.dispatch;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Answers that may be given again to the same tenant for the same input, or one that means the
 * same, under the same policy. Never fails: what cannot be found is not there.
 */
public interface ResponseCache {
  /** Keeps nothing. */
  ResponseCache NONE =
      new ResponseCache() {
        @Override
        public CompletableFuture<Found> find(Generation generation) {
          return CompletableFuture.completedFuture(new Found.Nothing(Optional.empty()));
        }

        @Override
        public void keep(Generation generation, Response response, Optional<float[]> embedding) {
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

  /** How the input that was answered before is like the one at hand. */
  enum Match {
    /** It is the same. */
    EXACT("exact", "answered from the tenant's response cache"),
    /** Its question means the same. */
    SIMILAR("similar", "answered from the tenant's response cache, to a similar question");

    private final String label;
    private final String detail;

    Match(String label, String detail) {
      this.label = label;
      this.detail = detail;
    }

    /** Its name outside. */
    public String label() {
      return label;
    }

    /** What audit facts say. */
    public String detail() {
      return detail;
    }
  }

  /** What was found. */
  sealed interface Found {
    /** An answer. */
    record Answer(Response response, Match match) implements Found {}

    /**
     * No answer.
     *
     * @param embedding of the question, where it was made in the search
     */
    record Nothing(Optional<float[]> embedding) implements Found {}
  }

  /**
   * The answer to a generation that is {@link Generation#recallable}. Who does not want it any more
   * cancels the search.
   */
  CompletableFuture<Found> find(Generation generation);

  /**
   * Keeps the answer to a generation that is {@link Generation#recallable}.
   *
   * @param embedding of its question, as the search said it
   */
  void keep(Generation generation, Response response, Optional<float[]> embedding);
}
