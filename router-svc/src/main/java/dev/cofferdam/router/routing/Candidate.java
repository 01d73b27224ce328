package dev.cofferdam.router.routing;

import java.util.List;
import java.util.function.Supplier;

/**
 * A worker that may serve a request.
 *
 * @param workerId the worker
 * @param endpoint host:port
 * @param score in [0, 1]
 * @param cachedTokens input tokens that its prefix cache is believed to hold
 * @param reasons makes the explanation; most candidates are never asked for it
 */
public record Candidate(
    String workerId,
    String endpoint,
    double score,
    int cachedTokens,
    Supplier<List<String>> reasons) {

  /** One line for each scorer, as it saw the worker then: "name score ×weight reason". */
  public List<String> explanation() {
    return reasons.get();
  }
}
