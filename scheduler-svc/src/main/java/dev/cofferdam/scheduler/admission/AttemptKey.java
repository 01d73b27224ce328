package dev.cofferdam.scheduler.admission;

import dev.cofferdam.vocabulary.RequestId;

/**
 * One placement of a request.
 *
 * @param request the request
 * @param attempt 1 for the first placement
 */
public record AttemptKey(RequestId request, int attempt) {
  /** The placement before this one. */
  public AttemptKey previous() {
    return new AttemptKey(request, attempt - 1);
  }

  @Override
  public String toString() {
    return request + ":" + attempt;
  }
}
